"""The clock of a served account runs, can be moved from outside, and all of the account goes by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from offline.clock import Clock
from offline.sandbox import Sandbox
from offline.server import Server
from tests.offline.engines.roles import role
from tests.offline.server.conftest import ClientOf
from tests.offline.server.wire import Got, send

JSON = {"Content-Type": "application/json"}


def advance(server: Server, seconds: Any) -> Got:
    return send(server, "POST", "/_sandbox/clock", json.dumps({"seconds": seconds}), JSON)


def about_now(moment: datetime, ahead: timedelta = timedelta()) -> bool:
    return abs(moment - datetime.now(UTC) - ahead) < timedelta(minutes=5)


def test_a_running_clock_follows_the_machines_and_keeps_its_lead() -> None:
    clock = Clock()
    clock.run()
    assert about_now(clock.now())
    clock.move_to(clock.now() + timedelta(days=60))
    assert about_now(clock.now(), timedelta(days=60))
    clock.move_to(clock.now() - timedelta(days=1))
    assert about_now(clock.now(), timedelta(days=60))


def test_a_running_clock_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.run(timedelta(days=1))
    before = clock.now()
    clock.ahead = timedelta()  # as if the machine's clock were set back a day
    assert clock.now() == before


def test_what_was_signed_keeps_its_moment_while_the_account_goes_ahead() -> None:
    clock, signed = Clock(), datetime.now(UTC) - timedelta(minutes=1)
    clock.run(timedelta(days=1))
    clock.move_to(clock.now() + timedelta(days=60))
    clock.move_to(clock.now() + timedelta(days=60))
    assert clock.when_signed(signed) == signed + timedelta(days=1)
    assert about_now(clock.when_signed(datetime.now(UTC)), timedelta(days=121))


def test_the_account_tells_its_time(server: Server) -> None:
    got = send(server, "GET", "/_sandbox/clock")
    assert got.json["runs"] is True
    assert about_now(datetime.fromisoformat(got.json["now"]))


def test_time_passes_when_asked_to(server: Server, client_of: ClientOf) -> None:
    got = advance(server, 60 * 86400)
    days = datetime.fromisoformat(got.json["now"]) - datetime.fromisoformat(got.json["from"])
    assert timedelta(days=60) <= days < timedelta(days=60, minutes=5)
    dated = client_of("sts").get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert about_now(parsedate_to_datetime(dated), timedelta(days=60))


@pytest.mark.parametrize("seconds", [-1, "60", None, True, 1e300, [1]])
def test_refuses_what_is_no_time(server: Server, seconds: Any) -> None:
    got = advance(server, seconds)
    assert got.status == 400
    assert "allowed" in got.json["message"]


def test_refuses_pages_of_other_sites(server: Server) -> None:
    body = json.dumps({"seconds": 1})
    assert send(server, "POST", "/_sandbox/clock", body, {"Content-Type": "text/plain"}).status == 415
    assert send(server, "POST", "/_sandbox/clock", body, JSON | {"Host": "evil.example"}).status == 403


def test_what_moto_stamps_is_in_the_accounts_time(server: Server, client_of: ClientOf) -> None:
    advance(server, 60 * 86400)
    s3, kms, kinesis, logs = (client_of(name) for name in ("s3", "kms", "kinesis", "logs"))
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"")
    key = kms.create_key()["KeyMetadata"]
    gone = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)["DeletionDate"]
    kinesis.create_stream(StreamName="flights", ShardCount=1)
    logs.create_log_group(logGroupName="g")
    created = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    moments = (
        s3.list_buckets()["Buckets"][0]["CreationDate"],
        s3.head_object(Bucket="lake", Key="a")["LastModified"],
        key["CreationDate"],
        gone - timedelta(days=7),
        kinesis.describe_stream_summary(StreamName="flights")["StreamDescriptionSummary"][
            "StreamCreationTimestamp"
        ],
        datetime.fromtimestamp(created / 1000, UTC),
    )
    assert [about_now(moment, timedelta(days=60)) for moment in moments] == [True] * len(moments)


def test_in_process_moto_stamps_the_time_that_stands_still(sandbox: Sandbox) -> None:
    import boto3

    boto3.client("logs").create_log_group(logGroupName="g")
    created = boto3.client("logs").describe_log_groups()["logGroups"][0]["creationTime"]
    assert created == sandbox.clock.epoch() * 1000


def test_lifecycle_rules_apply_at_the_midnights_of_a_running_clock(
    server: Server, client_of: ClientOf
) -> None:
    s3 = client_of("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"")
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": [rule]})
    advance(server, 29 * 86400)
    assert s3.list_objects_v2(Bucket="lake")["KeyCount"] == 1
    advance(server, 3 * 86400)
    assert s3.list_objects_v2(Bucket="lake")["KeyCount"] == 0


def test_firehose_delivers_when_its_interval_has_passed(server: Server, client_of: ClientOf) -> None:
    client_of("s3").create_bucket(Bucket="lake")
    firehose = client_of("firehose")
    hints = {"SizeInMBs": 5, "IntervalInSeconds": 300}
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role("delivery", "firehose.amazonaws.com"),
            "BucketARN": "arn:aws:s3:::lake",
            "BufferingHints": hints,
        },
    )
    firehose.put_record(DeliveryStreamName="flights", Record={"Data": b"late\n"})
    assert client_of("s3").list_objects_v2(Bucket="lake")["KeyCount"] == 0
    advance(server, 301)
    assert client_of("s3").list_objects_v2(Bucket="lake")["KeyCount"] == 1
