"""What stands for a value while a row's source is followed: itself, or one of these."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

EVERY = "*"
"""Stands for names that only a template or an account knows."""
MOST_ALTERNATIVES = 16


class Unknown:
    """A value that only an account could give."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, eq=False)
class Either:
    """One of several values: what differs between branches."""

    values: tuple[Any, ...]


@dataclass(eq=False)
class Given:
    """A resource's `Properties`: notes the paths that are read. Those of `old` note nothing."""

    reads: set[str] | None = None
    prefix: str = ""

    def note(self, name: str) -> None:
        if self.reads is not None:
            self.reads.add(self.prefix + name)

    def at(self, name: str) -> Given:
        return Given(self.reads, f"{self.prefix}{name}.")


@dataclass(eq=False)
class Thing:
    """An instance of a class of ours, by its fields; a field that is missing is unknown."""

    kind: type
    fields: dict[str, Any]


@dataclass(eq=False)
class Closure:
    """A function or lambda written inside a function, with the names around it."""

    node: ast.FunctionDef | ast.Lambda
    names: dict[str, Any]
    around: dict[str, Any]


@dataclass(eq=False)
class Bound:
    """A method with its object."""

    function: Callable[..., Any] | str
    owner: Any


@dataclass
class Frame:
    """One call on its way: the names it knows and what it gave so far."""

    names: dict[str, Any]
    around: dict[str, Any]
    """The names of its module."""
    returned: list[Any] = field(default_factory=list)
    yielded: list[Any] | None = None


def alternatives(value: Any) -> list[Any]:
    return list(value.values) if isinstance(value, Either) else [value]


def either(values: Iterable[Any]) -> Any:
    """One value for several that are possible.

    >>> either(["a", "a"]), either(["a", "b"]).values
    ('a', ('a', 'b'))
    """
    found: list[Any] = []
    for value in values:
        found += [one for one in alternatives(value) if not any(_same(one, other) for other in found)]
    if len(found) > MOST_ALTERNATIVES:
        return UNKNOWN
    return found[0] if len(found) == 1 else Either(tuple(found))


def _same(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, str | bool | int) and type(one) is type(other) and one == other)


def merged(values: Iterable[Any]) -> dict[Any, Any]:
    """One dictionary of several; what is no dictionary may hold any name.

    >>> merged([{"a": 1}, UNKNOWN])
    {'a': 1, '*': UNKNOWN}
    """
    found: dict[Any, Any] = {}
    for value in values:
        for one in alternatives(value):
            found |= one if isinstance(one, dict) else {EVERY: UNKNOWN}
    return found


def carries(value: Any) -> bool:
    """Whether a resource's properties can be reached through a value."""
    if isinstance(value, Given):
        return value.reads is not None
    if isinstance(value, Thing):
        return any(carries(one) for one in value.fields.values())
    if isinstance(value, list | tuple):
        return any(carries(one) for one in value)
    return any(carries(one) for one in value.values) if isinstance(value, Either) else False
