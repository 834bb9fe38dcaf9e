"""The generated parts of guides: made from templates and facts, and refused where a marker is wrong."""

from __future__ import annotations

import pytest

from docs import parts
from docs.errors import GuideError
from facts import claims
from labs.cli import stack_record
from labs.registry import LABS
from tests.assembly import assembly, templates


@pytest.fixture(scope="module")
def stacks() -> parts.Stacks:
    return [stack_record(stack) for stack in assembly().stacks]


def part(marker: str, stacks: parts.Stacks, between: str = "") -> str:
    return parts.generated(f"above\n<!-- generated: {marker} -->\n{between}<!-- end -->\nbelow\n", stacks)


def test_making_a_part_again_changes_nothing(stacks: parts.Stacks) -> None:
    once = part("resources lake", stacks)
    assert once.startswith("above\n")
    assert once.endswith("below\n")
    assert parts.generated(once, stacks) == once
    assert part("resources lake", stacks, "stale\n") == once


def test_every_resource_of_the_template_is_counted(stacks: parts.Stacks) -> None:
    rows = [line.split(" | ") for line in parts.resources("lake", stacks).splitlines()[2:]]
    assert sum(int(row[1]) for row in rows) == len(templates()["lake"]["Resources"])


@pytest.mark.parametrize("noun", LABS)
def test_every_lab_has_every_part(noun: str, stacks: parts.Stacks) -> None:
    for kind in ("about", "resources", "outputs", "steps", "systems", "cost"):
        assert parts.KINDS[kind](noun, stacks)


def test_every_statement_stands_with_its_verdict_and_why(stacks: parts.Stacks) -> None:
    text = parts.section("1.3", stacks)
    found = [claim for claim in claims.table().values() if claim.section == "1.3"]
    assert text.count("- **") == len(found)
    verdicts = [line.split("**")[1] for line in text.splitlines() if line.startswith("- **")]
    assert verdicts == [claim.verdict for claim in found]
    assert f"<summary>{verdicts.count('confirmed')} confirmed, " in text
    for claim in found:
        assert claim.verdict != "confirmed" or claim.test.split("::")[1] in text


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("moon lake", "got generated part 'moon'; there are about, resources"),
        ("resources moon", "got stack 'moon'; there are lake"),
        ("claims 9.9", "got section '9.9'"),
        ("file no/such.py", "got file 'no/such.py', which does not exist"),
    ],
)
def test_refuses_a_marker_that_names_nothing(marker: str, said: str, stacks: parts.Stacks) -> None:
    with pytest.raises(GuideError, match=said):
        part(marker, stacks)


def test_refuses_a_part_without_an_end(stacks: parts.Stacks) -> None:
    with pytest.raises(GuideError, match="needs `<!-- generated: KIND WHAT -->` above"):
        parts.generated("<!-- generated: resources lake -->\n", stacks)
