"""What became of the services and features of the notes: renamed, closed to new customers, or gone.

cfn-lint and the CDK accept templates full of dead services; `closed_types` is what a gate at synth
refuses.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facts.errors import UnknownFactError
from facts.table import Confidence, load

Status = Literal[
    "available", "renamed", "legacy-but-working", "closed-to-new-customers", "discontinued", "unknown"
]

CLOSED: tuple[Status, ...] = ("closed-to-new-customers", "discontinued")
"""What an account of today cannot start to use."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service or feature; `since` is text, as AWS often announces several dates."""

    id: str
    service: str
    status: Status
    since: str = ""
    successor: str = ""
    cfn_types: tuple[str, ...] = ()
    source: str = ""
    confidence: Confidence = "unknown"

    @property
    def closed(self) -> bool:
        return self.status in CLOSED


@cache
def table() -> dict[str, Service]:
    """Every service by id."""
    return load(Service, "services.csv")


def row(id: str) -> Service:
    if id not in table():
        raise UnknownFactError.among("service", id, table())
    return table()[id]


@cache
def _by_type() -> dict[str, tuple[Service, ...]]:
    services: dict[str, list[Service]] = defaultdict(list)
    for service in table().values():
        for cfn_type in service.cfn_types:
            services[cfn_type].append(service)
    return {cfn_type: tuple(found) for cfn_type, found in services.items()}


def of_type(cfn_type: str) -> tuple[Service, ...]:
    """The services and features that a CloudFormation type belongs to; none where it is not in the table."""
    return _by_type().get(cfn_type, ())


@cache
def closed_types() -> dict[str, Service]:
    """CloudFormation types that serve nothing but closed services, with the service that is closed.

    >>> closed_types()["AWS::KinesisAnalytics::Application"].status
    'discontinued'
    """
    return {
        cfn_type: services[0]
        for cfn_type, services in _by_type().items()
        if all(service.closed for service in services)
    }
