"""A resource outside of any stack: its row creates, updates, reads and deletes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from offline.engine import ACCOUNT_ID
from offline.resources import row_of
from offline.resources.row import Physical, Properties, Resource

REGION = "us-east-1"
UNTOLD: dict[str, dict[str, str]] = {
    "AWS::Athena::WorkGroup": {"WorkGroupConfigurationUpdates": "no workgroup is made by it here"},
    "AWS::DynamoDB::Table": {"StreamArn": "only a table with a stream has one"},
    "AWS::EC2::NatGateway": dict.fromkeys(
        ("AutoProvisionZones", "AutoScalingIps", "RouteTableId"), "only a regional gateway has them"
    ),
    "AWS::EC2::Subnet": {"BlockPublicAccessStates": "the account has no VPC Block Public Access"},
    "AWS::Kinesis::Stream": {"WarmThroughputObject": "the account keeps no warm throughput"},
    "AWS::Lambda::Function": dict.fromkeys(
        ("SnapStartResponse",),
        "functions are not snapshotted here, and SnapStart is refused",
    ),
    "AWS::SageMaker::ProcessingJob": {
        **dict.fromkeys(
            ("ExitMessage", "FailureReason", "ProcessingEndTime", "ProcessingStartTime"),
            "a job that has just been created has not run",
        ),
        **dict.fromkeys(
            ("AutoMLJobArn", "MonitoringScheduleArn", "TrainingJobArn"),
            "only a job that another feature of SageMaker made has one",
        ),
    },
    "AWS::S3::Bucket": dict.fromkeys(
        ("MetadataConfiguration", "MetadataTableConfiguration"),
        "buckets have no metadata tables here, and their configuration is refused",
    ),
    "AWS::Glue::Partition": {"IdentifierPartitionInputValues": "AWS does not say how it writes the values"},
    "AWS::EC2::VPC": {"VpcEncryptionControl": "the account has no encryption control of VPCs"},
}
"""Type → attribute of CloudFormation's schema → why nothing in the account could tell it."""


@dataclass
class Staged:
    """A resource that exists, with the properties it was given last."""

    resource: Resource
    physical: Physical
    properties: dict[str, Any]

    @property
    def id(self) -> str:
        return self.physical.id

    def attribute(self, name: str) -> Any:
        return self.physical.attributes[name]

    def update(self, *without: str, **changed: Any) -> None:
        """The properties with some changed or left out; every changed one must be read."""
        new = {name: value for name, value in {**self.properties, **changed}.items() if name not in without}
        differing = {name for name in new if new[name] != self.properties.get(name)} | set(without)
        assert not differing & _tails(self.resource.type, "createOnlyProperties"), "it would be replaced"
        after = replace(self.resource, properties=Properties(new))
        row = row_of(self.resource.type)
        assert row.update is not None
        before = Properties(self.properties)
        self.physical = row.update(after, self.physical, before)
        left = set(without) - after.properties.asked - before.asked
        assert not left, f"the update did not ask for {left}, which are taken away"
        unread = {path.split(".")[0] for path in after.properties.unread()}
        assert not unread & differing, f"the update did not read {unread & differing}"
        self.resource, self.properties = after, new

    def read(self) -> Any:
        reading = row_of(self.resource.type).read
        assert reading is not None
        return reading(self.resource, self.physical)

    def in_sync(self) -> bool:
        """What the template sets is as the account has it."""
        told = self.read() or {}
        return all(told[name] == value for name, value in self.properties.items() if name in told)

    def delete(self) -> None:
        row_of(self.resource.type).delete(self.resource, self.physical)


def made(
    kind: str, /, *, tags: dict[str, str] | None = None, name: str = "Thing", **properties: Any
) -> Staged:
    """Created from these properties, each of which was read; every Fn::GetAtt of its type has an answer."""
    resource = Resource(
        kind, name, "stack", "stack-id", ACCOUNT_ID, REGION, Properties(properties), tags or {}
    )
    row = row_of(kind)
    physical = row.create(resource)
    unread = [path for path in resource.properties.unread() if path not in row.inert]
    assert unread == []
    untold = UNTOLD.get(kind, {})
    wanted = {path for path in _tails(kind, "readOnlyProperties") if path.split(".")[0] not in untold}
    missing = wanted - set(physical.attributes)
    assert not missing, f"Fn::GetAtt {sorted(missing)} of {kind} has no answer"
    return Staged(resource, physical, properties)


def failing(kind: str, /, **properties: Any) -> ClientError:
    """How the account refuses to create it; whatever was begun is deleted, as CloudFormation does."""
    resource = Resource(kind, "Thing", "stack", "stack-id", ACCOUNT_ID, REGION, Properties(properties))
    with pytest.raises(ClientError) as refusal:
        row_of(kind).create(resource)
    for begun in resource.begun:
        row_of(kind).delete(resource, begun)
    return refusal.value


@cache
def _tails(kind: str, key: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return {path.removeprefix("/properties/").replace("/", ".") for path in schema.get(key, [])}
