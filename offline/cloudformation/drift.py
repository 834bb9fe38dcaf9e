"""Drift: a stack's resources as the account has them now, against what their template asks for.

As on AWS, only properties that the template sets are compared, and only types whose row can read them.
Source: AWS CloudFormation User Guide, "Detect unmanaged configuration changes to stacks and resources".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from offline.clock import clock
from offline.cloudformation.schema import schema_of
from offline.cloudformation.stack import Deployed, Stack
from offline.resources.row import Properties


@dataclass(frozen=True)
class Difference:
    """One property that is not as it should be."""

    path: str
    expected: Any
    actual: Any
    kind: str
    """`ADD`, `REMOVE` or `NOT_EQUAL`."""


@dataclass
class ResourceDrift:
    """What one resource was found to be."""

    logical_id: str
    status: str
    expected: dict[str, Any] = field(default_factory=dict)
    actual: dict[str, Any] | None = None
    differences: list[Difference] = field(default_factory=list)


@dataclass
class Detection:
    """One detection over a stack."""

    stack: Stack
    drifts: list[ResourceDrift]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def drifted(self) -> list[ResourceDrift]:
        return [one for one in self.drifts if one.status in ("MODIFIED", "DELETED")]


def detect(stack: Stack, logical_ids: list[str] | None = None) -> Detection:
    """Look at each resource, and keep on the stack what was found."""
    names = logical_ids or list(stack.resources)
    detection = Detection(stack, [look(name, stack.resources[name]) for name in names])
    if logical_ids is None:
        checked = [one for one in detection.drifts if one.status != "NOT_CHECKED"]
        stack.drift = "DRIFTED" if detection.drifted else "IN_SYNC" if checked else "NOT_CHECKED"
        stack.drift_checked = clock.now()
    return detection


def look(logical_id: str, deployed: Deployed) -> ResourceDrift:
    """One resource, read from the account and compared."""
    found = _compared(logical_id, deployed)
    deployed.drift = found.status
    if found.status != "NOT_CHECKED":
        deployed.drift_checked = clock.now()
    return found


def _compared(logical_id: str, deployed: Deployed) -> ResourceDrift:
    row, resource = deployed.row, deployed.resource
    if row.read is None:
        return ResourceDrift(logical_id, "NOT_CHECKED")
    expected = resource.properties.values
    # A row notes what it reads of the properties; here it reads them again.
    actual = row.read(
        deployed.resource.__class__(**{**vars(resource), "properties": Properties(expected)}),
        deployed.physical,
    )
    if actual is None:
        return ResourceDrift(logical_id, "DELETED", expected)
    secret = schema_of(resource.type).paths("writeOnlyProperties")
    told = {name: value for name, value in _without(expected, secret).items() if name in actual}
    differences = list(_differences("", told, actual))
    return ResourceDrift(
        logical_id, "MODIFIED" if differences else "IN_SYNC", told, _only(actual, told), differences
    )


def _without(properties: dict[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The properties without those that no service tells, such as passwords.

    >>> _without({"User": {"Name": "ada", "Password": "x"}}, [("User", "Password")])
    {'User': {'Name': 'ada'}}
    """
    hidden = {path[0] for path in paths if len(path) == 1}
    kept = {}
    for name, value in properties.items():
        below = [path[1:] for path in paths if len(path) > 1 and path[0] == name]
        if name not in hidden:
            kept[name] = _without(value, below) if below and isinstance(value, dict) else value
    return kept


def _only(actual: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in actual.items() if name in expected}


def _differences(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            here = f"{path}/{name}"
            if name not in actual:
                yield Difference(here, value, None, "REMOVE")
            else:
                yield from _differences(here, value, actual[name])
    elif not _same(expected, actual):
        yield Difference(path, expected, actual, "NOT_EQUAL")


def _same(expected: Any, actual: Any) -> bool:
    """Lists in any order, scalars by their text: templates may write `"true"` and `true` alike."""
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(_among(item, actual) for item in expected)
    return _text(expected) == _text(actual)


def _among(item: Any, actual: list[Any]) -> bool:
    """Whether some element is as the item says; what the item leaves open may be anything."""
    return any(not list(_differences("", item, other)) for other in actual)


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(_scalars(value), sort_keys=True)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scalars(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _scalars(item) for key, item in value.items()}
    return [_scalars(item) for item in value] if isinstance(value, list) else _text(value)
