"""A process that is killed in the middle of its writes loses nothing that it had acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 4


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_acknowledged_survives_kills_in_the_middle_of_writes(tmp_path: Path, seed: int) -> None:
    """Records, objects, deletions, parameters and the clock; what was begun is there whole or not at all."""
    program = [sys.executable, "-m", "tests.offline.state.killed", str(tmp_path), str(seed), str(ROUNDS)]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("acknowledged") == ROUNDS
