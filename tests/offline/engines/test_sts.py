"""AWS STS tells each caller the name that policies know it by."""

from __future__ import annotations

import json
from typing import Any

import boto3

from offline.engine import ACCOUNT_ID
from offline.sandbox import Sandbox


def test_whoever_has_keys_that_nobody_gave_out_is_the_root_user(sandbox: Sandbox) -> None:
    told = boto3.client("sts").get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (f"arn:aws:iam::{ACCOUNT_ID}:root", ACCOUNT_ID)


def test_a_role_and_a_user_are_told_by_name_and_unique_id(sandbox: Sandbox) -> None:
    iam, sts = boto3.client("iam"), boto3.client("sts")
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]
    keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    told = _as(keys).get_caller_identity()
    assert told["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/worker/me"
    assert told["UserId"] == f"{role['RoleId']}:me"
    user = iam.create_user(UserName="ann")["User"]
    told = _as(iam.create_access_key(UserName="ann")["AccessKey"]).get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (user["Arn"], user["UserId"])


def _as(keys: dict[str, Any]) -> Any:
    return boto3.client(
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )
