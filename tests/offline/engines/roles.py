"""Roles for tests of what services do; what roles may not do is tested in tests/offline/iam."""

from __future__ import annotations

import json

import boto3

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def role(name: str, service: str) -> str:
    """The ARN of a new role that a service may assume and that may do everything."""
    arn = idle_role(name, service)
    boto3.client("iam").put_role_policy(
        RoleName=name, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING)
    )
    return arn


def idle_role(name: str, service: str) -> str:
    """The ARN of a new role that a service may assume and that may do nothing."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
    made = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])
