"""The account: closed to the outside, moved by its clock, served on loopback."""

from __future__ import annotations

import os
from datetime import timedelta

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.clock import Clock, clock
from offline.engines.s3 import default_encryption
from offline.sandbox import Sandbox


def test_credentials_of_the_environment_never_reach_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    monkeypatch.setenv("AWS_PROFILE", "real")
    with Sandbox():
        assert os.environ["AWS_ACCESS_KEY_ID"] != "real"
        assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_PROFILE"] == "real"


def test_another_client_sees_the_same_account_on_loopback(sandbox: Sandbox) -> None:
    boto3.client("s3").create_bucket(Bucket="shared-bucket")
    other = boto3.client("s3", endpoint_url=sandbox.endpoint())
    assert [bucket["Name"] for bucket in other.list_buckets()["Buckets"]] == ["shared-bucket"]


def test_advancing_moves_the_clock_exactly(sandbox: Sandbox) -> None:
    before = clock.now()
    sandbox.advance(days=60, seconds=1)
    assert clock.now() - before == timedelta(days=60, seconds=1)


@given(st.lists(st.integers(0, 10**6)))
def test_the_clock_never_goes_back(steps: list[int]) -> None:
    moved = Clock()
    for seconds in steps:
        moved.move_to(moved.now() + timedelta(seconds=seconds))
    with pytest.raises(ValueError, match="cannot go back"):
        moved.move_to(moved.now() - timedelta(seconds=1))


def test_an_object_is_encrypted_although_nobody_asked(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="plain-bucket")
    s3.put_object(Bucket="plain-bucket", Key="a", Body=b"")
    assert s3.head_object(Bucket="plain-bucket", Key="a")["ServerSideEncryption"] == "AES256"


def test_default_encryption_names_the_buckets_key() -> None:
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
        "BucketKeyEnabled": "true",
    }
    assert default_encryption({"Rule": rule}) == {
        "encryption": "aws:kms",
        "kms_key_id": "k",
        "bucket_key_enabled": "true",
    }


def test_a_model_is_read_once_however_many_sessions_there_are(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.Session().client("sqs")
    monkeypatch.setattr("botocore.loaders.json.loads", lambda *_, **__: pytest.fail("read again"))
    monkeypatch.setattr("offline.model_files._list_services", lambda *_: pytest.fail("looked through again"))
    assert boto3.Session().client("sqs").meta.service_model.operation_names
