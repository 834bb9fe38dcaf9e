"""`labs leftovers`: what stands is found, what is gone is not, and what nobody could look at is told."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from labs.cli import app
from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["leftovers", *arguments])


def found(*nouns: str, code: int = 6) -> list[str]:
    result = labs(*nouns, "--json")
    assert result.exit_code == code, result.output
    told = json.loads(result.stdout)
    assert told["not_checked"] == []
    listed = told["found"]
    assert isinstance(listed, list)
    return listed


def test_what_is_deployed_is_left_over_until_it_is_destroyed(sandbox: Sandbox) -> None:
    assert found(code=0) == []
    deploy(assembly(), sandbox)
    left = found("lake", "streaming")
    assert "stack ml-labs-lake (CREATE_COMPLETE)" in left
    assert any(":firehose:" in one for one in left)
    assert any(":iam::" in one and ":role/ml-labs-lake-" in one for one in left)
    assert len(left) == len(set(left))
    assert not any("ml-labs-query" in one for one in left)
    assert CliRunner().invoke(app, ["destroy", "--on", "aws", "--yes"]).exit_code == 0
    result = labs()
    assert (result.exit_code, "nothing is left of lake" in result.stdout) == (0, True), result.stderr


def test_a_log_group_or_bucket_without_a_tag_is_found_by_its_name(sandbox: Sandbox) -> None:
    logs, s3 = boto3.client("logs"), boto3.client("s3")
    for name in (
        "/aws/lambda/ml-labs-lake-Function1",
        "/aws/vendedlogs/states/ml-labs-lake",
        "/aws/lambda/other",
    ):
        logs.create_log_group(logGroupName=name)
    for name in ("ml-labs-lake-logs-1a", "ml-labs-lakehouse", "my-ml-labs-lake-copy"):
        s3.create_bucket(Bucket=name)
    assert [one.rpartition(":")[2] for one in found("lake")] == [
        "/aws/lambda/ml-labs-lake-Function1",
        "/aws/vendedlogs/states/ml-labs-lake",
        "ml-labs-lake-logs-1a",
    ]
    assert found("query", code=0) == []


def test_a_key_counts_until_it_waits_for_its_deletion(sandbox: Sandbox) -> None:
    kms = boto3.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "lab", "TagValue": "lake"}])["KeyMetadata"]
    assert found("lake") == [key["Arn"]]
    assert found("query", code=0) == []
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert found("lake", code=0) == []


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    real = BaseClient._make_api_call

    def call(client: Any, name: str, arguments: Any) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, name)
        return real(client, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_a_refused_look_is_no_clean_account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "GetResources")
    result = labs("lake")
    assert result.exit_code == 5
    assert "not checked: tagged resources: AccessDenied: not allowed" in result.stderr
    assert "nothing is left" not in result.stdout
    assert json.loads(labs("--json").stdout)["not_checked"] == ["tagged resources: AccessDenied: not allowed"]


def test_what_is_found_beside_a_refused_look_is_still_told(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("s3").create_bucket(Bucket="ml-labs-lake-x")
    refuse(monkeypatch, "DescribeLogGroups")
    result = labs("lake")
    assert result.exit_code == 6
    assert "arn:aws:s3:::ml-labs-lake-x" in result.stderr
    assert "not checked: log groups: AccessDenied" in result.stderr


def test_offline_nothing_can_be_left() -> None:
    result = labs("--on", "offline")
    assert (result.exit_code, "vanishes with its process" in result.stdout) == (0, True)
    assert json.loads(labs("--on", "offline", "--json").stdout) == {"found": [], "not_checked": []}


def test_refuses_an_unknown_lab() -> None:
    assert labs("qury").exit_code == 2
