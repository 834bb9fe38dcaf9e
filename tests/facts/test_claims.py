"""A verdict is only as good as its test: each exists, and says which statements it confirms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from facts import claims, systems

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize("section", SETTLED)
def test_most_of_a_section_with_a_lab_is_settled(section: str) -> None:
    rows = [claim for claim in claims.table().values() if claim.section == section]
    assert sum(claim.verdict != "open" for claim in rows) / len(rows) > 0.6


def test_a_marker_is_read_as_it_is_written() -> None:
    decorator = ast.parse('@pytest.mark.claim("c-1", "c-2")\ndef test(): ...').body[0]
    assert isinstance(decorator, ast.FunctionDef)
    assert claimed(decorator.decorator_list[0]) == ["c-1", "c-2"]
