"""A JSON file under facts/data as frozen dataclasses: every object checked against the class it becomes.

The dataclass is the schema, as it is for a table: a field's type says what its value may be, a field with
a default may be missing, and a name that no field has is refused. An error's row is the entry, its column
the path inside it.
"""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from facts.errors import TableError
from facts.table import DATA, text_of

T = TypeVar("T")


def load(entry_type: type[T], name: str, *, section: str, folder: Path = DATA) -> dict[str, T]:
    """Every entry of one section of a document by its id, or a TableError."""
    try:
        document = json.loads(text_of(folder / name))
    except json.JSONDecodeError as problem:
        raise TableError.at(name, problem.lineno, "line", f"is not JSON: {problem.msg}") from None
    entries = document.get(section) if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise TableError.at(name, 1, section, "got no such object")
    return {id: fitted(entry_type, entry, Place(name, id)) for id, entry in entries.items()}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a value stands: file, entry and the path inside it."""

    file: str
    entry: str
    path: str = ""

    def inside(self, name: str) -> Place:
        dot = "." if self.path and not name.startswith("[") else ""
        return dataclasses.replace(self, path=f"{self.path}{dot}{name}")

    def refuse(self, got: object, expected: str) -> NoReturn:
        raise TableError.at(self.file, self.entry, self.path, f"got {got!r}, expected {expected}")


def fitted(hint: Any, node: Any, at: Place) -> Any:
    """A value of a type from what JSON holds, or a refusal that names its place."""
    if hint is object:
        return node
    if dataclasses.is_dataclass(hint):
        return _object(hint, node, at)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _one_of(arguments, node, at)
    if origin is Literal:
        return node if node in arguments and isinstance(node, str) else at.refuse(node, words(arguments))
    if origin is tuple:
        items = node if isinstance(node, list) else at.refuse(node, "a list")
        return tuple(fitted(arguments[0], item, at.inside(f"[{index}]")) for index, item in enumerate(items))
    if origin is dict:
        entries = node if isinstance(node, dict) else at.refuse(node, "an object")
        return {name: fitted(arguments[1], item, at.inside(name)) for name, item in entries.items()}
    return _scalar(hint, node, at)


def _one_of(hints: tuple[Any, ...], node: Any, at: Place) -> Any:
    if node is None and NoneType in hints:
        return None
    *others, last = (hint for hint in hints if hint is not NoneType)
    for hint in others:
        try:
            return fitted(hint, node, at)
        except TableError:
            continue
    return fitted(last, node, at)


def words(allowed: tuple[Any, ...]) -> str:
    return f"one of {', '.join(map(str, allowed))}"


def _scalar(hint: Any, node: Any, at: Place) -> Any:
    """JSON has one kind of number; a bool is none."""
    fits = isinstance(node, int | float) if hint is float else isinstance(node, hint)
    if not fits or (isinstance(node, bool) and hint is not bool):
        at.refuse(
            node, {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[hint]
        )
    return node


def _object(kind: Any, node: Any, at: Place) -> Any:
    if not isinstance(node, dict):
        at.refuse(node, "an object")
    hints = _hints(kind)
    for name in node.keys() - hints.keys():
        at.inside(name).refuse(name, words(tuple(hints)))
    for field in dataclasses.fields(kind):
        required = field.default is field.default_factory is dataclasses.MISSING
        if field.name not in node and required:
            at.inside(field.name).refuse("nothing", "a value")
    return kind(**{name: fitted(hints[name], value, at.inside(name)) for name, value in node.items()})


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)
