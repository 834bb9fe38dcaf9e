"""Who asks, as STS tells it: the root user, a user, a session of a role."""

from __future__ import annotations

import json
from typing import Any

import boto3

from offline.engine import ACCOUNT_ID
from offline.sandbox import Sandbox

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT_ID}}],
}


def identity(**keys: str) -> tuple[str, str, str]:
    found: dict[str, Any] = boto3.client("sts", **keys).get_caller_identity()
    return found["UserId"], found["Account"], found["Arn"]


def test_a_key_that_nobody_was_given_is_the_root_users(sandbox: Sandbox) -> None:
    assert identity() == (ACCOUNT_ID, ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root")


def test_a_user_is_told_by_its_key(sandbox: Sandbox) -> None:
    iam = boto3.client("iam")
    user = iam.create_user(UserName="ann")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert identity(**keys, aws_session_token="") == (user["UserId"], ACCOUNT_ID, user["Arn"])


def test_a_session_is_told_by_its_role_and_name(sandbox: Sandbox) -> None:
    boto3.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
    assumed = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/worker", RoleSessionName="now"
    )
    given = assumed["Credentials"]
    user_id, account, arn = identity(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert (account, arn) == (ACCOUNT_ID, f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/worker/now")
    assert user_id == assumed["AssumedRoleUser"]["AssumedRoleId"]
