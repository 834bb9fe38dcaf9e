"""A verdict is only as good as its test: each exists, and says which statements it confirms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from facts import claims, systems

ROOT = Path(__file__).parents[2]
WAITING = {
    "a job of Glue, and Redshift Spectrum beside Athena": (
        "c-1.1-019 c-1.5-004 c-1.5-015 c-1.5-016 c-1.5-017 c-1.5-018 c-1.5-024 c-1.5-025 c-1.5-026 c-1.5-029"
    ),
    "stream analytics and Video Streams": (
        "c-1.4-010 c-1.4-033 c-1.4-034 c-1.4-035 c-1.4-037 c-1.4-038 c-1.4-043 c-1.4-047"
    ),
    "Avro under Athena, and dashboards": "c-2.1-009 c-2.1-015",
    "notebooks, Spark and inference pipelines": "c-2.14-008 c-2.14-012 c-2.14-022",
    "a trainer of Linear Learner": (
        "c-2.15-001 c-2.15-003 c-2.15-007 c-2.15-011 c-2.15-013 c-2.15-014 c-2.15-018"
    ),
}
"""What the settled sections still say unproven, and what would prove it: a claim that is settled leaves."""
SETTLED = ("1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.14", "2.15", "2.16")


@cache
def marked() -> dict[str, set[str]]:
    """Test → the claims its marker names, of every test there is."""
    return {
        f"{file.relative_to(ROOT)}::{name}": {id for one in test.decorator_list for id in claimed(one)}
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for name, test in functions_of(ast.parse(file.read_text(encoding="utf-8")).body, "")
    }


def functions_of(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every test function, those in classes as `Class::test`."""
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield inside + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions_of(node.body, f"{node.name}::")


def claimed(decorator: ast.expr) -> list[str]:
    """The ids of a `pytest.mark.claim` decorator."""
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.claim":
        return []
    return [ast.literal_eval(argument) for argument in decorator.args]


def test_every_test_that_a_claim_names_exists_and_names_the_claim() -> None:
    wrong = [
        (claim.id, claim.test)
        for claim in claims.table().values()
        if claim.test and claim.id not in marked().get(claim.test, set())
    ]
    assert wrong == []


def test_every_marker_names_a_confirmed_claim_that_names_the_test() -> None:
    named = {claim.id: claim.test for claim in claims.table().values() if claim.verdict == "confirmed"}
    wrong = [(id, test) for test, ids in marked().items() for id in ids if named.get(id) != test]
    assert wrong == []


def test_every_test_that_a_system_names_exists() -> None:
    missing = [(system.id, system.test) for system in systems.table().values() if system.test]
    assert [one for one in missing if one[1] not in marked()] == []


def test_nothing_that_shows_a_claim_or_a_system_may_be_skipped() -> None:
    rows: list[claims.Claim | systems.System] = [*claims.table().values(), *systems.table().values()]
    files = {row.test.partition("::")[0] for row in rows if row.test}
    assert [
        (file, found) for file in files if (found := skips((ROOT / file).read_text(encoding="utf-8")))
    ] == []


def skips(source: str) -> list[str]:
    """Whatever in a module of tests lets one pass without running."""
    names = {"skip", "skipif", "xfail", "importorskip"}
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in names
        and ast.unparse(node.value) in ("pytest", "pytest.mark")
    ]


@pytest.mark.parametrize(
    "source",
    ["@pytest.mark.skipif(True)\ndef test(): ...", "pytest.importorskip('torch')", "pytest.skip('x')"],
)
def test_a_skip_is_seen_as_it_is_written(source: str) -> None:
    assert len(skips(source)) == 1


def test_what_is_open_of_the_settled_sections_waits_for_its_lab() -> None:
    rows = [claim for claim in claims.table().values() if claim.section in SETTLED]
    assert {claim.id for claim in rows if claim.verdict == "open"} == set(" ".join(WAITING.values()).split())


def test_what_nobody_read_a_source_for_is_marked_background() -> None:
    marks = [(claim.source.startswith("BACKGROUND"), claim.confidence) for claim in claims.table().values()]
    assert {confidence for marked, confidence in marks if marked} == {"background"}
    assert "background" not in {confidence for marked, confidence in marks if not marked}
    assert [claim.id for claim in claims.table().values() if claim.source.startswith("from memory")] == []


def test_a_marker_is_read_as_it_is_written() -> None:
    decorator = ast.parse('@pytest.mark.claim("c-1", "c-2")\ndef test(): ...').body[0]
    assert isinstance(decorator, ast.FunctionDef)
    assert claimed(decorator.decorator_list[0]) == ["c-1", "c-2"]
