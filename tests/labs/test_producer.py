"""The producer, against a stream that throttles as a shard does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from labs.errors import RunError
from labs.flights import Record
from labs.producer import ATTEMPTS, Pace, Producer, Sent


class Stream:
    """Takes so many records a second, in order, and refuses the rest of a call."""

    def __init__(self, records_per_second: int) -> None:
        self.limit = records_per_second
        self.used = 0
        self.taken: list[str] = []
        self.calls: list[int] = []
        self.waits: list[float] = []

    def put_records(self, *, StreamName: str, Records: list[Record]) -> dict[str, Any]:
        self.calls.append(len(Records))
        entries = [self._put(record) for record in Records]
        return {"FailedRecordCount": sum("ErrorCode" in entry for entry in entries), "Records": entries}

    def _put(self, record: Record) -> dict[str, str]:
        if self.used >= self.limit:
            return {"ErrorCode": "ProvisionedThroughputExceededException"}
        self.used += 1
        self.taken.append(record["PartitionKey"])
        return {"SequenceNumber": str(len(self.taken))}

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.used = 0


def records(count: int, size: int = 10) -> Iterator[Record]:
    return ({"Data": b"x" * size, "PartitionKey": str(number)} for number in range(count))


def send(stream: Stream, pace: Pace, sent: Iterator[Record]) -> Sent:
    return Producer(stream, "flights", pace, stream.wait, Sent()).send(sent)


def test_a_call_carries_at_most_500_records() -> None:
    stream = Stream(10_000)
    sent = send(stream, Pace(10_000, 10**9), records(1_201))
    assert (stream.calls, sent.records, sent.calls) == ([500, 500, 201], 1_201, 3)


def test_a_producer_at_the_shards_pace_is_never_refused() -> None:
    stream = Stream(2_000)
    sent = send(stream, Pace.of_shards(2), records(7_000))
    assert sent.refused == 0
    assert stream.waits == [1, 1, 1]


def test_bytes_are_paced_as_records_are() -> None:
    stream = Stream(10**6)
    send(stream, Pace(10**6, 100_000), records(3_000, size=100))
    assert len(stream.waits) == 5


def test_refused_entries_are_sent_again_and_each_record_is_taken_once() -> None:
    stream = Stream(700)
    sent = send(stream, Pace(1_000, 10**9), records(5_000))
    assert sorted(stream.taken, key=int) == [str(number) for number in range(5_000)]
    assert (sent.records, len(stream.taken)) == (5_000, 5_000)
    assert sent.refused > 0


def test_waits_grow_while_nothing_is_taken() -> None:
    stream = Stream(0)
    with pytest.raises(RunError):
        send(stream, Pace(1_000, 10**9), records(3))
    assert stream.waits[:6] == [1, 2, 4, 8, 16, 16]


def test_refuses_to_send_forever_to_a_stream_that_takes_nothing() -> None:
    stream = Stream(0)
    with pytest.raises(RunError, match=rf"'flights': 3 records refused {ATTEMPTS + 1} calls in a row"):
        send(stream, Pace(1_000, 10**9), records(3))


def test_only_records_that_were_taken_count_as_sent_bytes() -> None:
    sent = send(Stream(5), Pace(1_000, 10**9), records(8, size=9))
    assert sent.payload_bytes == 8 * 10
