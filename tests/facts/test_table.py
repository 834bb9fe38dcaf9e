"""A table that breaks its schema is refused with file, row and column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from facts import claims, limits, prices
from facts.errors import TableError
from facts.table import load, schema


@dataclass(frozen=True)
class Fact:
    id: str
    colour: Literal["red", "green"]
    count: int
    share: float | None = None
    sold: bool = False
    since: date | None = None
    types: tuple[str, ...] = ()


CLAIM = {
    "id": "a",
    "section": "1.1",
    "line": "1",
    "claim_en": "c",
    "kind": "cost",
    "check_idea": "i",
}
HEADER = "id,colour,count,share,sold,since,types\n"


def rows_of(tmp_path: Path, text: str, header: str = HEADER) -> dict[str, Fact]:
    (tmp_path / "facts.csv").write_text(header + text, encoding="utf-8")
    return load(Fact, "facts.csv", folder=tmp_path)


def test_a_row_becomes_an_object_of_typed_fields(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, 'a,red,3,0.5,y,2026-11-22,"x; y"\n')
    assert rows == {"a": Fact("a", "red", 3, 0.5, True, date(2026, 11, 22), ("x", "y"))}


def test_an_empty_cell_leaves_the_default_of_its_field(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "a,green,-1,,,,\n") == {"a": Fact("a", "green", -1)}


@pytest.mark.parametrize(
    ("text", "row", "column", "problem"),
    [
        ("a,red,1,,,,\nb,blue,1,,,,\n", 3, "colour", "got 'blue', allowed: red, green"),
        ("a,red,many,,,,\n", 2, "count", "got 'many', expected a whole number"),
        ("a,red,1,half,,,\n", 2, "share", "got 'half', expected a number"),
        ("a,red,1,nan,,,\n", 2, "share", "got 'nan', expected a number"),
        ("a,red,1,,yes,,\n", 2, "sold", "got 'yes', allowed: y, n"),
        ("a,red,1,,,22.11.2026,\n", 2, "since", "got '22.11.2026', expected a date"),
        ("a,,1,,,,\n", 2, "colour", "may not be empty"),
        ("a,red,1,,,,\na,red,2,,,,\n", 3, "id", "'a' stands in an earlier row too"),
        ("a,red,1\n", 2, "row", "3 cells under 7 columns"),
    ],
)
def test_refuses_a_bad_cell_naming_file_row_and_column(
    tmp_path: Path, text: str, row: int, column: str, problem: str
) -> None:
    with pytest.raises(TableError) as refusal:
        rows_of(tmp_path, text)
    assert str(refusal.value).startswith(f"facts.csv, row {row}, column {column!r}: {problem}")


def test_a_table_that_a_spreadsheet_saved_reads_the_same(tmp_path: Path) -> None:
    text = f"{HEADER}a,red,1,,,,\n"
    (tmp_path / "facts.csv").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load(Fact, "facts.csv", folder=tmp_path) == rows_of(tmp_path, "a,red,1,,,,\n")


def test_refuses_a_header_that_is_not_the_schema(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"facts\.csv, row 1, column 'header': got \['id', 'color'\]"):
        rows_of(tmp_path, "", header="id,color\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.encode() + b'a,red,1,,,,\n"b,red\n', "facts.csv, row 3, column 'row': is not CSV"),
        (HEADER.encode() + b"a,red,1,,,,\nb,r\xffd,1,,,,\n", "facts.csv, row 3, column 'line': is not UTF-8"),
        (None, "facts.csv, row 1, column 'file': cannot be read: No such file"),
        (b"", "facts.csv, row 1, column 'header': got []"),
    ],
    ids=["an open quote", "another encoding", "no file", "an empty file"],
)
def test_refuses_what_is_no_table(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "facts.csv").write_bytes(content)
    with pytest.raises(TableError) as refusal:
        load(Fact, "facts.csv", folder=tmp_path)
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    ("row_type", "row", "column"),
    [
        (limits.Limit, {"id": "a", "value": "many", "unit": "days"}, "value"),
        (limits.Limit, {"id": "a", "value": "nan", "unit": "days"}, "value"),
        (prices.Price, {"id": "a", "region": "us-east-1", "usd": "1"}, "usd"),
        (prices.Price, {"id": "a", "region": "us-east-1", "usd": "-1", "confidence": "high"}, "usd"),
        (claims.Claim, {**CLAIM, "verdict": "confirmed"}, "test"),
        (claims.Claim, {**CLAIM, "verdict": "corrected", "truth": "t"}, "source"),
        (claims.Claim, {**CLAIM, "verdict": "untestable"}, "truth"),
    ],
)
def test_refuses_a_row_that_contradicts_itself_naming_the_column(
    tmp_path: Path, row_type: type[Any], row: dict[str, str], column: str
) -> None:
    with (tmp_path / "facts.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(schema(row_type)))
        writer.writeheader()
        writer.writerow(row)
    with pytest.raises(TableError, match=rf"facts\.csv, row 2, column '{column}': "):
        load(row_type, "facts.csv", folder=tmp_path)


def test_a_field_that_spans_lines_does_not_shift_the_row_number(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="row 3, column 'count'"):
        rows_of(tmp_path, '"a\nb",red,1,,,,\nc,red,x,,,,\n')
