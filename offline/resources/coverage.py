"""What the sandbox does with every property and attribute of a CloudFormation type that has a row.

Names, what replaces and what Fn::GetAtt may ask come from CloudFormation's schemas; what is honoured,
changed, told and answered comes from the row's own source (`offline.resources.reading`), so that neither
can go stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any

from offline.cloudformation.schema import Schema, schema_of
from offline.errors import UnknownResourceTypeError
from offline.resources import table
from offline.resources.reading import EVERY, Reading, reading
from offline.resources.row import Row


class Status(StrEnum):
    """What becomes of a property that a template sets."""

    honoured = "honoured"
    inert = "inert"
    """Accepted; it can have no effect here, and the row says why."""
    unsupported = "unsupported"
    """A deployment that sets it is refused by name."""


class Change(StrEnum):
    """What an update of a property does."""

    in_place = "in place"
    replaces = "replaces"
    refused = "refused"


@dataclass(frozen=True)
class Property:
    """One property of a type; of a property that is read part by part, one of its parts."""

    path: str
    status: Status
    change: Change | None
    """None where there is nothing to change: not supported, or without effect."""
    drift: bool
    """Whether drift detection sees a change made by hand."""
    reason: str = ""


@dataclass(frozen=True)
class Coverage:
    """One type: its properties, and what Fn::GetAtt answers; `*` stands for names that the account gives."""

    type: str
    module: str
    properties: tuple[Property, ...]
    answered: tuple[str, ...]
    unanswered: tuple[str, ...]
    update: bool
    drift: bool

    def count(self, status: Status) -> int:
        return sum(one.status is status for one in self.properties)


def coverages() -> list[Coverage]:
    """Every type that has a row."""
    return [coverage(kind) for kind in sorted(table())]


@cache
def coverage(kind: str) -> Coverage:
    """One type; a type without a row is refused, with those of a similar name."""
    if kind not in table():
        raise UnknownResourceTypeError(_unknown(kind))
    row, schema = table()[kind], schema_of(kind)
    found = reading(row)
    properties = tuple(_properties(row, schema, found))
    return Coverage(
        kind,
        row.module,
        properties,
        tuple(sorted(found.attributes)),
        tuple(sorted(_asked(schema, properties) - found.attributes)),
        row.update is not None,
        row.read is not None,
    )


def _asked(schema: Schema, properties: tuple[Property, ...]) -> set[str]:
    """What Fn::GetAtt may ask, but for parts of properties that no resource here can have."""
    absent = {one.path for one in properties if one.status is Status.unsupported}
    read_only = [path for path in schema.paths("readOnlyProperties") if EVERY not in path]
    return {".".join(path) for path in read_only if path[0] not in absent}


def _unknown(kind: str) -> str:
    folded = {one.lower(): one for one in table()}
    ending = [one for one in table() if one.lower().endswith(f"::{kind.lower().rsplit('::', 1)[-1]}")]
    close = [folded[one] for one in get_close_matches(kind.lower(), folded, n=3)]
    near = ", ".join(dict.fromkeys([*ending, *close])) or "none"
    known = "CloudFormation has it, but no row" if schema_of(kind).properties else "no such type here"
    return f"{kind}: {known}; near it: {near} ({len(table())} types have a row)"


def _properties(row: Row, schema: Schema, found: Reading) -> Iterator[Property]:
    """Top-level properties that a template may set, and the parts of those that are read by their parts."""
    only_read = {path[0] for path in schema.paths("readOnlyProperties") if len(path) == 1}
    for name in sorted(set(schema.properties) - only_read):
        parts = [name]
        if not found.created & {name, EVERY} and any(one.startswith(f"{name}.") for one in found.created):
            parts = _parts(name, schema, found)
        for path in parts:
            yield _property(path, row, schema, found)


def _parts(name: str, schema: Schema, found: Reading) -> list[str]:
    """The paths one level below a property; where its schema names none, those that are read."""
    definition = schema.properties[name].get("$ref", "").rpartition("/")[2]
    named = schema.document.get("definitions", {}).get(definition, {}).get("properties", {})
    read = {one.split(".")[1] for one in found.created if one.startswith(f"{name}.")}
    return [f"{name}.{part}" for part in sorted(named or read)]


def _property(path: str, row: Row, schema: Schema, found: Reading) -> Property:
    status = Status.unsupported
    if path in row.inert or path.partition(".")[0] in row.inert:
        status = Status.inert
    elif _among(path, found.created):
        status = Status.honoured
    told = bool(found.told & {path.partition(".")[0], EVERY})
    honoured = status is Status.honoured
    change = _change(path, schema, found) if honoured else None
    reason = row.inert.get(path, "") or (_parts_that_replace(path, schema) if honoured else "")
    return Property(path, status, change, honoured and told, reason)


def _parts_that_replace(path: str, schema: Schema) -> str:
    replacing = [".".join(one) for one in schema.paths("createOnlyProperties")]
    parts = [one.removeprefix(f"{path}.") for one in replacing if one.startswith(f"{path}.")]
    return f"a change of {', '.join(sorted(parts))} replaces" if parts else ""


def _change(path: str, schema: Schema, found: Reading) -> Change:
    replacing = {".".join(one) for one in schema.paths("createOnlyProperties")}
    if not schema.updates() or replacing & {path, path.partition(".")[0]}:
        return Change.replaces
    return Change.in_place if _among(path, found.updated) else Change.refused


def _among(path: str, read: frozenset[str]) -> bool:
    """Whether a path is read: itself, all that it belongs to, or some of its parts."""
    whole: Any = {EVERY, path, path.partition(".")[0]}
    return bool(read & whole) or any(one.startswith(f"{path}.") for one in read)
