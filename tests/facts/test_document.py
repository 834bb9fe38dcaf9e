"""A document that breaks its schema is refused with file, entry and path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facts.algorithm_entries import Entry
from facts.document import load
from facts.errors import TableError
from facts.table import DATA

Edit = Callable[[dict[str, Any]], None]


def algorithms(tmp_path: Path, edit: Edit) -> dict[str, Entry]:
    """The table of algorithms after an edit of XGBoost's entry."""
    document = json.loads((DATA / "algorithms.json").read_text(encoding="utf-8"))
    edit(document["algorithms"]["xgboost"])
    (tmp_path / "algorithms.json").write_text(json.dumps(document), encoding="utf-8")
    return load(Entry, "algorithms.json", section="algorithms", folder=tmp_path)


def put(*path: str | int, value: Any) -> Edit:
    def edit(entry: Any) -> None:
        for name in path[:-1]:
            entry = entry[name]
        entry[path[-1]] = value

    return edit


def without(*path: str | int) -> Edit:
    def edit(entry: Any) -> None:
        for name in path[:-1]:
            entry = entry[name]
        del entry[path[-1]]

    return edit


FIRST = ("hyperparameters", "required", 0)


@pytest.mark.parametrize(
    ("edit", "column", "said"),
    [
        (without(*FIRST, "type"), "hyperparameters.required[0].type", "got 'nothing', expected a value"),
        (
            put(*FIRST, "type", value="number"),
            "hyperparameters.required[0].type",
            "got 'number', expected one of",
        ),
        (put(*FIRST, "required", value=1), "hyperparameters.required[0].required", "got 1, expected one of"),
        (put(*FIRST, "name", value=True), "hyperparameters.required[0].name", "got True, expected a text"),
        (put(*FIRST, "rnage", value={}), "hyperparameters.required[0].rnage", "got 'rnage', expected one of"),
        (
            put(*FIRST, "range", value={"min": "1"}),
            "hyperparameters.required[0].range.min",
            "got '1', expected a number",
        ),
        (put("channels", "items", value={}), "channels.items", "got {}, expected a list"),
        (put("channels", "items", 0, value="train"), "channels.items[0]", "got 'train', expected an object"),
        (put("incremental_training", value="no"), "incremental_training", "expected true or false"),
        (without("title"), "title", "got 'nothing', expected a value"),
    ],
)
def test_refuses_a_bad_value_naming_file_entry_and_path(
    tmp_path: Path, edit: Edit, column: str, said: str
) -> None:
    with pytest.raises(TableError) as refusal:
        algorithms(tmp_path, edit)
    assert str(refusal.value).startswith(f"algorithms.json, row xgboost, column {column!r}: ")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "row 1, column 'line': is not JSON"),
        ("[]", "column 'algorithms'"),
        ("{}", "column 'algorithms'"),
    ],
)
def test_refuses_what_is_no_document(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "algorithms.json").write_text(text)
    with pytest.raises(TableError, match=said):
        load(Entry, "algorithms.json", section="algorithms", folder=tmp_path)
