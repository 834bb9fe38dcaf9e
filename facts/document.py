"""A JSON file under facts/data as frozen dataclasses: every object checked against the class it becomes.

The dataclass is the schema, as it is for a table: a field's type says what its value may be, a field with
a default may be missing, and a name that no field has is refused. An error's row is the entry, its column
the path inside it. pydantic reads the same, but importing it alone takes longer than reading every fact.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from facts.errors import TableError
from facts.table import DATA, text_of

T = TypeVar("T")
Reader = Callable[[Any], Any]
"""Turns what JSON holds into a value of one type, or refuses it."""
SCALARS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


class MisfitError(Exception):
    """A value that its type does not admit; every object around it puts its name before the path."""

    def __init__(self, got: object, expected: str, path: str = "") -> None:
        super().__init__(f"got {got!r}, expected {expected}")
        self.path = path

    def within(self, name: str) -> MisfitError:
        dot = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{name}{dot}{self.path}"
        return self


def load(entry_type: type[T], name: str, *, section: str, folder: Path = DATA) -> dict[str, T]:
    """Every entry of one section of a document by its id, or a TableError."""
    try:
        document = json.loads(text_of(folder / name))
    except json.JSONDecodeError as problem:
        raise TableError.at(name, problem.lineno, "line", f"is not JSON: {problem.msg}") from None
    entries = document.get(section) if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise TableError.at(name, 1, section, "got no such object")
    return {id: _entry(entry_type, entry, name, id) for id, entry in entries.items()}


def _entry(entry_type: type[T], entry: Any, file: str, id: str) -> T:
    try:
        found: T = reader(cast(Hashable, entry_type))(entry)
    except MisfitError as problem:
        raise TableError.at(file, id, problem.path, str(problem)) from None
    return found


@cache
def reader(hint: Any) -> Reader:
    """The function that reads values of a type.

    >>> reader(tuple[int, ...])([1, 2])
    (1, 2)
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is object:
        return lambda node: node
    if dataclasses.is_dataclass(hint):
        return _object(hint)
    if origin in (Union, UnionType):
        return _one_of(NoneType in arguments, [reader(one) for one in arguments if one is not NoneType])
    if origin is Literal:
        return _word(arguments)
    if origin is tuple:
        return _list(reader(arguments[0]))
    if origin is dict:
        return _mapping(reader(arguments[1]))
    return _scalar(hint)


def _scalar(kind: type) -> Reader:
    """JSON has one kind of number; a bool is none."""
    kinds = (int, float) if kind is float else (kind,)

    def read(node: Any) -> Any:
        if not isinstance(node, kinds) or (isinstance(node, bool) and kind is not bool):
            raise MisfitError(node, SCALARS[kind])
        return node

    return read


def _word(words: tuple[str, ...]) -> Reader:
    def read(node: Any) -> Any:
        if not isinstance(node, str) or node not in words:
            raise MisfitError(node, f"one of {', '.join(words)}")
        return node

    return read


def _one_of(empty: bool, readers: list[Reader]) -> Reader:
    def read(node: Any) -> Any:
        if node is None and empty:
            return None
        for one in readers[:-1]:
            try:
                return one(node)
            except MisfitError:
                continue
        return readers[-1](node)

    return read


def _list(item: Reader) -> Reader:
    def read(node: Any) -> Any:
        if not isinstance(node, list):
            raise MisfitError(node, "a list")
        return tuple(_inside(f"[{index}]", item, one) for index, one in enumerate(node))

    return read


def _mapping(value: Reader) -> Reader:
    def read(node: Any) -> Any:
        if not isinstance(node, dict):
            raise MisfitError(node, "an object")
        return {name: _inside(name, value, one) for name, one in node.items()}

    return read


def _object(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers = {name: reader(hint) for name, hint in hints.items()}
    required = {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}

    def read(node: Any) -> Any:
        if not isinstance(node, dict):
            raise MisfitError(node, "an object")
        if unknown := node.keys() - readers.keys():
            raise MisfitError(min(unknown), f"one of {', '.join(readers)}", min(unknown))
        if missing := required - node.keys():
            raise MisfitError("nothing", "a value", min(missing))
        return kind(**{name: _inside(name, readers[name], one) for name, one in node.items()})

    return read


def _inside(name: str, read: Reader, node: Any) -> Any:
    try:
        return read(node)
    except MisfitError as problem:
        raise problem.within(name) from None
