"""Every change of a template shows in review: the committed baseline must equal what is synthesized.

`make baselines` writes them anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.assembly import templates

BASELINES = Path(__file__).parent / "baselines"
NOUNS = ("lake", "security", "catalog", "streaming", "query", "training")


def text(noun: str) -> str:
    return json.dumps(templates()[noun], indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("noun", NOUNS)
def test_the_template_is_its_committed_baseline(noun: str) -> None:
    baseline = BASELINES / f"{noun}.json"
    assert baseline.read_text() == text(noun), (
        f"the {noun} template changed: run `make baselines` and review the diff"
    )


def test_there_is_a_baseline_for_every_stack() -> None:
    assert {file.stem for file in BASELINES.glob("*.json")} == set(templates())


if __name__ == "__main__":
    BASELINES.mkdir(exist_ok=True)
    for name in templates():
        (BASELINES / f"{name}.json").write_text(text(name))
    sys.stdout.write(f"{len(templates())} baselines written to {BASELINES}\n")
