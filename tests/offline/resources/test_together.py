"""One stack of everything: its resources refer to each other, work together and go together."""

from __future__ import annotations

import doctest
import json
from importlib import import_module
from typing import Any

import boto3
import pytest

from offline.deploy import leftovers
from offline.sandbox import Sandbox


def allow(action: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def get(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


RESOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "Role": ("IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
    "MaySend": (
        "IAM::Policy",
        {"PolicyName": "send", "PolicyDocument": allow("sqs:SendMessage"), "Roles": [ref("Role")]},
    ),
    "Group": ("IAM::Group", {}),
    "User": ("IAM::User", {"Groups": [ref("Group")]}),
    "Key": ("IAM::AccessKey", {"UserName": ref("User")}),
    "Readers": ("IAM::ManagedPolicy", {"PolicyDocument": allow("s3:GetObject"), "Users": [ref("User")]}),
    "Profile": ("IAM::InstanceProfile", {"Roles": [ref("Role")]}),
    "Vpc": ("EC2::VPC", {"CidrBlock": "10.0.0.0/16"}),
    "Subnet": ("EC2::Subnet", {"VpcId": ref("Vpc"), "CidrBlock": "10.0.0.0/24"}),
    "Table": ("EC2::RouteTable", {"VpcId": ref("Vpc")}),
    "Link": (
        "EC2::SubnetRouteTableAssociation",
        {"RouteTableId": ref("Table"), "SubnetId": ref("Subnet")},
    ),
    "Gateway": ("EC2::InternetGateway", {}),
    "Attachment": (
        "EC2::VPCGatewayAttachment",
        {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Gateway")},
    ),
    "Way": (
        "EC2::Route",
        {"RouteTableId": ref("Table"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("Gateway")},
    ),
    "Address": ("EC2::EIP", {"Domain": "vpc"}),
    "Nat": ("EC2::NatGateway", {"SubnetId": ref("Subnet"), "AllocationId": get("Address", "AllocationId")}),
    "Guard": ("EC2::SecurityGroup", {"GroupDescription": "d", "VpcId": ref("Vpc")}),
    "Inside": (
        "EC2::SecurityGroupIngress",
        {"GroupId": get("Guard", "GroupId"), "IpProtocol": "-1", "SourceSecurityGroupId": ref("Guard")},
    ),
    "Endpoint": (
        "EC2::VPCEndpoint",
        {
            "VpcId": ref("Vpc"),
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            "RouteTableIds": [ref("Table")],
        },
    ),
    "Version": ("SSM::Parameter", {"Type": "String", "Value": get("Vpc", "DefaultNetworkAcl")}),
    "Secret": ("SecretsManager::Secret", {"GenerateSecretString": {"PasswordLength": 20}}),
    "Topic": ("SNS::Topic", {}),
    "Queue": ("SQS::Queue", {}),
    "OfQueue": ("SQS::QueuePolicy", {"Queues": [ref("Queue")], "PolicyDocument": allow("sqs:*")}),
    "Subscription": (
        "SNS::Subscription",
        {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": get("Queue", "Arn")},
    ),
    "Items": (
        "DynamoDB::Table",
        {
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        },
    ),
    "Images": ("ECR::Repository", {"EmptyOnDelete": True}),
    "Alarm": (
        "CloudWatch::Alarm",
        {
            "MetricName": "m",
            "Namespace": "n",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [ref("Topic")],
        },
    ),
    "Board": ("CloudWatch::Dashboard", {"DashboardBody": '{"widgets": []}'}),
    "Schedules": ("Scheduler::ScheduleGroup", {}),
    "Daily": (
        "Scheduler::Schedule",
        {
            "GroupName": ref("Schedules"),
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": get("Queue", "Arn"), "RoleArn": get("Role", "Arn"), "Input": "daily"},
        },
    ),
    "Hourly": (
        "Events::Rule",
        {
            "ScheduleExpression": "rate(1 hour)",
            "Targets": [{"Id": "queue", "Arn": get("Queue", "Arn"), "Input": "hourly"}],
        },
    ),
}
WAITS = {"Way": "Attachment", "Address": "Attachment"}


def template() -> str:
    resources = {
        name: {
            "Type": f"AWS::{kind}",
            "Properties": properties,
            **({"DependsOn": WAITS[name]} if name in WAITS else {}),
        }
        for name, (kind, properties) in RESOURCES.items()
    }
    return json.dumps({"Resources": resources, "Outputs": {"Inbox": {"Value": ref("Queue")}}})


def test_a_stack_of_everything_works_and_leaves_nothing(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName="all", TemplateBody=template(), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    [stack] = cloudformation.describe_stacks(StackName="all")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    sandbox.advance(hours=2)
    inbox = stack["Outputs"][0]["OutputValue"]
    found = boto3.client("sqs").receive_message(QueueUrl=inbox, MaxNumberOfMessages=10)
    assert [message["Body"] for message in found["Messages"]] == ["daily", "hourly", "hourly"]
    cloudformation.delete_stack(StackName="all")
    assert leftovers() == []


@pytest.mark.parametrize(
    "module",
    [
        "engines.lambda_.discarded",
        "engines.lambda_.mapping",
        "engines.lambda_.shards",
        "engines.sagemaker.processing",
        "engines.targets",
        "engines.timetable",
        "resources.change",
        "resources.shape",
        "resources.reading.values",
    ],
)
def test_examples_in_documentation_hold(module: str) -> None:
    outcome = doctest.testmod(import_module(f"offline.{module}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
