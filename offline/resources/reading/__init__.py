"""What a row's functions read, answer and tell is found in their own source, by following it.

A row is small code over boto3: names of properties are constants, tuples of constants or loops over
them. The source is followed with every branch taken and every value that only an account could give
left open, so what is found is what some resource makes the row do. Where a name cannot be made out the
row is refused, instead of a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from offline.errors import SandboxError
from offline.resources.reading.interpreter import Interpreter
from offline.resources.reading.values import EVERY, UNKNOWN, Given, Thing, alternatives
from offline.resources.row import Physical, Resource, Row

__all__ = ["EVERY", "Reading", "reading"]


@dataclass(frozen=True)
class Reading:
    """What one row does with properties; `*` stands for whatever a template or an account names."""

    created: frozenset[str]
    """Paths that `create` reads."""
    updated: frozenset[str]
    """Paths that `update` reads."""
    told: frozenset[str]
    """Properties that `read` tells of."""
    attributes: frozenset[str]
    """What `create` answers to Fn::GetAtt."""


class UnreadableRowError(SandboxError):
    """A row's source names properties in a way that cannot be followed."""


def reading(row: Row) -> Reading:
    """What the row reads, tells and answers."""
    created, physical = _followed(row, row.create)
    updated, _ = _followed(row, row.update, UNKNOWN, Given()) if row.update else (frozenset(), None)
    _, told = _followed(row, row.read, UNKNOWN) if row.read else (frozenset(), {})
    return Reading(created, updated, _names(told), _attributes(physical))


def _followed(row: Row, function: Callable[..., Any], *arguments: Any) -> tuple[frozenset[str], Any]:
    """The paths read, and what the function returns."""
    given, interpreter = Given(set()), Interpreter()
    resource = Thing(Resource, {"type": row.type, "properties": given})
    answer = interpreter.call(function, [resource, *arguments], {})
    if interpreter.unclear:
        raise UnreadableRowError(
            f"{row.type}: {', '.join(sorted(interpreter.unclear))} in {row.module} cannot be followed; "
            "name properties by constants, and hand them only to functions of offline/resources"
        )
    assert given.reads is not None
    return frozenset(given.reads), answer


def _attributes(answer: Any) -> frozenset[str]:
    found = [one for one in alternatives(answer) if isinstance(one, Thing) and one.kind is Physical]
    return frozenset().union(*(_names(one.fields.get("attributes", {})) for one in found))


def _names(value: Any) -> frozenset[str]:
    """The keys of what may be a dictionary; `*` for those that only the account knows."""
    dictionaries = [one for one in alternatives(value) if one is not None]
    known = [frozenset(map(str, one)) if isinstance(one, dict) else {EVERY} for one in dictionaries]
    return frozenset().union(*known)
