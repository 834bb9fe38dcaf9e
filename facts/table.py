"""A CSV file under facts/data, as frozen dataclasses: one row, one object, every cell checked.

The dataclass is the schema. A field's type says what its cells may hold (text, a number, y/n, a
date, one of a Literal's words, a `;` list), and a field with a default may be left empty. Rows are
counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Iterator
from datetime import date
from io import StringIO
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from facts.errors import CellError, TableError

DATA = Path(__file__).parent / "data"

Confidence = Literal["high", "medium", "low", "background", "unknown"]
"""How sure a row is. `background`: known from memory, no source read; `unknown`: not known at all."""

Scalar = int | float | str
"""A number or a text; the row that has one decides which, so cells arrive as text."""

T = TypeVar("T")


def load(
    row_type: type[T], name: str, *, key: tuple[str, ...] = ("id",), folder: Path = DATA
) -> dict[Any, T]:
    """Every row of a table by its id (a tuple where the id has several columns), or a TableError."""
    rows: dict[Any, T] = {}
    for number, record in records(row_type, folder / name):
        row = build(row_type, name, number, record)
        values = tuple(getattr(row, column) for column in key)
        identity = values[0] if len(values) == 1 else values
        if identity in rows:
            raise TableError.at(name, number, key[0], f"{identity!r} stands in an earlier row too")
        rows[identity] = row
    return rows


def build(row_type: type[T], name: str, number: int, record: dict[str, Any]) -> T:
    """One row; what its `__post_init__` refuses is an error of the column it names, else of the whole row."""
    try:
        return row_type(**record)
    except CellError as problem:
        raise TableError.at(name, number, problem.column, str(problem)) from None
    except ValueError as problem:
        raise TableError.at(name, number, "row", str(problem)) from None


def records(row_type: type[Any], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row number and parsed cells of each row, in the order of the file."""
    columns = schema(row_type)
    header, *lines = cells_of(path) or [[]]
    if header != list(columns):
        raise TableError.at(path.name, 1, "header", f"got {header}, expected {list(columns)}")
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(header):
            raise TableError.at(path.name, number, "row", f"{len(cells)} cells under {len(header)} columns")
        yield number, dict(parsed(path.name, number, columns, cells))


def cells_of(path: Path) -> list[list[str]]:
    """Every row of a file as its cells, the header among them."""
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(StringIO(text_of(path), newline=""), strict=True))
    except csv.Error as problem:
        raise TableError.at(path.name, len(rows) + 1, "row", f"is not CSV: {problem}") from None
    return rows


def text_of(path: Path) -> str:
    """What a file of facts holds, without the mark that spreadsheets put first, or a refusal of the file."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise TableError.at(path.name, 1, "file", f"cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise TableError.at(path.name, line, "line", f"is not UTF-8: {problem.reason}") from None


def parsed(file: str, number: int, columns: dict[str, Column], cells: list[str]) -> Iterator[tuple[str, Any]]:
    """Name and value of each cell; an empty cell leaves its field's default."""
    for (name, column), cell in zip(columns.items(), cells, strict=True):
        if not cell:
            if column.required:
                raise TableError.at(file, number, name, "may not be empty")
            continue
        try:
            yield name, column.parse(cell)
        except ValueError as problem:
            raise TableError.at(file, number, name, str(problem)) from None


@dataclasses.dataclass(frozen=True)
class Column:
    """How one field reads its cells."""

    parse: Callable[[str], Any]
    required: bool


def schema(row_type: type[Any]) -> dict[str, Column]:
    """The columns a dataclass asks for, in order."""
    hints = get_type_hints(row_type)
    return {
        field.name: Column(parser(hints[field.name]), field.default is dataclasses.MISSING)
        for field in dataclasses.fields(row_type)
    }


def parser(hint: Any) -> Callable[[str], Any]:
    """The function that turns a cell's text into a field of this type.

    >>> parser(tuple[str, ...])("AWS::S3::Bucket; AWS::S3::AccessPoint")
    ('AWS::S3::Bucket', 'AWS::S3::AccessPoint')
    >>> parser(float | None)("0.015")
    0.015
    """
    if hint == Scalar:
        return str
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is Literal:
        return one_of(get_args(hint))
    return PARSERS[hint]


def one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"got {text!r}, allowed: {', '.join(words)}")
        return text

    return parse


def yes_or_no(text: str) -> bool:
    return one_of(("y", "n"))(text) == "y"


def words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";") if word.strip())


def whole(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else _refuse(text, "a whole number")


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return _refuse(text, "a number")
    return value if isfinite(value) else _refuse(text, "a number")


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _refuse(text, "a date such as 2026-11-22")


def _refuse(text: str, expected: str) -> Any:
    raise ValueError(f"got {text!r}, expected {expected}") from None


PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: whole,
    float: number,
    bool: yes_or_no,
    date: day,
    tuple[str, ...]: words,
}
