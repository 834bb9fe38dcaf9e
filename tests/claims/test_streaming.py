"""What the notes say of Kinesis and Firehose (section 1.4)."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import botocore.session
import pytest

from facts import limits
from facts.sizing import shards
from offline.sandbox import Sandbox
from tests.claims.test_lake import CAPACITY, of_type, properties
from tests.offline.engines.test_kinesis import iterator, put, read, stream


@pytest.mark.claim("c-1.4-011")
def test_a_partition_key_goes_to_one_shard_and_keeps_its_order(sandbox: Sandbox) -> None:
    kinesis = stream(4)
    for number in range(50):
        kinesis.put_record(StreamName="events", Data=str(number).encode(), PartitionKey="one-key")
    held = {
        shard["ShardId"]: (shard["HashKeyRange"], read(kinesis, "TRIM_HORIZON", shard=shard["ShardId"]))
        for shard in kinesis.list_shards(StreamName="events")["Shards"]
    }
    [(span, records)] = [found for found in held.values() if found[1]]
    assert [int(record["Data"]) for record in records] == list(range(50))
    numbers = [int(record["SequenceNumber"]) for record in records]
    assert all(before < after for before, after in pairwise(numbers))
    digest = int(hashlib.md5(b"one-key").hexdigest(), 16)
    assert int(span["StartingHashKey"]) <= digest <= int(span["EndingHashKey"])


@pytest.mark.claim("c-1.4-014")
def test_records_can_be_read_again(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 20)
    first = read(kinesis, "TRIM_HORIZON")
    sandbox.advance(seconds=10)
    assert read(kinesis, "TRIM_HORIZON") == first
    assert len(first) == 20


@pytest.mark.claim("c-1.4-015")
def test_two_applications_read_the_same_stream_each_at_its_own_place(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 20)
    one, other = iterator(kinesis, "TRIM_HORIZON"), iterator(kinesis, "TRIM_HORIZON")
    quick = kinesis.get_records(ShardIterator=one)["Records"]
    slow: list[Any] = []
    for _ in range(4):
        answer = kinesis.get_records(ShardIterator=other, Limit=5)
        slow, other = slow + answer["Records"], answer["NextShardIterator"]
        sandbox.advance(seconds=1)
    assert slow == quick


@pytest.mark.claim("c-1.4-016")
def test_the_api_has_no_way_to_delete_or_change_a_record() -> None:
    operations = botocore.session.get_session().get_service_model("kinesis").operation_names
    assert not [name for name in operations if "Record" in name and name.startswith(("Delete", "Remove"))]
    assert [name for name in operations if name.endswith("Record")] == ["PutRecord"]


@pytest.mark.claim("c-1.4-018")
def test_a_shard_takes_a_mebibyte_or_a_thousand_records_a_second_and_is_counted_so(sandbox: Sandbox) -> None:
    kinesis = stream()
    assert put(kinesis, 500)["FailedRecordCount"] + put(kinesis, 500)["FailedRecordCount"] == 0
    assert put(kinesis, 1)["FailedRecordCount"] == 1
    sandbox.advance(seconds=1)
    assert put(kinesis, 4, size=260_000)["FailedRecordCount"] == 0
    assert put(kinesis, 1, size=20_000)["FailedRecordCount"] == 1
    assert (shards(1000, 1000), shards(1001, 1), shards(500, 4096)) == (1, 2, 2)


@pytest.mark.claim("c-1.4-022")
def test_a_stream_keeps_its_records_for_a_day_unless_told_otherwise(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 1)
    described = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert described["RetentionPeriodHours"] == 24 == int(limits.number("kinesis-retention-hours-default"))
    sandbox.advance(hours=23)
    assert len(read(kinesis, "TRIM_HORIZON")) == 1
    sandbox.advance(hours=1, seconds=1)
    assert read(kinesis, "TRIM_HORIZON") == []


@pytest.mark.claim("c-1.4-024", "c-1.4-027")
def test_a_delivery_stream_has_nothing_to_scale_while_a_data_stream_has() -> None:
    [delivery] = of_type("streaming", "AWS::KinesisFirehose::DeliveryStream").values()
    known = properties("AWS::KinesisFirehose::DeliveryStream") - {"DirectPutSourceConfiguration"}
    assert {name for name in {*known, *delivery} if CAPACITY.search(name) or "Shard" in name} == set()
    assert "ShardCount" in properties("AWS::Kinesis::Stream")
