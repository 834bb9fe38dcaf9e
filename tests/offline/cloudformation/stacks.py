"""Stacks for the tests, made and changed through boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3

STREAM = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2, "RetentionPeriodHours": 48}}


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    """A Systems Manager parameter: the smallest resource there is."""
    definition = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    return {**definition, **more}


def body(resources: dict[str, Any], **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


def create(name: str, resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A new stack, as described afterwards."""
    boto3.client("cloudformation").create_stack(
        StackName=name, TemplateBody=body(resources, **sections), Tags=[{"Key": "lab", "Value": "test"}]
    )
    return stack(name)


def update(name: str, resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """The stack after an update."""
    boto3.client("cloudformation").update_stack(StackName=name, TemplateBody=body(resources, **sections))
    return stack(name)


def stack(name: str) -> dict[str, Any]:
    described: dict[str, Any] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return described


def physical_id(name: str, logical_id: str) -> str:
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=name, LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def value_of(name: str, logical_id: str) -> str:
    """The value of a stack's parameter, as Systems Manager has it."""
    found = boto3.client("ssm").get_parameter(Name=physical_id(name, logical_id))
    return str(found["Parameter"]["Value"])


def events(name: str) -> list[tuple[str, str]]:
    """Logical ids and statuses, the oldest first."""
    found = boto3.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def parameters_of_account() -> set[str]:
    return {one["Name"] for one in boto3.client("ssm").describe_parameters()["Parameters"]}
