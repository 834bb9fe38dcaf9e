"""Updates: in place or by replacement, planned before, undone when they fail."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import (
    STREAM,
    body,
    create,
    events,
    parameter,
    parameters_of_account,
    physical_id,
    stack,
    update,
    value_of,
)

NO_BUCKET = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "missing", "PolicyDocument": {}}}


def named(name: str, value: str = "v") -> dict[str, object]:
    return parameter(value) | {"Properties": {"Type": "String", "Value": value, "Name": name}}


def test_a_property_changes_in_place(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("before"), "Q": parameter({"Fn::GetAtt": ["P", "Value"]})})
    before = physical_id("one", "P")
    updated = update("one", {"P": parameter("after"), "Q": parameter({"Fn::GetAtt": ["P", "Value"]})})
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    assert physical_id("one", "P") == before
    assert (value_of("one", "P"), value_of("one", "Q")) == ("after", "after")


def test_a_create_only_property_replaces_the_resource(sandbox: Sandbox) -> None:
    create("one", {"P": named("/first"), "Q": parameter({"Ref": "P"})})
    update("one", {"P": named("/second"), "Q": parameter({"Ref": "P"})})
    assert value_of("one", "Q") == "/second"
    assert "/first" not in parameters_of_account()
    statuses = [status for logical_id, status in events("one") if logical_id == "P"]
    assert statuses[2:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_resources_come_and_go_with_the_template(sandbox: Sandbox) -> None:
    create("one", {"Old": parameter("a"), "Kept": parameter("b")})
    update("one", {"Kept": parameter("b"), "New": parameter("c")})
    resources = boto3.client("cloudformation").list_stack_resources(StackName="one")["StackResourceSummaries"]
    assert {one["LogicalResourceId"] for one in resources} == {"Kept", "New"}
    assert len(parameters_of_account()) == 2


def test_a_removed_resource_may_be_retained(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a", DeletionPolicy="Retain"), "Q": parameter("b")})
    update("one", {"Q": parameter("b")})
    assert ("P", "DELETE_SKIPPED") in events("one")
    assert len(parameters_of_account()) == 2


def test_nothing_to_change_is_an_error(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    cloudformation = boto3.client("cloudformation")
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        cloudformation.update_stack(StackName="one", UsePreviousTemplate=True)


def test_a_failing_update_is_undone(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("before"), "R": named("/kept"), "Gone": parameter("still here")})
    update_to = {
        "P": parameter("after"),
        "R": named("/other"),
        "New": parameter("x"),
        "Broken": {**NO_BUCKET, "DependsOn": ["P", "R", "New"]},
    }
    updated = update("one", update_to)
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Broken" in updated["StackStatusReason"]
    assert (value_of("one", "P"), value_of("one", "Gone")) == ("before", "still here")
    assert physical_id("one", "R") == "/kept"
    assert len(parameters_of_account()) == 3
    assert update("one", {"P": parameter("again"), "R": named("/kept")})["StackStatus"] == "UPDATE_COMPLETE"


def test_a_failed_update_may_stay_and_be_taken_back(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("before")})
    cloudformation = boto3.client("cloudformation")
    template = body({"P": parameter("after"), "Broken": {**NO_BUCKET, "DependsOn": "P"}})
    cloudformation.update_stack(StackName="one", TemplateBody=template, DisableRollback=True)
    assert stack("one")["StackStatus"] == "UPDATE_FAILED"
    assert value_of("one", "P") == "after"
    cloudformation.rollback_stack(StackName="one")
    assert stack("one")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert value_of("one", "P") == "before"


def test_a_stack_that_failed_to_come_about_cannot_be_updated(sandbox: Sandbox) -> None:
    create("one", {"Broken": NO_BUCKET})
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        update("one", {"P": parameter("a")})


def test_another_type_under_the_same_name_is_refused(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    with pytest.raises(ClientError, match="Update of resource type is not permitted"):
        update("one", {"P": STREAM})


def test_a_custom_name_cannot_be_replaced(sandbox: Sandbox) -> None:
    create("one", {"Stream": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}})
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}}
    cloudformation = boto3.client("cloudformation")
    arguments = {"StackName": "roles", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation.create_stack(TemplateBody=body({"R": role}), **arguments)
    moved = {**role, "Properties": {**role["Properties"], "Path": "/elsewhere/"}}  # type: ignore[dict-item]
    cloudformation.update_stack(TemplateBody=body({"R": moved}), **arguments)
    assert stack("roles")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename r and update the stack again" in stack("roles")["StackStatusReason"]


TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def test_an_export_in_use_keeps_its_value(sandbox: Sandbox) -> None:
    def exporting(value: str) -> dict[str, object]:
        return {"Out": {"Value": value, "Export": {"Name": "shared"}}}

    create("exporter", {"P": parameter("a")}, Outputs=exporting("one"))
    create("importer", {"Q": parameter({"Fn::ImportValue": "shared"})})
    changed = update("exporter", {"P": parameter("a")}, Outputs=exporting("two"))
    assert changed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export shared cannot be updated as it is in use by importer" in changed["StackStatusReason"]
    imports = boto3.client("cloudformation").list_imports(ExportName="shared")["Imports"]
    assert imports == ["importer"]
    update("importer", {"Q": parameter("on its own")})
    assert (
        update("exporter", {"P": parameter("a")}, Outputs=exporting("two"))["StackStatus"]
        == "UPDATE_COMPLETE"
    )


def test_stack_tags_reach_resources_when_they_change(sandbox: Sandbox) -> None:
    create("one", {"Stream": STREAM})
    boto3.client("cloudformation").update_stack(
        StackName="one", UsePreviousTemplate=True, Tags=[{"Key": "lab", "Value": "other"}]
    )
    tags = boto3.client("kinesis").list_tags_for_stream(StreamName=physical_id("one", "Stream"))["Tags"]
    assert tags == [{"Key": "lab", "Value": "other"}]


def test_a_stack_policy_denies_what_it_does_not_allow(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a"), "Q": parameter("b")})
    allow = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    deny = {
        "Effect": "Deny",
        "Action": "Update:Modify",
        "Principal": "*",
        "Resource": "LogicalResourceId/P",
    }
    cloudformation = boto3.client("cloudformation")
    policy = json.dumps({"Statement": [allow, deny]})
    cloudformation.set_stack_policy(StackName="one", StackPolicyBody=policy)
    assert (
        json.loads(cloudformation.get_stack_policy(StackName="one")["StackPolicyBody"])["Statement"][1]
        == deny
    )
    refused = update("one", {"P": parameter("x"), "Q": parameter("b")})
    assert "Action denied by stack policy" in refused["StackStatusReason"]
    assert update("one", {"P": parameter("a"), "Q": parameter("y")})["StackStatus"] == "UPDATE_COMPLETE"
    override = json.dumps({"Statement": [allow]})
    cloudformation.update_stack(
        StackName="one",
        TemplateBody=body({"P": parameter("x"), "Q": parameter("y")}),
        StackPolicyDuringUpdateBody=override,
    )
    assert value_of("one", "P") == "x"


def test_termination_protection_keeps_a_stack(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    cloudformation = boto3.client("cloudformation")
    cloudformation.update_termination_protection(StackName="one", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        cloudformation.delete_stack(StackName="one")
    cloudformation.update_termination_protection(StackName="one", EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName="one")
    assert parameters_of_account() == set()


def test_capabilities_are_asked_for(sandbox: Sandbox) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        create("roles", {"R": role})
    named_role = {**role, "Properties": {**role["Properties"], "RoleName": "r"}}  # type: ignore[dict-item]
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        boto3.client("cloudformation").create_stack(
            StackName="roles", TemplateBody=body({"R": named_role}), Capabilities=["CAPABILITY_IAM"]
        )


def test_a_stack_tag_that_is_gone_leaves_the_resources(sandbox: Sandbox) -> None:
    create("one", {"Stream": STREAM})
    boto3.client("cloudformation").update_stack(
        StackName="one", UsePreviousTemplate=True, Tags=[{"Key": "owner", "Value": "ada"}]
    )
    tags = boto3.client("kinesis").list_tags_for_stream(StreamName=physical_id("one", "Stream"))["Tags"]
    assert tags == [{"Key": "owner", "Value": "ada"}]


def test_a_property_that_an_update_would_leave_behind_is_refused_by_name(sandbox: Sandbox) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {}}
    lets = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [{"Fn::GetAtt": "Bucket.Arn"}, {"Fn::Sub": "${Bucket.Arn}/*"}],
    }
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [lets]}},
    }
    trail = {
        "Type": "AWS::CloudTrail::Trail",
        "DependsOn": "Policy",
        "Properties": {"S3BucketName": {"Ref": "Bucket"}, "IsLogging": True, "EnableLogFileValidation": True},
    }
    created = create("one", {"Bucket": bucket, "Policy": policy, "Trail": trail})
    assert created["StackStatus"] == "CREATE_COMPLETE", created.get("StackStatusReason")
    kept = {"S3BucketName": {"Ref": "Bucket"}, "IsLogging": True}
    updated = update("one", {"Bucket": bucket, "Policy": policy, "Trail": {**trail, "Properties": kept}})
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "['EnableLogFileValidation'] are taken away and would stay" in updated["StackStatusReason"]
