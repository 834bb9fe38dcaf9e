"""Kinesis Data Streams keeps records in order and within its limits."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from facts import limits
from offline.engines.kinesis.log import ShardLog
from offline.engines.kinesis.stream import HASH_KEYS, LimitedStream
from offline.sandbox import Sandbox

WRITES = int(limits.value("kinesis-shard-write-records"))
BYTES = int(limits.value("kinesis-shard-write-bytes"))


def stream(shards: int = 1, **settings: Any) -> Any:
    kinesis = boto3.client("kinesis", config=Config(retries={"total_max_attempts": 1}))
    kinesis.create_stream(StreamName="events", ShardCount=shards, **settings)
    return kinesis


def put(kinesis: Any, count: int, size: int = 10, start: int = 0) -> dict[str, Any]:
    records = [{"Data": b"x" * size, "PartitionKey": str(start + number)} for number in range(count)]
    return kinesis.put_records(StreamName="events", Records=records)


def iterator(kinesis: Any, kind: str, shard: str = "shardId-000000000000", **more: Any) -> str:
    return kinesis.get_shard_iterator(StreamName="events", ShardId=shard, ShardIteratorType=kind, **more)[
        "ShardIterator"
    ]


def read(kinesis: Any, kind: str, **more: Any) -> list[dict[str, Any]]:
    return kinesis.get_records(ShardIterator=iterator(kinesis, kind, **more))["Records"]


def test_a_record_comes_back_as_it_was_put(sandbox: Sandbox) -> None:
    kinesis = stream()
    answer = kinesis.put_record(StreamName="events", Data=b'\x00"\xff', PartitionKey='k"é')
    (record,) = read(kinesis, "TRIM_HORIZON")
    assert (record["Data"], record["PartitionKey"]) == (b'\x00"\xff', 'k"é')
    assert record["SequenceNumber"] == answer["SequenceNumber"]
    assert record["ApproximateArrivalTimestamp"] == sandbox.clock.now()


def test_a_shard_takes_a_thousand_records_a_second(sandbox: Sandbox) -> None:
    kinesis = stream()
    assert sum(put(kinesis, 500)["FailedRecordCount"] for _ in range(WRITES // 500)) == 0
    answer = put(kinesis, 3)
    assert answer["FailedRecordCount"] == 3
    assert answer["Records"][0]["ErrorCode"] == "ProvisionedThroughputExceededException"
    assert "shard shardId-000000000000 in stream events" in answer["Records"][0]["ErrorMessage"]
    sandbox.advance(seconds=1)
    assert put(kinesis, 3)["FailedRecordCount"] == 0


def test_a_shard_takes_a_mebibyte_a_second_and_the_rest_of_the_request_fails(sandbox: Sandbox) -> None:
    kinesis = stream()
    answer = put(kinesis, 5, size=BYTES // 4)
    # Keys count too, so the fourth quarter is already over.
    assert ["ErrorCode" in record for record in answer["Records"]] == [False, False, False, True, True]
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        kinesis.put_record(StreamName="events", Data=b"x" * (BYTES // 4), PartitionKey="k")


def test_each_shard_has_rates_of_its_own(sandbox: Sandbox) -> None:
    kinesis = stream(shards=2)
    low, high = "0", str(HASH_KEYS - 1)
    for hash_key, shard in ((low, "shardId-000000000000"), (high, "shardId-000000000001")):
        records = [{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": hash_key}] * 500
        for _ in range(WRITES // 500):
            answer = kinesis.put_records(StreamName="events", Records=records)
            assert answer["FailedRecordCount"] == 0
            assert {record["ShardId"] for record in answer["Records"]} == {shard}


def test_a_shard_is_read_five_times_a_second(sandbox: Sandbox) -> None:
    kinesis = stream()
    for _ in range(int(limits.value("kinesis-shard-read-calls"))):
        read(kinesis, "TRIM_HORIZON")
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        read(kinesis, "TRIM_HORIZON")
    sandbox.advance(seconds=1)
    read(kinesis, "TRIM_HORIZON")


def test_a_read_of_ten_mebibytes_blocks_the_next_five_seconds(sandbox: Sandbox) -> None:
    kinesis = stream()
    for _ in range(11):
        put(kinesis, 1, size=BYTES - 10)
        sandbox.advance(seconds=1)
    assert len(read(kinesis, "TRIM_HORIZON")) == 10
    sandbox.advance(seconds=4.9)
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        read(kinesis, "TRIM_HORIZON")
    sandbox.advance(seconds=0.2)
    read(kinesis, "TRIM_HORIZON")


def test_records_expire_with_the_retention(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 2)
    sandbox.advance(hours=23)
    put(kinesis, 3)
    sandbox.advance(hours=1.1)
    assert len(read(kinesis, "TRIM_HORIZON")) == 3
    kinesis.increase_stream_retention_period(StreamName="events", RetentionPeriodHours=48)
    sandbox.advance(hours=24)
    assert len(read(kinesis, "TRIM_HORIZON")) == 3


def test_every_iterator_starts_where_it_says(sandbox: Sandbox) -> None:
    kinesis = stream()
    numbers = [record["SequenceNumber"] for record in put(kinesis, 2)["Records"]]
    sandbox.advance(seconds=10)
    moment = sandbox.clock.now()
    numbers += [record["SequenceNumber"] for record in put(kinesis, 2)["Records"]]
    latest = iterator(kinesis, "LATEST")
    found = {
        "TRIM_HORIZON": read(kinesis, "TRIM_HORIZON"),
        "AT": read(kinesis, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]),
        "AFTER": read(kinesis, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]),
        "TIME": read(kinesis, "AT_TIMESTAMP", Timestamp=moment),
    }
    assert {kind: len(records) for kind, records in found.items()} == {
        "TRIM_HORIZON": 4, "AT": 3, "AFTER": 2, "TIME": 2,
    }  # fmt: skip
    sandbox.advance(seconds=1)
    assert kinesis.get_records(ShardIterator=latest)["Records"] == []
    assert sorted(numbers, key=int) == numbers


def test_a_reader_knows_how_far_it_is_behind(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 2)
    sandbox.advance(seconds=7)
    first = kinesis.get_records(ShardIterator=iterator(kinesis, "TRIM_HORIZON"), Limit=1)
    assert first["MillisBehindLatest"] == 7000
    assert kinesis.get_records(ShardIterator=first["NextShardIterator"])["MillisBehindLatest"] == 0


def test_a_split_shard_is_read_to_its_end_and_names_its_children(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 2)
    kinesis.split_shard(
        StreamName="events", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HASH_KEYS // 2)
    )
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, "TRIM_HORIZON"))
    assert len(answer["Records"]) == 2
    assert "NextShardIterator" not in answer
    assert [child["ShardId"] for child in answer["ChildShards"]] == [
        "shardId-000000000001",
        "shardId-000000000002",
    ]
    assert put(kinesis, 20)["FailedRecordCount"] == 0


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([{"Data": b"", "PartitionKey": "k"}] * 501, "length less than or equal to 500"),
        ([{"Data": b"x" * (BYTES + 1), "PartitionKey": "k"}], "'records.1.member.data' failed .* 1048576"),
        ([{"Data": b"x" * BYTES, "PartitionKey": "k"}] * 11, "Records size exceeds 10 MB limit"),
    ],
)
def test_refuses_requests_over_a_limit(sandbox: Sandbox, records: list[dict[str, Any]], text: str) -> None:
    with pytest.raises(ClientError, match=text):
        stream().put_records(StreamName="events", Records=records)


def test_a_stream_may_allow_larger_records(sandbox: Sandbox) -> None:
    kinesis = stream(MaxRecordSizeInKiB=2048)
    kinesis.put_record(StreamName="events", Data=b"x" * (2 * BYTES), PartitionKey="k")


@settings(deadline=None)
@given(shards=st.integers(1, 50), keys=st.lists(st.text(max_size=20), max_size=20))
def test_open_shards_cover_every_hash_key_and_a_key_goes_by_its_md5(shards: int, keys: list[str]) -> None:
    found = LimitedStream("events", shards, None, None, "123456789012", "us-east-1")
    ordered = sorted(found.shards.values(), key=lambda shard: shard.starting_hash)
    assert ordered[0].starting_hash == 0
    assert ordered[-1].ending_hash == HASH_KEYS - 1
    assert all(a.ending_hash + 1 == b.starting_hash for a, b in pairwise(ordered))
    for key in keys:
        shard = found.shard_of(key)
        assert shard.starting_hash <= int(hashlib.md5(key.encode()).hexdigest(), 16) <= shard.ending_hash


@settings(deadline=None)
@given(moments=st.lists(st.integers(0, 30), max_size=40), horizon=st.integers(0, 31))
def test_a_log_forgets_exactly_what_is_before_the_horizon(moments: list[int], horizon: int) -> None:
    log, moments = ShardLog(0), sorted(moments)
    for number, moment in enumerate(moments):
        log.append(str(number), "", float(moment))
    log.expire(float(horizon))
    kept = [(str(n), float(m)) for n, m in enumerate(moments) if m >= horizon]
    assert [(entry.partition_key, entry.arrived) for entry in log.read(0)] == kept
    assert log.end == len(moments) + 1
