"""In whose name a stack is deployed: its service role's, or the caller's."""

from __future__ import annotations

import json

import boto3

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import STREAM, body, stack

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def allowing(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def role(name: str, *actions: str) -> str:
    iam = boto3.client("iam")
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowing(*actions))
    return arn


def test_a_service_role_bounds_what_a_stack_can_create(sandbox: Sandbox) -> None:
    cloudformation, template = boto3.client("cloudformation"), body({"Stream": STREAM})
    weak = role("weak", "kinesis:DescribeStreamSummary")
    cloudformation.create_stack(StackName="one", TemplateBody=template, RoleARN=weak)
    assert stack("one")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: kinesis:CreateStream" in stack("one")["StackStatusReason"]
    strong = role("strong", "kinesis:*")
    cloudformation.create_stack(StackName="two", TemplateBody=template, RoleARN=strong)
    assert (stack("two")["StackStatus"], stack("two")["RoleARN"]) == ("CREATE_COMPLETE", strong)
    cloudformation.delete_stack(StackName="two")
    assert boto3.client("kinesis").list_streams()["StreamNames"] == []


def test_without_a_role_the_caller_needs_the_permissions(sandbox: Sandbox) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=allowing("cloudformation:*"))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    ada = boto3.client(
        "cloudformation",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=None,
    )
    ada.create_stack(StackName="one", TemplateBody=body({"Stream": STREAM}))
    assert "user/ada is not authorized to perform: kinesis:CreateStream" in stack("one")["StackStatusReason"]
    iam.put_user_policy(UserName="ada", PolicyName="q", PolicyDocument=allowing("kinesis:*"))
    ada.create_stack(StackName="two", TemplateBody=body({"Stream": STREAM}))
    assert stack("two")["StackStatus"] == "CREATE_COMPLETE"
