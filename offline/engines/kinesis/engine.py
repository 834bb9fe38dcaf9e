"""The operations of Kinesis Data Streams that carry records.

AWS promises per shard 1 MiB and 1000 records a second in, 2 MiB and 5 reads a second out, records in
order of their sequence numbers, and their keeping for the stream's retention. The seconds are those
of the account's clock, so a producer that is throttled has to let time pass.

Offline differs: shard iterators do not expire, and an on-demand stream stays at its first four shards
(AWS splits them as traffic grows).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kinesis.exceptions import InvalidArgumentError, ResourceInUseError, ResourceNotFoundError
from moto.kinesis.models import KinesisBackend

from facts import limits
from offline.clock import clock
from offline.engine import Engine, Row
from offline.engines.kinesis.log import Entry
from offline.engines.kinesis.stream import LimitedShard, LimitedStream

RATE_EXCEEDED = "ProvisionedThroughputExceededException"


def rate_exceeded(shard_id: str, stream_name: str, account_id: str) -> str:
    return f"Rate exceeded for shard {shard_id} in stream {stream_name} under account {account_id}."


class RateExceededError(JsonRESTError):
    """A shard is over one of its rates for this second."""

    def __init__(self, shard_id: str, stream_name: str, account_id: str) -> None:
        super().__init__(RATE_EXCEEDED, rate_exceeded(shard_id, stream_name, account_id))


def too_long(member: str, most: int) -> JsonRESTError:
    """AWS's answer to a member that is longer than its limit."""
    return JsonRESTError(
        "ValidationException",
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {most}",
    )


class KinesisEngine(Engine, KinesisBackend):
    """Streams of one region."""

    service = "kinesis"

    @property
    def _url_module(self) -> Any:
        # At call time: the responses module looks this engine up through moto's backend dictionary.
        from offline.engines.kinesis import responses

        return responses

    def create_stream(
        self,
        stream_name: str,
        shard_count: int | None,
        stream_mode: dict[str, str] | None = None,
        retention_period_hours: int | None = None,
        tags: dict[str, str] | None = None,
        record_kib: int | None = None,
    ) -> LimitedStream:
        """A stream that is ACTIVE at once; AWS takes seconds, so clients still wait."""
        if stream_name in self.streams:
            raise ResourceInUseError(f"Stream {stream_name} under account {self.account_id} already exists.")
        stream = LimitedStream(
            stream_name,
            shard_count or 1,
            stream_mode,
            retention_period_hours,
            self.account_id,
            self.region_name,
        )
        stream.tags.update(tags or {})
        stream.record_bytes = record_kib * 1024 if record_kib else int(limits.value("kinesis-record-bytes"))
        self.streams[stream_name] = stream
        return stream

    def status(self) -> dict[str, list[Row]]:
        """Streams, with the records that came in the last seconds."""
        return {"streams": [stream.row() for stream in self.streams.values()]}

    def stream_of(self, request: dict[str, Any]) -> LimitedStream:
        """The stream that a request names or whose ARN it gives, without what is past its retention."""
        stream = self.describe_stream(request.get("StreamARN"), request.get("StreamName"))
        assert isinstance(stream, LimitedStream)
        stream.expire()
        return stream

    def put(self, stream: LimitedStream, records: list[dict[str, str]]) -> list[tuple[LimitedShard, int]]:
        """Each record's shard and position there; position 0 where the shard had no room for it."""
        now, placed, received, shard_of = clock.epoch(), [], 0, stream.shard_of
        for record in records:
            key, data = record["PartitionKey"], record["Data"]
            shard = shard_of(key, record.get("ExplicitHashKey"))
            size = (
                len(data) // 4 * 3 - data.count("=", -2) + (len(key) if key.isascii() else len(key.encode()))
            )
            if shard.admit(size, now):
                placed.append((shard, shard.log.append(key, data, now)))
                received += size
            else:
                placed.append((shard, 0))
        accepted = sum(position > 0 for _, position in placed)
        self._send_stream_metrics(stream.stream_name, incoming_bytes=received, incoming_records=accepted)
        return placed

    def iterator(self, stream: LimitedStream, request: dict[str, Any]) -> str:
        """A shard iterator of any of the five types."""
        shard = self._shard(stream, request["ShardId"])
        kind = request["ShardIteratorType"]
        if kind not in POSITIONS:
            raise InvalidArgumentError(
                f"Invalid ShardIteratorType: {kind}, allowed are {', '.join(POSITIONS)}"
            )
        return iterator(stream, shard, POSITIONS[kind](shard, request))

    def read(
        self, shard_iterator: str, limit: int | None
    ) -> tuple[LimitedStream, LimitedShard, list[Entry], int]:
        """The stream, its shard, the records from the iterator on, and the position after them."""
        stream, shard, position = self._located(shard_iterator)
        now = clock.epoch()
        if shard.read_bytes.closed(now) or shard.read_calls.closed(now):
            raise RateExceededError(shard.shard_id, stream.stream_name, self.account_id)
        entries, size = bounded(shard, position, limit)
        shard.read_calls.take(1, now)
        shard.read_bytes.take(size, now)
        return stream, shard, entries, max(position, shard.log.first) + len(entries)

    def _located(self, shard_iterator: str) -> tuple[LimitedStream, LimitedShard, int]:
        try:
            name, shard_id, position = base64.b64decode(shard_iterator, validate=True).decode().split(" ")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise InvalidArgumentError("Invalid ShardIterator.") from None
        stream = self.stream_of({"StreamName": name})
        return stream, self._shard(stream, shard_id), int(position)

    def _shard(self, stream: LimitedStream, shard_id: str) -> LimitedShard:
        if shard_id not in stream.shards:
            raise ResourceNotFoundError(
                f"Shard {shard_id} in stream {stream.stream_name} under account {self.account_id} "
                "does not exist"
            )
        shard = stream.shards[shard_id]
        assert isinstance(shard, LimitedShard)
        return shard


