"""A stream's shards: which keys each takes, and what it lets through."""

from __future__ import annotations

from bisect import bisect_right
from hashlib import md5
from typing import Any

from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.models import Shard, Stream

from facts import limits
from offline.clock import clock
from offline.engine import Row
from offline.engines.kinesis.log import ShardLog
from offline.engines.kinesis.window import Window, WriteWindow

HASH_KEYS = 2**128
GLANCE_SECONDS = 10


class LimitedShard(Shard):
    """A shard that keeps its records in a log and refuses what is over its rates."""

    def __init__(self, number: int, start: int, end: int, parent: str = "", adjacent: str = "") -> None:
        super().__init__(number, start, end, parent or None, adjacent or None)
        self.id = self.shard_id
        self.log = ShardLog(number)
        self.writes = WriteWindow()
        self.admit = self.writes.admit
        self.read_bytes = Window(int(limits.value("kinesis-shard-read-bytes")))
        self.read_calls = Window(int(limits.value("kinesis-shard-read-calls")))

    def close(self) -> None:
        """Take no more records; those it has stay readable until they expire, as on AWS."""
        self.is_open = False

    def to_json(self) -> dict[str, Any]:
        """The shard as ListShards and DescribeStream show it."""
        numbers = {"StartingSequenceNumber": self.log.sequence_number(0)}
        if not self.is_open:
            numbers["EndingSequenceNumber"] = self.log.sequence_number(self.log.end)
        shape: dict[str, Any] = {
            "ShardId": self.shard_id,
            "HashKeyRange": {
                "StartingHashKey": str(self.starting_hash),
                "EndingHashKey": str(self.ending_hash),
            },
            "SequenceNumberRange": numbers,
        }
        parents = {"ParentShardId": self.parent, "AdjacentParentShardId": self.adjacent_parent}
        return shape | {name: shard for name, shard in parents.items() if shard}


class LimitedStream(Stream):
    """A stream whose open shards cover the whole range of hash keys without gap or overlap."""

    record_bytes: int
    _open: list[LimitedShard]

    def init_shards(self, shard_count: int) -> None:
        self.shard_count = shard_count
        bounds = [number * (HASH_KEYS // shard_count) for number in range(shard_count)] + [HASH_KEYS]
        for number in range(shard_count):
            self._add(LimitedShard(number, bounds[number], bounds[number + 1] - 1))
        self._route()

    def _add(self, shard: LimitedShard) -> None:
        self.shards[shard.shard_id] = shard

    def _route(self) -> None:
        """Order the open shards by their first hash key; digests compare as bytes."""
        shards: list[LimitedShard] = [shard for shard in self.shards.values() if shard.is_open]
        self._open = sorted(shards, key=lambda shard: shard.starting_hash)
        self._starts = [shard.starting_hash.to_bytes(16, "big") for shard in self._open]
        self.shard_count = len(self._open)

    def shard_of(self, partition_key: str, explicit_hash_key: str | None = None) -> LimitedShard:
        """The shard that takes a key: by MD5 as a 128-bit integer, unless a hash key is given."""
        if explicit_hash_key is None:
            digest = md5(partition_key.encode(), usedforsecurity=False).digest()
        else:
            digest = hash_key(explicit_hash_key)
        return self._open[bisect_right(self._starts, digest) - 1]

    def children(self, shard_id: str) -> list[LimitedShard]:
        return [s for s in self.shards.values() if shard_id in (s.parent, s.adjacent_parent)]

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        """One shard closes, two take its range; moto checks nothing before it moves records, so this does."""
        shard, middle = self.shards[shard_to_split], int(new_starting_hash_key)
        self._refuse_closed(shard)
        if not shard.starting_hash + 1 < middle < shard.ending_hash:
            raise InvalidArgumentError(
                f"NewStartingHashKey {middle} used in SplitShard() on shard {shard_to_split} in stream "
                f"{self.stream_name} under account {self.account_id} is not both greater than one plus the "
                f"shard's StartingHashKey {shard.starting_hash} and less than the shard's EndingHashKey "
                f"{shard.ending_hash - 1}."
            )
        self._add(LimitedShard(len(self.shards), shard.starting_hash, middle - 1, shard.shard_id))
        self._add(LimitedShard(len(self.shards), middle, shard.ending_hash, shard.shard_id))
        shard.close()
        self._route()

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        """Two neighbours close, one takes their range."""
        pair = [self.shards[shard_to_merge], self.shards[adjacent_shard_to_merge]]
        for shard in pair:
            self._refuse_closed(shard)
        low, high = sorted(pair, key=lambda shard: shard.starting_hash)
        if low.ending_hash + 1 != high.starting_hash:
            raise InvalidArgumentError(
                f"Shards {shard_to_merge} and {adjacent_shard_to_merge} in stream {self.stream_name} under "
                f"account {self.account_id} are not an adjacent pair of shards eligible for merging."
            )
        merged = LimitedShard(
            len(self.shards), low.starting_hash, high.ending_hash, pair[0].shard_id, pair[1].shard_id
        )
        self._add(merged)
        for shard in pair:
            shard.close()
        self._route()

    def _refuse_closed(self, shard: LimitedShard) -> None:
        if not shard.is_open:
            raise InvalidArgumentError(
                f"Shard {shard.shard_id} in stream {self.stream_name} under account {self.account_id} has "
                "already been merged or split, and thus is not eligible for merging or splitting."
            )

    def row(self) -> Row:
        """The stream at a glance; its rate is the mean of the last seconds."""
        logs = [shard.log for shard in self.shards.values()]
        since = clock.epoch() - GLANCE_SECONDS
        highest = self.shard_count * int(limits.value("kinesis-shard-write-records"))
        return {
            "stream": self.stream_name,
            "shards": self.shard_count,
            "records/s": round(sum(log.end - log.at(since) for log in logs) / GLANCE_SECONDS, 1),
            "at most": highest,
            "kept": sum(log.end - log.first for log in logs),
        }

    def expire(self) -> None:
        """Let go of records that are older than the stream's retention."""
        horizon = clock.epoch() - self.retention_period_hours * 3600
        for shard in self.shards.values():
            shard.log.expire(horizon)


def hash_key(text: str) -> bytes:
    """An explicit hash key as the sixteen bytes of its integer."""
    if not text.isdecimal() or int(text) >= HASH_KEYS:
        raise InvalidArgumentError(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {text}"
        )
    return int(text).to_bytes(16, "big")
