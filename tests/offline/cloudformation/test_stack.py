"""Stacks through boto3: created in order, rolled back whole, refused by name, deleted to nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.resources import row_of
from offline.resources.row import Physical, Resource
from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import STREAM, create, physical_id, update


def test_a_stack_creates_its_resources_with_their_properties(sandbox: Sandbox) -> None:
    stack = create("one", {"Stream": STREAM}, Outputs={"Name": {"Value": {"Ref": "Stream"}}})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    name = stack["Outputs"][0]["OutputValue"]
    summary = boto3.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (2, 48)
    tags = boto3.client("kinesis").list_tags_for_stream(StreamName=name)["Tags"]
    assert {"Key": "lab", "Value": "test"} in tags


def test_exports_reach_other_stacks_and_hold_their_stack(sandbox: Sandbox) -> None:
    export = {"Name": {"Value": {"Ref": "Stream"}, "Export": {"Name": "stream-name"}}}
    create("exporter", {"Stream": STREAM}, Outputs=export)
    parameter = {"Type": "String", "Value": {"Fn::ImportValue": "stream-name"}}
    stack = create("importer", {"P": {"Type": "AWS::SSM::Parameter", "Properties": parameter}})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="in use by importer"):
        boto3.client("cloudformation").delete_stack(StackName="exporter")


def test_a_failing_resource_rolls_everything_back(sandbox: Sandbox) -> None:
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "missing", "PolicyDocument": {}}}
    stack = create("broken", {"Stream": STREAM, "Policy": {**policy, "DependsOn": "Stream"}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Policy (AWS::S3::BucketPolicy)" in stack["StackStatusReason"]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []


def test_refuses_an_unknown_type_before_anything_is_created(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as refused:
        create("unknown", {"Stream": STREAM, "Farm": {"Type": "AWS::DeviceFarm::Project"}})
    assert "Unrecognized resource types" in str(refused.value)
    assert "AWS::DeviceFarm::Project" in str(refused.value)
    assert "offline/resources/devicefarm.py" in str(refused.value)
    assert boto3.client("cloudformation").list_stacks()["StackSummaries"] == []


def stream(**properties: Any) -> dict[str, Any]:
    given: Any = STREAM["Properties"]
    return {**STREAM, "Properties": {**given, **properties}}


def test_refuses_a_property_that_no_row_reads(sandbox: Sandbox) -> None:
    odd = stream(WarmThroughputMiBps=1)
    stack = create("odd", {"Stream": odd})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "WarmThroughputMiBps" in stack["StackStatusReason"]
    assert "offline/resources/kinesis.py" in stack["StackStatusReason"]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []


def test_refuses_a_circle(sandbox: Sandbox) -> None:
    first = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": "B"}}}
    second = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": "A"}}}
    with pytest.raises(ClientError, match="Circular dependency"):
        create("circle", {"A": first, "B": second})


@pytest.mark.parametrize("body", ["{", "{}", "[]", '{"Resources": {}, "Surprise": 1}'])
def test_refuses_a_broken_template(sandbox: Sandbox, body: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        boto3.client("cloudformation").create_stack(StackName="bad", TemplateBody=body)


def test_refuses_an_operation_that_is_not_there(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="ListStackSets is not an operation"):
        boto3.client("cloudformation").list_stack_sets()


def test_a_deleted_stack_leaves_nothing(sandbox: Sandbox) -> None:
    stack = create("gone", {"Stream": STREAM})
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName="gone")
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []
    by_id = cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0]
    assert by_id["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="gone")


def test_a_retained_resource_outlives_its_stack(sandbox: Sandbox) -> None:
    create("keeper", {"Stream": {**STREAM, "DeletionPolicy": "Retain"}})
    boto3.client("cloudformation").delete_stack(StackName="keeper")
    assert len(boto3.client("kinesis").list_streams()["StreamNames"]) == 1


def test_yaml_templates_with_short_functions_are_read(sandbox: Sandbox) -> None:
    properties = "{Type: String, Value: !Sub '${AWS::Region}-x'}"
    body = f"Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {properties}\n"
    boto3.client("cloudformation").create_stack(StackName="yaml", TemplateBody=body)
    resource = boto3.client("cloudformation").describe_stack_resources(StackName="yaml")["StackResources"][0]
    parameter = boto3.client("ssm").get_parameter(Name=resource["PhysicalResourceId"])["Parameter"]
    assert parameter["Value"] == "us-east-1-x"


def test_text_that_only_looks_like_a_placeholder_depends_on_nothing(sandbox: Sandbox) -> None:
    properties = {"Type": "String", "Name": "/one", "Value": {"Fn::Sub": "${!name} in ${AWS::Region}"}}
    create("literal", {"One": {"Type": "AWS::SSM::Parameter", "Properties": properties}})
    found = boto3.client("ssm").get_parameter(Name="/one")["Parameter"]["Value"]
    assert found == "${name} in us-east-1"


def test_a_number_may_be_given_as_text(sandbox: Sandbox) -> None:
    days = {"Fn::FindInMap": ["Days", "dev", "kept"]}
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a", "RetentionInDays": days}}
    create("typed", {"Logs": logs}, Mappings={"Days": {"dev": {"kept": "7"}}})
    [group] = boto3.client("logs").describe_log_groups(logGroupNamePrefix="/a")["logGroups"]
    assert group["retentionInDays"] == 7


def test_what_a_cdk_app_tells_of_itself_is_taken_and_may_change(sandbox: Sandbox) -> None:
    def metadata(text: str) -> dict[str, object]:
        return {"Metadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": text}}}

    create("app", metadata("v2:a"))
    assert update("app", metadata("v2:b"))["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("kind", "properties", "told"),
    [
        ("AWS::Kinesis::Stream", {"Colour": "blue"}, "#: extraneous key [Colour] is not permitted"),
        (
            "AWS::Kinesis::Stream",
            {"ShardCount": "two"},
            "#/ShardCount: expected type: Integer, found: String",
        ),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a"}]}, "#/Tags/0: required key [Value] not found"),
        ("AWS::Logs::LogGroup", {"RetentionInDays": 6}, "for keyword [enum]"),
        (
            "AWS::Lambda::Function",
            {"Role": "me", "Code": {}},
            "#/Role: failed validation constraint for keyword [pattern]",
        ),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "\x00", "Value": "a"}]}, "for keyword [pattern]"),
    ],
)
def test_properties_that_the_type_does_not_allow_are_refused_in_aws_words(
    sandbox: Sandbox, kind: str, properties: dict[str, Any], told: str
) -> None:
    made = create("s", {"Odd": {"Type": kind, "Properties": properties}})
    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Properties validation failed for resource Odd with message:" in made["StackStatusReason"]
    assert told in made["StackStatusReason"]


def test_a_change_to_properties_that_the_type_does_not_allow_is_taken_back(sandbox: Sandbox) -> None:
    create("s", {"Stream": STREAM})
    assert (
        update("s", {"Stream": stream(RetentionPeriodHours=1)})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    )
    told = boto3.client("kinesis").describe_stream_summary(StreamName=physical_id("s", "Stream"))
    assert told["StreamDescriptionSummary"]["RetentionPeriodHours"] == 48


def test_a_fault_of_a_row_fails_its_resource_and_the_rest_is_taken_back(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(resource: Resource) -> Physical:
        raise KeyError(resource.logical_id)

    row = row_of("AWS::SNS::Topic")
    monkeypatch.setattr(  # No row is known to be broken.
        "offline.cloudformation.deployment.row_of",
        lambda kind: replace(row, create=broken) if kind == row.type else row_of(kind),
    )
    made = create("s", {"Stream": STREAM, "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Stream"}})
    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Internal Failure: " in made["StackStatusReason"]
    assert "KeyError: 'Topic'" in made["StackStatusReason"]
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []
