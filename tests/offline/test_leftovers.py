"""What outlives its stack is found: every kind of thing that a row creates is looked for."""

from __future__ import annotations

from typing import Any

import boto3

from offline.deploy import leftovers
from offline.sandbox import Sandbox
from tests.offline.resources.stage import made

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
FOUND: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("AWS::IAM::Role", {"RoleName": "it", "AssumeRolePolicyDocument": {"Statement": ANYBODY}}, "iam role it"),
    ("AWS::IAM::User", {"UserName": "it"}, "iam user it"),
    ("AWS::IAM::Group", {"GroupName": "it"}, "iam group it"),
    ("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "it", "PolicyDocument": POLICY}, "iam policy it"),
    ("AWS::SecretsManager::Secret", {"Name": "it"}, "secretsmanager secret it"),
    (
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "it",
            "MetricName": "m",
            "Namespace": "n",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        },
        "cloudwatch alarm it",
    ),
    (
        "AWS::CloudWatch::Dashboard",
        {"DashboardName": "it", "DashboardBody": '{"widgets": []}'},
        "cloudwatch dashboard it",
    ),
    ("AWS::Events::Rule", {"Name": "it", "ScheduleExpression": "rate(1 day)"}, "events rule it"),
    (
        "AWS::Scheduler::Schedule",
        {
            "Name": "it",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::1:role/r"},
        },
        "scheduler schedule it",
    ),
    ("AWS::Scheduler::ScheduleGroup", {"Name": "it"}, "scheduler schedule group it"),
    (
        "AWS::DynamoDB::Table",
        {
            "TableName": "it",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        },
        "dynamodb table it",
    ),
    ("AWS::SNS::Topic", {}, "sns topic {id}"),
    ("AWS::SQS::Queue", {}, "sqs queue {id}"),
    ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, "ec2 vpc {id}"),
    ("AWS::EC2::EIP", {}, "ec2 elastic IP {id}"),
    ("AWS::EC2::InternetGateway", {}, "ec2 internet gateway {id}"),
    ("AWS::ECR::Repository", {"RepositoryName": "it"}, "ecr repository it"),
    ("AWS::IAM::InstanceProfile", {"InstanceProfileName": "it", "Roles": []}, "iam instance profile it"),
)


def test_everything_that_rows_create_is_found_until_it_is_deleted(sandbox: Sandbox) -> None:
    things = [(made(kind, **properties), line) for kind, properties, line in FOUND]
    assert sorted(leftovers()) == sorted(line.format(id=thing.id) for thing, line in things)
    for thing, _ in reversed(things):
        thing.delete()
    assert leftovers() == []


def test_a_nat_gateway_is_found_until_it_is_deleted(sandbox: Sandbox) -> None:
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    gateway = made("AWS::EC2::NatGateway", SubnetId=subnet, ConnectivityType="private")
    assert leftovers() == [f"ec2 nat gateway {gateway.id}"]
    gateway.delete()
    assert leftovers() == []
