"""What trails and access logs have heard and not yet delivered outlives the process."""

from __future__ import annotations

import json
from pathlib import Path

import boto3

from tests.offline.engines import test_cloudtrail as cloudtrail
from tests.offline.engines.s3 import test_server_logs as server_logs
from tests.offline.state.restarted import account


def test_events_that_were_heard_are_delivered_by_the_next_process(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        cloudtrail.trail(EnableLogFileValidation=True)
        state.commit()
        boto3.client("kms").create_key(Description="first")
        state.commit()
        boto3.client("s3").put_object(Bucket=cloudtrail.LAKE, Key="a", Body=b"1")
        boto3.client("s3").get_object(Bucket=cloudtrail.LAKE, Key="a")["Body"].read()
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(hours=1)
        names = [event["eventName"] for event in cloudtrail.events("CreateKey", "PutObject", "GetObject")]
        assert names == ["CreateKey", "PutObject", "GetObject"]
        [fingerprint] = [one["Fingerprint"] for one in _keys()]
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(hours=1)
        assert [one["Fingerprint"] for one in _keys()] == [fingerprint], "digests go on with the same key"
        before, after = cloudtrail.objects("CloudTrail-Digest").values()
        assert after["previousDigestS3Object"] == before["digestS3Object"]
        assert json.dumps(after).count(fingerprint) == 1


def _keys() -> list[dict[str, str]]:
    found: list[dict[str, str]] = boto3.client("cloudtrail").list_public_keys()["PublicKeyList"]
    return found


def test_lines_that_were_written_are_delivered_by_the_next_process(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        s3 = server_logs.logged()
        s3.put_object(Bucket=server_logs.LAKE, Key="a", Body=b"1")
        state.commit()
        s3.head_object(Bucket=server_logs.LAKE, Key="a")
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(hours=1)
        operations = [one["operation"] for one in server_logs.records(boto3.client("s3"))]
        assert operations == ["REST.PUT.LOGGING_STATUS", "REST.PUT.OBJECT", "REST.HEAD.OBJECT"]
