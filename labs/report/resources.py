"""Which resources of a template a reader wants to see, and who refers to whom across stacks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# CloudFormation type → what people call it, and the colour family it is drawn in.
SHOWN = {
    "AWS::S3::Bucket": ("S3 bucket", "store"),
    "AWS::KMS::Key": ("KMS key", "guard"),
    "AWS::CloudTrail::Trail": ("CloudTrail", "guard"),
    "AWS::EC2::VPC": ("VPC", "guard"),
    "AWS::EC2::VPCEndpoint": ("VPC endpoint", "guard"),
    "AWS::EC2::NatGateway": ("NAT gateway", "guard"),
    "AWS::Kinesis::Stream": ("Kinesis stream", "stream"),
    "AWS::KinesisFirehose::DeliveryStream": ("Firehose", "stream"),
    "AWS::Lambda::Function": ("Lambda", "compute"),
    "AWS::Glue::Database": ("Glue database", "catalog"),
    "AWS::Glue::Table": ("Glue table", "catalog"),
    "AWS::Glue::Crawler": ("Glue crawler", "catalog"),
    "AWS::Glue::Job": ("Glue job", "compute"),
    "AWS::Athena::WorkGroup": ("Athena workgroup", "query"),
    "AWS::Athena::NamedQuery": ("named query", "query"),
    "AWS::StepFunctions::StateMachine": ("state machine", "compute"),
    "AWS::SageMaker::Model": ("SageMaker model", "compute"),
    "AWS::SageMaker::Endpoint": ("SageMaker endpoint", "compute"),
}


@dataclass
class Chip:
    """One kind of resource in a stack, or a single one by its name."""

    label: str
    name: str
    family: str


@dataclass
class StackView:
    """A stack as the drawing needs it."""

    name: str
    noun: str
    chips: list[Chip]
    others: int
    """Resources that are not drawn: roles, policies, permissions, routes."""
    needs: Counter[str] = field(default_factory=Counter)
    """Stack name → how often this stack's template refers to it."""


def views(stacks: list[dict[str, Any]]) -> list[StackView]:
    """Every stack with its main resources and the stacks it refers to."""
    exports = {name: stack["name"] for stack in stacks for name in _exports(stack["template"])}
    return [_view(stack, exports, {one["name"] for one in stacks}) for stack in stacks]


def _view(stack: dict[str, Any], exports: dict[str, str], names: set[str]) -> StackView:
    resources = stack["template"].get("Resources", {})
    main = {key: one for key, one in resources.items() if one["Type"] in SHOWN}
    needs = Counter(
        exports[name]
        for name in _imports(stack["template"])
        if exports.get(name, stack["name"]) != stack["name"]
    )
    for name in stack.get("depends_on", []):
        if name in names and name not in needs:
            needs[name] = 1
    return StackView(stack["name"], stack["noun"], _chips(main), len(resources) - len(main), needs)


def _chips(resources: dict[str, Any]) -> list[Chip]:
    """In the order of SHOWN; more than two of a type share one chip."""
    chips: list[Chip] = []
    for kind, (label, family) in SHOWN.items():
        names = [readable(key) for key, one in resources.items() if one["Type"] == kind]
        if len(names) > 3:
            chips.append(Chip(f"{len(names)} {label}s".replace("ys", "ies"), ", ".join(names), family))
        else:
            chips += [Chip(label, name, family) for name in names]
    return chips


def readable(logical_id: str) -> str:
    """A logical id without the hash that the CDK puts behind it.

    >>> readable("LakeBucket0A1B2C3D"), readable("FlightsStreamResourceDEADBEEF")
    ('LakeBucket', 'FlightsStream')
    """
    bare = re.sub(r"[0-9A-F]{8}$", "", logical_id)
    return re.sub(r"(?<=.)Resource$", "", bare) or logical_id


def _exports(template: dict[str, Any]) -> Iterator[str]:
    for output in template.get("Outputs", {}).values():
        name = output.get("Export", {}).get("Name")
        if isinstance(name, str):
            yield name


def _imports(node: Any) -> Iterator[str]:
    """Every literal name under an Fn::ImportValue."""
    if isinstance(node, dict):
        if isinstance(node.get("Fn::ImportValue"), str):
            yield node["Fn::ImportValue"]
        for value in node.values():
            yield from _imports(value)
    elif isinstance(node, list):
        for value in node:
            yield from _imports(value)
