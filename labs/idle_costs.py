"""What stacks cost while they idle, read from their templates and from what facts say of each type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from facts import billing
from facts.prices import Price
from gate.template import Resource, Templates
from labs.costs import HOURS_A_MONTH, Line, priced
from labs.report.resources import readable

Count = float | None
"""How many units an hour takes; None where only the deployed stack knows."""


def _shards(stream: Resource) -> Count:
    """An on-demand stream names no shards, and bills by the hour all the same."""
    return stream.number("ShardCount")


def _interfaces(endpoint: Resource) -> Count:
    """Gateway endpoints (the default type) bill nothing; interface endpoints bill in each subnet."""
    if not endpoint.has("VpcEndpointType"):
        return 0
    kind, subnets = endpoint.value("VpcEndpointType"), endpoint.node("SubnetIds")
    if kind is None or not isinstance(subnets, list | None):
        return None
    return float(max(len(subnets or ()), 1)) if kind == "Interface" else 0


def _provisioned(table: Resource) -> Count:
    return 0 if table.value("BillingMode") == "PAY_PER_REQUEST" else None


COUNTS: dict[billing.Units, Callable[[Resource], Count]] = {
    "one": lambda resource: 1,
    "month": lambda resource: 1 / HOURS_A_MONTH,
    "shards": _shards,
    "interfaces": _interfaces,
    "provisioned": _provisioned,
}


def idle(stacks: list[dict[str, Any]], region: str, hours: float = HOURS_A_MONTH) -> list[Line]:
    """Every resource that bills while nothing happens for so many hours, or may for all that is known."""
    return [line for noun, resource in _resources(stacks) for line in _idle(noun, resource, region, hours)]


def _resources(stacks: list[dict[str, Any]]) -> Iterator[tuple[str, Resource]]:
    for stack in stacks:
        template = {"Resources": {}, **stack["template"]}
        yield from ((stack["noun"], one) for one in Templates.of({stack["noun"]: template}).resources())


def _idle(noun: str, resource: Resource, region: str, hours: float) -> Iterator[Line]:
    row, what = billing.of_type(resource.type), f"{readable(resource.logical_id)} ({resource.type})"
    if row is None:
        unheard = Price(resource.type, region, source="no row of billing.csv names the type")
        yield Line(noun, what, None, unheard)
    elif row.idle != "free" and (not row.only_if or resource.has(row.only_if)):
        count = COUNTS[row.units](resource)
        if count != 0:
            units = None if count is None else count * hours
            yield Line(noun, what, units, priced(row.price or resource.type, region))


def always_on(stacks: list[dict[str, Any]]) -> list[str]:
    """Resources of the kind that surprises on a bill, as `noun logical id (type)`."""
    return [
        f"{noun} {resource.logical_id} ({resource.type})"
        for noun, resource in _resources(stacks)
        if (row := billing.of_type(resource.type)) and row.idle == "always-on"
    ]


def unclassified(stacks: list[dict[str, Any]]) -> list[str]:
    """Types of which nobody has said whether they bill while they idle."""
    return sorted({one.type for _, one in _resources(stacks) if billing.of_type(one.type) is None})
