"""A Kinesis stream as a function's event source: batches of a shard in order, one after the other.

AWS promises that a batch that fails blocks its shard until it succeeds, expires, or is discarded for its
age or its retries, and that bisecting does not count as a retry. A shard that was split or merged is read
to its end, then its children. Of a batch only the place where it begins is kept: it is read again to be
tried again, so what has left the stream meanwhile is gone.

Source: AWS Lambda Developer Guide, "Using Lambda with Kinesis".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from facts import limits
from offline.clock import clock
from offline.engines.kinesis.engine import RATE_EXCEEDED
from offline.engines.kinesis.reader import reader
from offline.engines.lambda_ import discarded
from offline.engines.lambda_.environment import Answer
from offline.engines.lambda_.function import Function
from offline.engines.lambda_.mapping import UNLIMITED, EventSourceMapping

Run = Callable[[Function, bytes], Answer]
Record = dict[str, Any]
"""A record as GetRecords answers it, its data in Base64."""
HEAD, TAIL = '{"Records":[', "]}"


@dataclass
class Shard:
    """How far a shard is read."""

    iterator: str
    polled: datetime | None = None
    again: bool = True
    """Whether to look again although nobody asks."""
    held_until: datetime | None = None
    """When a batch that failed is tried again."""
    gathering_since: datetime | None = None
    """When the first record of a batch that is not full was seen."""
    pieces: list[int] = field(default_factory=list)
    """How many records each piece of a batch that failed has; the first piece is tried next."""
    attempts: int = 0
    """How often the next piece has failed, not counting those failures that bisected it."""

    def pass_over(self, count: int) -> None:
        """So many records are done with."""
        while count and self.pieces:
            part = min(count, self.pieces[0])
            self.pieces[0] -= part
            count -= part
            if not self.pieces[0]:
                self.pieces.pop(0)
                self.attempts = 0


class ShardReader:
    """The shards of one mapping's stream, read under the role of its function."""

    def __init__(self, mapping: EventSourceMapping, region: str) -> None:
        self._mapping, self._region = mapping, region
        self._shards: dict[str, Shard] | None = None
        self._client: tuple[str, Any] = ("", None)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_client": ("", None)}

    @property
    def _stream(self) -> str:
        return self._mapping.event_source_arn

    def begin(self, function: Function) -> None:
        """Stand at the starting position, unless reading has begun before."""
        if self._shards is not None:
            return
        kinesis = self._kinesis(function)
        listed = kinesis.list_shards(StreamARN=self._stream)["Shards"]
        if self._mapping.settings["StartingPosition"] == "LATEST":
            first = [one for one in listed if "EndingSequenceNumber" not in one["SequenceNumberRange"]]
        else:
            names = {one["ShardId"] for one in listed}
            first = [one for one in listed if one.get("ParentShardId") not in names]
        start = self._start()
        self._shards = {
            one["ShardId"]: Shard(self._iterator(kinesis, one["ShardId"], **start)) for one in first
        }

    def _start(self) -> dict[str, Any]:
        settings = self._mapping.settings
        start = {"ShardIteratorType": settings["StartingPosition"]}
        if "StartingPositionTimestamp" in settings:
            start["Timestamp"] = datetime.fromtimestamp(float(settings["StartingPositionTimestamp"]), UTC)
        return start

    def _kinesis(self, function: Function) -> Any:
        role, client = self._client
        if role != function.role:
            client = reader(function.role, function.function_name.ljust(2, "-"), self._region)
            self._client = (function.role, client)
        return client

    def _iterator(self, kinesis: Any, shard_id: str, **start: Any) -> str:
        answer = kinesis.get_shard_iterator(StreamARN=self._stream, ShardId=shard_id, **start)
        return str(answer["ShardIterator"])

    def pause(self) -> None:
        """Reading goes on where it stands."""

    def due(self) -> datetime | None:
        """When to look again: for a retry, at the end of a window, or since a look or a wish asked for it."""
        moments = map(self._due_of, (self._shards or {}).values())
        return min((moment for moment in moments if moment), default=None)

    def _due_of(self, shard: Shard) -> datetime | None:
        if shard.held_until:
            return shard.held_until
        if shard.again and shard.polled:
            return shard.polled + _rest()
        if shard.gathering_since:
            return shard.gathering_since + timedelta(seconds=self._mapping.window)
        return None

    def poll(self, function: Function, run: Run) -> bool:
        """Read every shard whose time it is; say whether there was anything."""
        try:
            self.begin(function)
            found = [self._read(name, function, run) for name in list(self._shards or {})]
        except ClientError as error:
            self._mapping.result = f"PROBLEM: {error.response['Error']['Message']}"
            return False
        return any(found)

    def _read(self, shard_id: str, function: Function, run: Run) -> bool:
        assert self._shards is not None
        shard = self._shards[shard_id]
        if not _is_time(shard):
            return False
        kinesis = self._kinesis(function)
        shard.polled, shard.again, shard.held_until = clock.now(), False, None
        most = int(limits.value("kinesis-get-records-records"))
        try:
            answer = kinesis.get_records(ShardIterator=shard.iterator, Limit=most)
        except ClientError as error:
            shard.again = error.response["Error"]["Code"] == RATE_EXCEEDED
            if shard.again:
                return False
            raise
        records, gathering = answer["Records"], shard.gathering_since
        left = self._work(shard_id, shard, records, function, run)
        if left:
            number = left[0]["SequenceNumber"]
            shard.iterator = self._iterator(
                kinesis, shard_id, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number
            )
        else:
            shard.again = bool(records) or answer["MillisBehindLatest"] > 0
            self._follow(kinesis, shard_id, answer)
        return len(left) < len(records) or gathering != shard.gathering_since or bool(shard.held_until)

    def _follow(self, kinesis: Any, shard_id: str, answer: dict[str, Any]) -> None:
        """Go on in the shard, or at its end in its children whose parents are all read."""
        assert self._shards is not None
        if answer.get("NextShardIterator"):
            self._shards[shard_id].iterator = answer["NextShardIterator"]
            return
        del self._shards[shard_id]
        start = self._start()
        if start["ShardIteratorType"] == "LATEST":
            start = {"ShardIteratorType": "TRIM_HORIZON"}
        for child in answer.get("ChildShards", []):
            name = child["ShardId"]
            if name not in self._shards and not self._shards.keys() & set(child["ParentShards"]):
                self._shards[name] = Shard(self._iterator(kinesis, name, **start), polled=clock.now())

    def _work(
        self, shard_id: str, shard: Shard, records: list[Record], function: Function, run: Run
    ) -> list[Record]:
        """Hand the records on, batch by batch; those that are left for another time."""
        while records and not shard.held_until:
            if aged := self._aged(records):
                self._discard(shard_id, records[:aged], function, "RecordAgeExceeded", shard.attempts)
                shard.pass_over(aged)
                records = records[aged:]
                continue
            batch, full = self._batch(shard, records, shard_id, function)
            if not full and self._gathers(shard):
                break
            shard.gathering_since = None
            done = self._deliver(shard_id, shard, records[: len(batch)], batch, function, run)
            records = records[done:]
        return records

    def _aged(self, records: list[Record]) -> int:
        """How many records at the head are older than the mapping lets them become."""
        longest = self._mapping.settings["MaximumRecordAgeInSeconds"]
        if longest == UNLIMITED:
            return 0
        horizon = clock.epoch() - longest
        fresh = (place for place, one in enumerate(records) if one["ApproximateArrivalTimestamp"] >= horizon)
        return next(fresh, len(records))

    def _batch(
        self, shard: Shard, records: list[Record], shard_id: str, function: Function
    ) -> tuple[list[str], bool]:
        """The next batch as JSON, and whether it is as large as it may become."""
        most = shard.pieces[0] if shard.pieces else self._mapping.batch_size
        room = int(limits.value("lambda-payload-bytes")) - len(HEAD) - len(TAIL)
        batch: list[str] = []
        for record in records[:most]:
            text = self._event(shard_id, record, function)
            room -= len(text.encode()) + 1
            if room < 0 and batch:
                return batch, True
            batch.append(text)
        return batch, len(batch) == most or bool(shard.pieces)

    def _gathers(self, shard: Shard) -> bool:
        """Whether a batch that is not full still waits for more records."""
        window = timedelta(seconds=self._mapping.window)
        shard.gathering_since = shard.gathering_since or clock.now()
        return clock.now() < shard.gathering_since + window

    def _deliver(
        self,
        shard_id: str,
        shard: Shard,
        records: list[Record],
        batch: list[str],
        function: Function,
        run: Run,
    ) -> int:
        """Invoke the function with a batch; how many of its records are done with."""
        answer = run(function, (HEAD + ",".join(batch) + TAIL).encode())
        numbers = [record["SequenceNumber"] for record in records]
        undone = self._mapping.undone(answer, numbers)
        done = min((place for place, number in enumerate(numbers) if number in undone), default=len(numbers))
        shard.pieces = shard.pieces or [len(numbers)]
        shard.pass_over(done)
        if done == len(numbers):
            return done
        return (
            len(numbers) if self._gave_up(shard_id, shard, records[done:], function, answer, done) else done
        )

    def _gave_up(
        self, shard_id: str, shard: Shard, failed: list[Record], function: Function, answer: Answer, done: int
    ) -> bool:
        """Split a piece that failed, or hold it for another attempt, or discard it."""
        size, settings = len(failed), self._mapping.settings
        if settings["BisectBatchOnFunctionError"] and (done or size > 1):
            if not done:
                shard.pieces[:1] = [size // 2, size - size // 2]
            return False
        shard.attempts += 1
        most = settings["MaximumRetryAttempts"]
        if most == UNLIMITED or shard.attempts <= most:
            shard.held_until = clock.now() + _wait(shard.attempts)
            return False
        self._discard(shard_id, failed, function, "RetryAttemptsExhausted", shard.attempts, answer)
        shard.pass_over(size)
        return True

    def _discard(
        self,
        shard_id: str,
        records: list[Record],
        function: Function,
        condition: str,
        attempts: int,
        answer: Answer | None = None,
    ) -> None:
        if not self._mapping.destination:
            return
        batch = {
            "shardId": shard_id,
            "startSequenceNumber": records[0]["SequenceNumber"],
            "endSequenceNumber": records[-1]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": discarded.moment(records[0]["ApproximateArrivalTimestamp"]),
            "approximateArrivalOfLastRecord": discarded.moment(records[-1]["ApproximateArrivalTimestamp"]),
            "batchSize": len(records),
            "streamArn": self._stream,
        }
        told = discarded.message(function, condition, attempts, answer) | {"KinesisBatchInfo": batch}
        if problem := discarded.tell(function, self._mapping.destination, json.dumps(told)):
            self._mapping.result = problem

    def _event(self, shard_id: str, record: Record, function: Function) -> str:
        """A record as a function gets it."""
        return json.dumps(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": record["Data"],
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard_id}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": function.role,
                "awsRegion": self._region,
                "eventSourceARN": self._stream,
            }
        )


def _is_time(shard: Shard) -> bool:
    """Whether a shard may be read now; whoever asks too early is remembered."""
    now = clock.now()
    if shard.held_until:
        return now >= shard.held_until
    if shard.polled is not None and now < shard.polled + _rest():
        shard.again = True
        return False
    return True


def _rest() -> timedelta:
    return timedelta(seconds=float(limits.value("lambda-stream-poll-seconds")))


def _wait(attempts: int) -> timedelta:
    """How long a batch waits that has failed so often.

    >>> [_wait(attempts).seconds for attempts in (1, 2, 3, 20)]
    [1, 2, 4, 60]
    """
    most = int(limits.value("lambda-stream-retry-seconds-highest"))
    return timedelta(seconds=min(2 ** min(attempts - 1, most), most))
