"""A Kinesis stream as the source: read once a second per shard, as the source's role.

Reading starts where the stream stood when the delivery stream was created (LATEST). A shard that was
split or merged is read to its end, then its children from their beginning.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from facts import limits
from offline.clock import clock
from offline.engines.firehose.record import Record
from offline.engines.kinesis.reader import reader

POLL = timedelta(seconds=1)
_text = json.encoder.encode_basestring_ascii


class KinesisSource:
    """The shards of a source stream and how far they are read."""

    def __init__(self, stream_arn: str, role: str, region: str) -> None:
        self.stream_arn, self._role, self._region = stream_arn, role, region
        self._iterators: dict[str, str] = {
            shard["ShardId"]: self._iterator(shard["ShardId"], "LATEST") for shard in self._open_shards()
        }
        self._polled: datetime | None = None
        self._again = True

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_kinesis"}

    @cached_property
    def _kinesis(self) -> Any:
        return reader(self._role, "firehose", self._region)

    def _open_shards(self) -> list[dict[str, Any]]:
        shards = self._kinesis.list_shards(StreamARN=self.stream_arn)["Shards"]
        return [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]

    def _iterator(self, shard_id: str, kind: str) -> str:
        answer = self._kinesis.get_shard_iterator(
            StreamARN=self.stream_arn, ShardId=shard_id, ShardIteratorType=kind
        )
        return str(answer["ShardIterator"])

    def due(self) -> datetime | None:
        """When to look again: a second after the last look, if that look or a later wish asks for it."""
        if not self._again:
            return None
        return clock.now() if self._polled is None else self._polled + POLL

    def poll(self) -> list[Record]:
        """What has come since the last look; nothing within a second of it."""
        if self._polled is not None and clock.now() < self._polled + POLL:
            # Somebody settles: what was put since then is seen at the next second.
            self._again = True
            return []
        self._polled, self._again = clock.now(), False
        return [record for shard_id in list(self._iterators) for record in self._read(shard_id)]

    def _read(self, shard_id: str) -> list[Record]:
        most = int(limits.value("kinesis-get-records-records"))
        try:
            answer = self._kinesis.get_records(ShardIterator=self._iterators[shard_id], Limit=most)
        except self._kinesis.exceptions.ProvisionedThroughputExceededException:
            self._again = True
            return []
        self._follow(shard_id, answer)
        self._again |= answer["MillisBehindLatest"] > 0 or bool(answer["Records"])
        return [_record(shard_id, raw) for raw in answer["Records"]]

    def _follow(self, shard_id: str, answer: dict[str, Any]) -> None:
        if answer.get("NextShardIterator"):
            self._iterators[shard_id] = answer["NextShardIterator"]
            return
        del self._iterators[shard_id]
        self._again = True
        for child in answer.get("ChildShards", []):
            if child["ShardId"] not in self._iterators and not self._iterators.keys() & set(
                child["ParentShards"]
            ):
                self._iterators[child["ShardId"]] = self._iterator(child["ShardId"], "TRIM_HORIZON")


def _record(shard_id: str, raw: dict[str, Any]) -> Record:
    arrived, data, number = int(raw["ApproximateArrivalTimestamp"] * 1000), raw["Data"], raw["SequenceNumber"]
    metadata = (
        f',"kinesisRecordMetadata":{{"sequenceNumber":"{number}","subsequenceNumber":0,"partitionKey":'
        f'{_text(raw["PartitionKey"])},"shardId":"{shard_id}","approximateArrivalTimestamp":{arrived}}}'
    )
    return Record(number, arrived, data, len(data) // 4 * 3 - data.count("=", -2), metadata)
