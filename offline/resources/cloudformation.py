"""Rows of types of CloudFormation and the CDK: nested stacks, wait conditions, and custom resources, which a
function answers.

CloudFormation sends the function a request and waits until something is PUT at its `ResponseURL`.
Source: AWS CloudFormation User Guide, "Custom resource request objects" and "response objects".
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from facts import limits
from offline.cloudformation.addresses import WAIT_CONDITION, address, answers
from offline.errors import DeploymentError
from offline.resources.row import Awaited, Physical, Properties, Resource, Row

PARENT_HEADER = "x-offline-parent-stack"
"""Tells the account's CloudFormation which stack a nested stack belongs to; AWS knows."""


def create_custom_resource(resource: Resource) -> Physical:
    answer = _ask(resource, "Create", None)
    return Physical(answer["PhysicalResourceId"], answer.get("Data") or {})


def update_custom_resource(resource: Resource, custom: Physical, old: Properties) -> Physical:
    """What the function answers may have another physical id: the former one is then deleted."""
    answer = _ask(resource, "Update", custom, {"OldResourceProperties": _texts(old)})
    return Physical(answer["PhysicalResourceId"], answer.get("Data") or {})


def delete_custom_resource(resource: Resource, custom: Physical) -> None:
    _ask(resource, "Delete", custom)


def _texts(properties: Properties) -> dict[str, Any]:
    """The properties as the function sees them."""
    taken = {name: _as_text(properties.take(name)) for name in properties.names()}
    return {name: value for name, value in taken.items() if name != "ServiceTimeout"}


def _ask(
    resource: Resource, request: str, custom: Physical | None, more: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The function's answer to one request; a FAILED answer, or none, fails the stack."""
    properties = _texts(resource.properties)
    event = {
        **(more or {}),
        "RequestType": request,
        "RequestId": str(uuid.uuid4()),
        "StackId": resource.stack_id,
        "ResourceType": resource.type,
        "LogicalResourceId": resource.logical_id,
        "ResourceProperties": properties,
    }
    if custom is not None:
        event["PhysicalResourceId"] = custom.id
    with answers(f"{resource.stack_id}/{resource.logical_id}", resource.region) as (url, letters):
        invocation = resource.client("lambda").invoke(
            FunctionName=properties["ServiceToken"], Payload=json.dumps({**event, "ResponseURL": url})
        )
        outcome = invocation["Payload"].read().decode()
    if not letters:
        raise DeploymentError(
            f"{resource.type}: the function answered nothing at ResponseURL; it said: {outcome}"
        )
    return _read(letters[0])


def _read(letter: bytes) -> dict[str, Any]:
    """What a function answered, as far as it is an answer of success."""
    if len(letter) > int(limits.value("cloudformation-custom-resource-answer-bytes")):
        raise DeploymentError("Response object is too long.")
    try:
        answer = json.loads(letter)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        raise DeploymentError(
            f"Invalid response from custom resource: got {letter[:200]!r}, allowed is JSON with a Status"
        )
    if answer["Status"] == "FAILED":
        raise DeploymentError(
            f"Received response status [FAILED] from custom resource: {answer.get('Reason')}"
        )
    if not isinstance(answer.get("PhysicalResourceId"), str) or not answer["PhysicalResourceId"]:
        raise DeploymentError("Invalid PhysicalResourceId")
    return answer


def _as_text(value: Any) -> Any:
    """CloudFormation hands custom resources every scalar as text."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def create_stack(resource: Resource) -> Physical:
    """A nested stack; its outputs are attributes, as `Outputs.<name>`."""
    name, timeout = resource.name(longest=128), resource.properties.only("TimeoutInMinutes")
    created = _client(resource).create_stack(
        StackName=name, OnFailure="DELETE", **timeout, **_given(resource)
    )
    resource.nested.append(created["StackId"])
    return Physical(created["StackId"])


def _client(resource: Resource) -> Any:
    client = boto3.client("cloudformation", region_name=resource.region)
    client.meta.events.register("before-call", partial(_belongs, resource.stack_id))
    return client


def _belongs(parent: str, params: dict[str, Any], **_: Any) -> None:
    params["headers"][PARENT_HEADER] = parent


def _given(resource: Resource) -> dict[str, Any]:
    properties = resource.properties
    values = properties.take("Parameters") or {}
    found = properties.only("TemplateURL", "NotificationARNs")
    role = {"RoleARN": resource.actor.role_arn} if resource.actor.role_arn else {}
    return {
        **found,
        **role,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": _listed(value)} for name, value in values.items()
        ],
        "Tags": resource.tag_list(),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


def _listed(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(_as_text(value))


def update_stack(resource: Resource, stack: Physical, old: Properties) -> Physical:
    """The stack as its properties say; `TimeoutInMinutes` is of its creation only."""
    resource.properties.take("TimeoutInMinutes")
    try:
        _client(resource).update_stack(StackName=stack.id, **_given(resource))
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    else:
        resource.nested.append(stack.id)
    return stack


def delete_stack(resource: Resource, stack: Physical) -> None:
    stacks = _client(resource)
    stacks.delete_stack(StackName=stack.id)
    left = stacks.describe_stacks(StackName=stack.id)["Stacks"][0]
    if left["StackStatus"] != "DELETE_COMPLETE":
        raise DeploymentError(
            f"Embedded stack {stack.id} was not successfully deleted: {left.get('StackStatusReason')}"
        )


def create_wait_condition_handle(resource: Resource) -> Physical:
    """`Ref` answers the address where signals are PUT; who has it needs no credentials."""
    return Physical(address(WAIT_CONDITION, f"{resource.stack_id}/{resource.logical_id}", resource.region))


def create_wait_condition(resource: Resource) -> Physical:
    properties = resource.properties
    handle, timeout = properties.take("Handle"), properties.take("Timeout")
    count = properties.take("Count")
    if handle and timeout:
        resource.awaited.append(Awaited(int(count or 1), timedelta(seconds=int(timeout)), handle))
    elif handle or timeout or count:
        raise DeploymentError("a wait condition has Handle and Timeout, or neither of them nor Count")
    return Physical(f"{resource.stack_id}/{resource.logical_id}")


def create_metadata(resource: Resource) -> Physical:
    """What a CDK app tells of itself: nothing is made of it, here or on AWS."""
    name = resource.name()
    return Physical(name, {"Id": name})


def update_metadata(resource: Resource, metadata: Physical, old: Properties) -> Physical:
    return metadata


def leave(resource: Resource, physical: Physical) -> None:
    """Nothing of it exists but in its stack."""


ROWS = (
    Row(
        "AWS::CloudFormation::CustomResource",
        create_custom_resource,
        delete_custom_resource,
        update_custom_resource,
    ),
    Row("AWS::CloudFormation::Stack", create_stack, delete_stack, update_stack),
    Row(
        "AWS::CDK::Metadata",
        create_metadata,
        leave,
        update_metadata,
        inert=dict.fromkeys(("Analytics", "Modules"), "what an app is made of, which AWS only counts"),
    ),
    Row("AWS::CloudFormation::WaitCondition", create_wait_condition, leave),
    Row("AWS::CloudFormation::WaitConditionHandle", create_wait_condition_handle, leave),
)
