"""Put records on a stream as AWS asks of a producer: full calls, paced, refused entries sent again.

PutRecords answers 200 even when single entries were refused; what was refused stays the producer's
to send (AWS: "process the response to detect failed records and retry"). A shard's limits count per
second, so a producer that waits less than a second after a refusal is refused again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from facts import limits
from labs.errors import RunError
from labs.flights import Record

ATTEMPTS = 8
"""How often in a row a call may come back with refused entries before the producer gives up."""


@dataclass
class Pace:
    """What a stream takes in one second, and how much of this second is used.

    >>> pace = Pace(records=1000, payload_bytes=1048576)
    >>> pace.room_for(500, 200_000), pace.use(500, 200_000), pace.use(400, 100_000)
    (True, None, None)
    >>> pace.room_for(101, 100)
    False
    """

    records: int
    payload_bytes: int
    _records: int = 0
    _bytes: int = 0

    @classmethod
    def of_shards(cls, shards: int) -> Pace:
        """The pace of a stream with so many open shards."""
        records = int(limits.value("kinesis-shard-write-records"))
        return cls(shards * records, shards * int(limits.value("kinesis-shard-write-bytes")))

    def room_for(self, records: int, payload_bytes: int) -> bool:
        return self._records + records <= self.records and self._bytes + payload_bytes <= self.payload_bytes

    def use(self, records: int, payload_bytes: int) -> None:
        self._records += records
        self._bytes += payload_bytes

    def next_second(self) -> None:
        self._records = self._bytes = 0


@dataclass
class Sent:
    """What a replay came to."""

    records: int = 0
    payload_bytes: int = 0
    calls: int = 0
    refused: int = 0
    """Entries that were refused and sent again."""
    seconds: float = 0.0
    """Time waited, as the account's clock has it."""


@dataclass
class Producer:
    """Sends records to one stream at its pace."""

    kinesis: Any
    stream: str
    pace: Pace
    wait: Callable[[float], None]
    sent: Sent
    _held: Record | None = None
    """A record that did not fit into the last call."""

    def send(self, records: Iterator[Record], on_call: Callable[[int], None] = lambda done: None) -> Sent:
        """Send everything; afterwards each record was taken exactly once."""
        refused: list[Record] = []
        attempt = 0
        while batch := self._fill(refused, records):
            refused = self._put(batch)
            attempt = attempt + 1 if refused else 0
            if attempt > ATTEMPTS:
                raise RunError(
                    f"stream '{self.stream}': {len(refused)} records refused {attempt} calls in a row; "
                    "raise its shards (`lab:` keys in cdk.json) or send less at once"
                )
            if refused:
                self._pause(min(2 ** (attempt - 1), 16))
            on_call(self.sent.records)
        return self.sent

    def _fill(self, refused: list[Record], records: Iterator[Record]) -> list[Record]:
        """The next call: what was refused first, then new records up to the limits of one call."""
        most = min(int(limits.value("kinesis-put-records-records")), self.pace.records) - len(refused)
        room = min(int(limits.value("kinesis-put-records-bytes")), self.pace.payload_bytes)
        room -= sum(map(weight, refused))
        batch = list(refused)
        while most > 0 and (record := self._held or next(records, None)) is not None:
            self._held = None
            room -= weight(record)
            if room < 0:
                self._held = record
                break
            batch.append(record)
            most -= 1
        return batch

    def _put(self, batch: list[Record]) -> list[Record]:
        """One PutRecords call in its second; the entries that were refused."""
        payload = sum(map(weight, batch))
        if not self.pace.room_for(len(batch), payload):
            self._pause(1)
        answer = self.kinesis.put_records(StreamName=self.stream, Records=cast(Any, batch))
        self.pace.use(len(batch), payload)
        refused: list[Record] = []
        if answer.get("FailedRecordCount"):
            pairs = zip(batch, answer["Records"], strict=True)
            refused = [record for record, entry in pairs if entry.get("ErrorCode")]
        self._count(batch, refused, payload)
        return refused

    def _count(self, batch: list[Record], refused: list[Record], payload: int) -> None:
        self.sent.calls += 1
        self.sent.refused += len(refused)
        self.sent.records += len(batch) - len(refused)
        self.sent.payload_bytes += payload - sum(map(weight, refused))

    def _pause(self, seconds: float) -> None:
        self.wait(seconds)
        self.sent.seconds += seconds
        self.pace.next_second()


def weight(record: Record) -> int:
    """Bytes of a record as Kinesis counts them: data and partition key."""
    return len(record["Data"]) + len(record["PartitionKey"])
