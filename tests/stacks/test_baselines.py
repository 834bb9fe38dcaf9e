"""Every change of a template shows in review: the committed baseline must equal what is synthesized.

The README's picture is drawn from the same templates. `make baselines` writes all of it anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from labs.cli import stack_record
from labs.report.architecture import picture
from labs.report.resources import views
from labs.synth import ROOT
from tests.assembly import assembly, templates

BASELINES = Path(__file__).parent / "baselines"
PICTURE = ROOT / "docs" / "pipeline.svg"
NOUNS = ("lake", "security", "catalog", "streaming", "query", "training")


def text(noun: str) -> str:
    return json.dumps(templates()[noun], indent=1, sort_keys=True) + "\n"


def drawn() -> str:
    return picture(views([stack_record(stack) for stack in assembly().stacks]))


@pytest.mark.parametrize("noun", NOUNS)
def test_the_template_is_its_committed_baseline(noun: str) -> None:
    baseline = BASELINES / f"{noun}.json"
    assert baseline.read_text() == text(noun), (
        f"the {noun} template changed: run `make baselines` and review the diff"
    )


def test_there_is_a_baseline_for_every_stack() -> None:
    assert {file.stem for file in BASELINES.glob("*.json")} == set(templates())


def test_the_picture_shows_what_is_synthesized() -> None:
    assert PICTURE.read_text() == drawn(), "the picture is of other templates: run `make baselines`"


if __name__ == "__main__":
    BASELINES.mkdir(exist_ok=True)
    for name in templates():
        (BASELINES / f"{name}.json").write_text(text(name))
    PICTURE.write_text(drawn())
    sys.stdout.write(f"{len(templates())} baselines written to {BASELINES}\n")
