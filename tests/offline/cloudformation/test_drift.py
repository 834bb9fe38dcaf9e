"""Drift: what somebody changed by hand is found, property by property."""

from __future__ import annotations

import json

import boto3

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import STREAM, create, parameter, physical_id


def drifts(name: str) -> dict[str, dict[str, object]]:
    cloudformation = boto3.client("cloudformation")
    id = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    assert status["DetectionStatus"] == "DETECTION_COMPLETE"
    found = cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    return {one["LogicalResourceId"]: one for one in found}


def test_an_untouched_stack_is_in_sync(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a"), "Stream": STREAM})
    found = drifts("one")
    assert {one["StackResourceDriftStatus"] for one in found.values()} == {"IN_SYNC"}


def test_a_change_by_hand_is_found(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a"), "Stream": STREAM})
    boto3.client("ssm").put_parameter(Name=physical_id("one", "P"), Value="b", Overwrite=True)
    found = drifts("one")
    assert found["P"]["StackResourceDriftStatus"] == "MODIFIED"
    assert found["P"]["PropertyDifferences"] == [
        {
            "PropertyPath": "/Value",
            "ExpectedValue": "a",
            "ActualValue": "b",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    described = boto3.client("cloudformation").describe_stacks(StackName="one")["Stacks"][0]
    assert described["DriftInformation"]["StackDriftStatus"] == "DRIFTED"


def test_a_resource_deleted_by_hand_is_found(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    boto3.client("ssm").delete_parameter(Name=physical_id("one", "P"))
    assert drifts("one")["P"]["StackResourceDriftStatus"] == "DELETED"


def test_what_no_service_tells_is_no_drift(sandbox: Sandbox) -> None:
    login = {"Password": "Correct-Horse-1", "PasswordResetRequired": True}
    user = {"Type": "AWS::IAM::User", "Properties": {"LoginProfile": login}}
    cloudformation = boto3.client("cloudformation")
    template = json.dumps({"Resources": {"User": user}})
    cloudformation.create_stack(StackName="one", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert drifts("one")["User"]["StackResourceDriftStatus"] == "IN_SYNC"
