"""What the deployed stacks cost in a month in which nobody uses them, read from their templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from facts.errors import UnknownFactError
from facts.prices import price
from labs.report.resources import readable

HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Idle:
    """A resource that bills while it idles; `usd` is None where its price is not known."""

    noun: str
    what: str
    basis: str
    usd: float | None


Units = Callable[[dict[str, Any]], float]


def _shard_hours(properties: dict[str, Any]) -> float:
    return float(properties.get("ShardCount", 0)) * HOURS_A_MONTH


def _interface_hours(properties: dict[str, Any]) -> float:
    """Gateway endpoints (the default type) bill nothing; interface endpoints bill in each subnet."""
    if properties.get("VpcEndpointType", "Gateway") != "Interface":
        return 0
    return max(len(properties.get("SubnetIds", [])), 1) * float(HOURS_A_MONTH)


# Type → price id and how many units of it a month of idling takes.
BILLS_IDLE: dict[str, tuple[str, Units]] = {
    "AWS::KMS::Key": ("kms-key-month", lambda properties: 1),
    "AWS::Kinesis::Stream": ("kinesis-shard-hour", _shard_hours),
    "AWS::EC2::VPCEndpoint": ("vpc-endpoint-interface-hour", _interface_hours),
}

# These bill by the hour too, but no price is on record, so the page says so.
BILLS_IDLE_UNPRICED = (
    "AWS::EC2::NatGateway",
    "AWS::EC2::Instance",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::NotebookInstance",
    "AWS::Redshift::Cluster",
    "AWS::RDS::DBInstance",
    "AWS::OpenSearchService::Domain",
    "AWS::CloudWatch::Alarm",
    "AWS::SecretsManager::Secret",
)


def idle(stacks: list[dict[str, Any]], region: str) -> list[Idle]:
    """Every resource that bills while nothing happens."""
    return [
        line
        for stack in stacks
        for logical_id, resource in stack["template"].get("Resources", {}).items()
        if (line := _line(stack["noun"], readable(logical_id), resource, region)) is not None
    ]


def _line(noun: str, name: str, resource: dict[str, Any], region: str) -> Idle | None:
    kind = resource["Type"]
    if kind in BILLS_IDLE_UNPRICED:
        return Idle(noun, f"{name} ({kind})", "no price on record", None)
    if kind not in BILLS_IDLE:
        return None
    price_id, units_of = BILLS_IDLE[kind]
    units = units_of(resource.get("Properties", {}))
    return _priced(noun, f"{name} ({kind})", price_id, units, region) if units else None


def _priced(noun: str, what: str, price_id: str, units: float, region: str) -> Idle:
    try:
        found = price(price_id, region)
    except UnknownFactError:
        return Idle(noun, what, f"no price '{price_id}' on record", None)
    if found.usd is None:
        return Idle(noun, what, f"{units:,.0f} units of {price_id}, price not known in {region}", None)
    return Idle(noun, what, f"{units:,.0f} units at ${found.usd:g} per {found.unit}", units * found.usd)


def total(lines: list[Idle]) -> float:
    """The sum of what is known."""
    return sum(line.usd for line in lines if line.usd is not None)
