"""Guides do not rot: every console block is run and its output compared, every generated part made anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import console
from docs.parts import generated
from labs.cli import stack_record
from tests.assembly import assembly

GUIDES = [pytest.param(guide, id=guide.stem) for guide in console.guides()]
SAID = re.compile(r"not run here", re.IGNORECASE)


def test_there_are_guides() -> None:
    assert GUIDES


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_shows_what_its_commands_print(guide: Path) -> None:
    commands = console.commands(guide.read_text())
    assert commands
    for command in commands:
        for part, now in zip(command.parts, console.shown(console.ran(command), command), strict=True):
            told = f"`{command.text}` prints something else; if that is right: make guides"
            assert list(map(console.normal, part.lines)) == list(map(console.normal, now)), told


@pytest.mark.parametrize("guide", GUIDES)
def test_the_generated_parts_of_a_guide_are_fresh(guide: Path) -> None:
    stacks = [stack_record(stack) for stack in assembly().stacks]
    assert guide.read_text() == generated(guide.read_text(), stacks), "stale: run `make guides`"


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_says_which_commands_were_not_run(guide: Path) -> None:
    """Whatever looks like commands and is no console block stands under a sentence that says so."""
    before, *blocks = re.split(r"^```(?:shell|sh|bash)\n", guide.read_text(), flags=re.MULTILINE)
    for above in [before, *blocks][: len(blocks)]:
        assert SAID.search(above.strip().rpartition("\n\n")[2]), above[-300:]
