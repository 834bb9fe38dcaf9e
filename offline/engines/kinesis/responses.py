"""The wire form of the calls that carry records, written for batches.

moto serializes every member through the service model, object by object; at 500 records a call that
is most of the time. Here a record is one formatted line, and its Base64 text passes as it came.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.urls import url_bases

from facts import limits
from offline.clock import clock
from offline.engines.kinesis.engine import (
    RATE_EXCEEDED,
    KinesisEngine,
    RateExceededError,
    decoded_length,
    iterator,
    rate_exceeded,
    too_long,
)
from offline.engines.kinesis.stream import LimitedShard, LimitedStream

__all__ = ["url_bases", "url_paths"]

_text = json.encoder.encode_basestring_ascii


class RecordResponse(KinesisResponse):
    """moto's responses, but for the calls that carry records."""

    @property
    def engine(self) -> KinesisEngine:
        backend = self.kinesis_backend
        assert isinstance(backend, KinesisEngine)
        return backend

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """The request id; moto also looks for XML to put it into, all through a body that has none."""
        return KinesisResponse._enrich_response(headers, "")[0], body

    def create_stream(self) -> ActionResult:
        request = json.loads(self.body)
        self.engine.create_stream(
            request["StreamName"],
            request.get("ShardCount"),
            request.get("StreamModeDetails"),
            tags=request.get("Tags"),
            record_kib=request.get("MaxRecordSizeInKiB"),
        )
        return EmptyResult()

    def put_record(self) -> str:
        request = json.loads(self.body)
        stream = self.engine.stream_of(request)
        if request.get("PartitionKey") is None:
            raise without_key("partitionKey")
        if decoded_length(request["Data"]) > stream.record_bytes:
            raise too_long("data", stream.record_bytes)
        ((shard, position),) = self.engine.put(stream, [request])
        if position == 0:
            raise RateExceededError(shard.shard_id, stream.stream_name, self.engine.account_id)
        return json.dumps(
            {"ShardId": shard.shard_id, "SequenceNumber": shard.log.sequence_number(position)}
            | encryption(stream)
        )

    def put_records(self) -> str:
        request = json.loads(self.body)
        stream, records = self.engine.stream_of(request), request["Records"]
        refuse_oversized(stream, records)
        placed = self.engine.put(stream, records)
        failed = sum(position == 0 for _, position in placed)
        results = ",".join([self._result(stream, shard, position) for shard, position in placed])
        tail = f',"EncryptionType":{_text(stream.encryption_type)}'
        return f'{{"FailedRecordCount":{failed},"Records":[{results}]{tail}}}'

    def _result(self, stream: LimitedStream, shard: LimitedShard, position: int) -> str:
        if position > 0:
            return f'{{"SequenceNumber":"{shard.log.sequence_number(position)}","ShardId":"{shard.id}"}}'
        message = rate_exceeded(shard.id, stream.stream_name, stream.account_id)
        return json.dumps({"ErrorCode": RATE_EXCEEDED, "ErrorMessage": message})

    def get_shard_iterator(self) -> str:
        request = json.loads(self.body)
        return json.dumps({"ShardIterator": self.engine.iterator(self.engine.stream_of(request), request)})

    def get_records(self) -> str:
        request = json.loads(self.body)
        stream, shard, entries, after = self.engine.read(request["ShardIterator"], request.get("Limit"))
        kind = "" if stream.encryption_type == "NONE" else f',"EncryptionType":"{stream.encryption_type}"'
        records = ",".join(
            [
                f'{{"SequenceNumber":"{number}","ApproximateArrivalTimestamp":{arrived},"Data":"{data}",'
                f'"PartitionKey":{_text(key)}{kind}}}'
                for number, arrived, key, data in entries
            ]
        )
        rest = json.dumps(continuation(stream, shard, after))
        return f'{{"Records":[{records}],{rest[1:]}'


def continuation(stream: LimitedStream, shard: LimitedShard, position: int) -> dict[str, Any]:
    """How to go on: the next iterator, or the children of a shard that is closed and read to its end."""
    at_end = position >= shard.log.end
    behind = 0 if at_end else int((clock.epoch() - shard.log.arrived(position)) * 1000)
    if at_end and not shard.is_open:
        children = [child_of(child) for child in stream.children(shard.shard_id)]
        return {"MillisBehindLatest": behind, "ChildShards": children}
    return {"MillisBehindLatest": behind, "NextShardIterator": iterator(stream, shard, position)}


def child_of(shard: LimitedShard) -> dict[str, Any]:
    shape = shard.to_json()
    parents = [shape[name] for name in ("ParentShardId", "AdjacentParentShardId") if name in shape]
    return {"ShardId": shard.shard_id, "ParentShards": parents, "HashKeyRange": shape["HashKeyRange"]}


def refuse_oversized(stream: LimitedStream, records: list[dict[str, str]]) -> None:
    """Turn a whole PutRecords request away that is over a limit, as AWS does."""
    for number, record in enumerate(records, start=1):
        if record.get("PartitionKey") is None:
            raise without_key(f"records.{number}.member.partitionKey")
    most, most_bytes = (int(limits.value(f"kinesis-put-records-{unit}")) for unit in ("records", "bytes"))
    if len(records) > most:
        raise too_long("records", most)
    sizes = [decoded_length(record["Data"]) for record in records]
    if max(sizes, default=0) > stream.record_bytes:
        number = next(n for n, size in enumerate(sizes, start=1) if size > stream.record_bytes)
        raise too_long(f"records.{number}.member.data", stream.record_bytes)
    if sum(sizes) + sum(len(record["PartitionKey"]) for record in records) > most_bytes:
        raise InvalidArgumentError(f"Records size exceeds {most_bytes // 1024**2} MB limit")


def without_key(member: str) -> JsonRESTError:
    """Streams that distribute records by their partition keys, as all do offline, need one."""
    return JsonRESTError(
        "ValidationException",
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
        "Member must not be null",
    )


def encryption(stream: LimitedStream) -> dict[str, str]:
    return {} if stream.encryption_type == "NONE" else {"EncryptionType": stream.encryption_type}


url_paths = {"{0}/$": RecordResponse.dispatch}