def bounded(shard: LimitedShard, position: int, limit: int | None) -> tuple[list[Entry], int]:
    """Records from a position on, up to the bytes and the count of one GetRecords call; their size."""
    most = limit or int(limits.value("kinesis-get-records-records"))
    most_bytes, size = int(limits.value("kinesis-get-records-bytes")), 0
    entries: list[Entry] = []
    for entry in shard.log.read(position):
        size += decoded_length(entry.data)
        if len(entries) == most or (size > most_bytes and entries):
            size -= decoded_length(entry.data)
            break
        entries.append(entry)
    return entries, size


def decoded_length(text: str) -> int:
    """How many bytes a Base64 text stands for.

    >>> decoded_length("aGk="), decoded_length("")
    (2, 0)
    """
    return len(text) // 4 * 3 - text.count("=", -2)


def iterator(stream: LimitedStream, shard: LimitedShard, position: int) -> str:
    return base64.b64encode(f"{stream.stream_name} {shard.shard_id} {position}".encode()).decode()


def stream_of_iterator(text: str) -> str:
    """The name of the stream that a shard iterator reads; empty where it is none."""
    try:
        return base64.b64decode(text).decode().split(" ")[0]
    except ValueError:
        return ""


def _sequence(shard: LimitedShard, request: dict[str, Any]) -> int:
    number = request.get("StartingSequenceNumber") or ""
    if not number.isdecimal():
        raise InvalidArgumentError(
            f"StartingSequenceNumber {number!r} used in GetShardIterator on shard {shard.id} is invalid."
        )
    return shard.log.position(number)


def _moment(shard: LimitedShard, request: dict[str, Any]) -> int:
    if request.get("Timestamp") is None:
        raise InvalidArgumentError("Must specify timestamp parameter for iterator type AT_TIMESTAMP")
    return shard.log.at(float(request["Timestamp"]))


POSITIONS: dict[str, Callable[[LimitedShard, dict[str, Any]], int]] = {
    "TRIM_HORIZON": lambda shard, request: 0,
    "LATEST": lambda shard, request: shard.log.end,
    "AT_SEQUENCE_NUMBER": _sequence,
    "AFTER_SEQUENCE_NUMBER": lambda shard, request: _sequence(shard, request) + 1,
    "AT_TIMESTAMP": _moment,
}
"""Where reading starts, by iterator type."""
