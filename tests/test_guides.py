"""Guides do not rot: every console block of every guide is run, and must end well."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDES = sorted((ROOT / "lab_guides").glob("*.md"))


def commands(guide: Path) -> list[str]:
    """The lines behind a `$` in the guide's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", guide.read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


CASES = [
    pytest.param(command, id=f"{guide.stem}: {command}") for guide in GUIDES for command in commands(guide)
]


def test_every_guide_has_commands_to_run() -> None:
    assert GUIDES
    assert all(commands(guide) for guide in GUIDES)


@pytest.mark.parametrize("command", CASES)
def test_a_guides_command_ends_well(command: str) -> None:
    python, *arguments = shlex.split(command)
    assert python == "python"
    ran = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    if "run" in arguments:
        for line in ("delivered 2,000", "failed 3", "99 of 99 checks hold"):
            assert line in ran.stdout, ran.stdout[-3000:]
