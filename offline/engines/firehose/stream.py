"""The way of one delivery stream's records, from its source to S3.

Every record that was accepted ends as delivered, failed (an error record under the error prefix) or
dropped (by the function); `counts` says how many, and CloudWatch has the same as metrics.
"""

from __future__ import annotations

import binascii
import uuid
from binascii import a2b_base64
from collections import Counter
from datetime import datetime
from typing import Any

import pyarrow as pa
from botocore.exceptions import ClientError
from moto.firehose.exceptions import InvalidArgumentException
from moto.firehose.models import DeliveryStream

from facts import limits
from offline.clock import clock
from offline.engine import Row, client_of_service
from offline.engines.firehose import conversion, prefix, schema
from offline.engines.firehose.buffers import Buffer, Buffers
from offline.engines.firehose.delivery import Delivery
from offline.engines.firehose.record import Failure, Item, Record, base64_text
from offline.engines.firehose.settings import Settings
from offline.engines.firehose.source import KinesisSource
from offline.engines.firehose.transform import FUNCTION_ERROR, JSON_ERROR, MISSING, Answered, Transformer

FAILED_STATUS = "ProcessingFailed status set for record"
NO_KEYS = "partitionKeys values must not be null or empty"


class Flow:
    """One delivery stream at work."""

    def __init__(self, stream: DeliveryStream, settings: Settings, region: str) -> None:
        self._region = region
        self._arn = stream.delivery_stream_arn
        self.counts: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._source: KinesisSource | None = None
        if stream.source:
            source = stream.source
            self._source = KinesisSource(source["KinesisStreamARN"], source["RoleARN"], region)
        self._records: Buffers[Item] = Buffers(settings.buffer_bytes, settings.interval_seconds)
        self._errors: Buffers[Failure] = Buffers(settings.buffer_bytes, settings.interval_seconds)
        self._configure(stream, settings)

    def reconfigure(self, stream: DeliveryStream, settings: Settings) -> None:
        """Deliver what was taken under the old settings by them, and go on with these."""
        if self._transformer is not None:
            self._transformer.close()
            self._transform(self._transformer)
        for buffers in (self._records, self._errors):
            buffers.close(settings.buffer_bytes, settings.interval_seconds)
        self._deliver_ready()
        self._configure(stream, settings)

    def _configure(self, stream: DeliveryStream, settings: Settings) -> None:
        self.settings = settings
        self._name = stream.delivery_stream_name
        self._keys = prefix.partition_keys(settings.prefix)
        self._delivery = Delivery(self._name, self._arn, stream.version_id, self._region, settings)
        source = self._source.stream_arn if self._source else ""
        self._transformer = (
            Transformer(settings.transform, settings.role, self._region, self._arn, source)
            if settings.transform
            else None
        )

    def accept(self, datas: list[bytes]) -> list[str]:
        """Take records put directly; their ids."""
        now = int(clock.epoch() * 1000)
        records = [Record(uuid.uuid4().hex, now, base64_text(data), len(data)) for data in datas]
        self._take(records)
        return [record.id for record in records]

    def _take(self, records: list[Record]) -> None:
        self.counts["read"] += len(records)
        self.counts["read_bytes"] += sum(record.size for record in records)
        if self._transformer is not None:
            self._transformer.add(records)
            return
        for record in records:
            self._keep((), Item(a2b_base64(record.data), record.arrived_ms, record.id))

    def row(self) -> Row:
        """The way of the records so far."""
        due = self.due()
        counted: Row = {name: self.counts[name] for name in ("read", "delivered", "failed", "dropped")}
        return counted | {"next look": f"{due:%H:%M:%S}" if due else ""}

    def due(self) -> datetime | None:
        parts = (self._source, self._transformer, self._records, self._errors)
        return min((due for part in parts if part and (due := part.due()) is not None), default=None)

    def settle(self) -> bool:
        """Read, transform and deliver what is due; whether anything was."""
        before = sum(self.counts.values())
        if self._source is not None and (records := self._source.poll()):
            self._take(records)
        if self._transformer is not None:
            self._transform(self._transformer)
        self._deliver_ready()
        return sum(self.counts.values()) != before

    def _deliver_ready(self) -> None:
        self._flush_records()
        self._flush_errors()
        self._report()

    def _transform(self, transformer: Transformer) -> None:
        for answered in transformer.answered():
            self._route(answered)
            self.counts["invocations"] += 1

    def _route(self, answered: Answered) -> None:
        """Sort a batch by what the function said of each record."""
        if answered.code:
            self._delivery.log(answered.code, answered.message)
            for record in answered.batch:
                self._fail(record, answered, answered.code, answered.message)
            return
        for record, answer in zip(answered.batch, answered.answers, strict=True):
            if answer is None:
                self._fail(record, answered, "Lambda.MissingRecordId", MISSING)
            elif answer.get("result") == "Ok":
                self._route_item(record, answer, answered)
            elif answer.get("result") == "Dropped":
                self.counts["dropped"] += 1
            elif answer.get("result") == "ProcessingFailed":
                self._fail(record, answered, "Lambda.ProcessingFailedStatus", FAILED_STATUS)
            else:
                self._fail(record, answered, "Lambda.JsonProcessingException", JSON_ERROR)

    def _route_item(self, record: Record, answer: dict[str, Any], answered: Answered) -> None:
        try:
            data = a2b_base64(answer["data"])
        except (KeyError, TypeError, ValueError, binascii.Error):
            self._fail(record, answered, "Lambda.FunctionError", FUNCTION_ERROR)
            return
        key: tuple[str, ...] = ()
        if self._keys:
            given = (answer.get("metadata") or {}).get("partitionKeys") or {}
            key = tuple([given.get(name) for name in self._keys])  # type: ignore[misc]
            if not all(key):
                self._fail(record, answered, "DynamicPartitioning.MetadataExtractionFailed", NO_KEYS)
                return
            if key not in self._records.open and self._partitions_used_up():
                self._exceed(record, answered)
                return
        self._keep(key, Item(data, record.arrived_ms, record.id))

    def _keep(self, key: tuple[str, ...], item: Item) -> None:
        if self.settings.delimiter:
            item = item._replace(data=item.data + self.settings.delimiter)
        self._records.add(key, item, len(item.data))

    def _partitions_used_up(self) -> bool:
        return len(self._records.open) >= int(limits.value("firehose-active-partitions"))

    def _exceed(self, record: Record, answered: Answered) -> None:
        message = "Active partition limit exceeded for the delivery stream."
        failure = answered.failure(
            record, "DynamicPartitioning.ActivePartitionLimitExceeded", message, self._function
        )
        self._errors.add(
            ("activePartitionExceeded",), failure._replace(kind="activePartitionExceeded"), record.size
        )

    def _fail(self, record: Record, answered: Answered, code: str, message: str) -> None:
        self._errors.add(
            ("processing-failed",), answered.failure(record, code, message, self._function), record.size
        )

    @property
    def _function(self) -> str:
        return self.settings.transform.function_arn if self.settings.transform else ""

    def _flush_records(self) -> None:
        """Deliver every buffer that is due; what cannot be converted goes to the error prefix at once."""
        ready = list(self._records.ready())
        if not ready:
            return
        convert = self._converter() if self.settings.conversion else None
        failures: Buffer[Failure] = Buffer(clock.now())
        for key, buffer in ready:
            try:
                self._deliver(key, buffer, convert, failures)
            except ClientError as error:
                self._postpone(error)
                self._records.later(key, buffer)
        if failures.items:
            self._deliver_failures(("format-conversion-failed",), failures)

    def _deliver(
        self, key: tuple[str, ...], buffer: Buffer[Item], convert: Converter | None, failures: Buffer[Failure]
    ) -> None:
        keys, oldest = dict(zip(self._keys, key, strict=True)), min(item.arrived_ms for item in buffer.items)
        if convert is None:
            self._delivery.put_records(b"".join([item.data for item in buffer.items]), oldest, keys)
            self._delivered(len(buffer.items), buffer.size)
            return
        tables, good, failed = convert.read(buffer.items)
        if good:
            body = convert.write(tables)
            self._delivery.put_records(body, oldest, keys, convert.extension)
            self._delivered(len(good), len(body))
        failures.items += failed

    def _delivered(self, records: int, size: int) -> None:
        self.counts["delivered"] += records
        self.counts["delivered_bytes"] += size
        self.counts["objects"] += 1

    def _converter(self) -> Converter:
        try:
            table = schema.table_of(self.settings.conversion, self._region)
            reader: Converter = Converter(self.settings.conversion, table)
        except (ClientError, InvalidArgumentException) as error:
            self._delivery.log("DataFormatConversion.InvalidSchema", str(error))
            return NoConverter(str(error))
        return reader

    def _postpone(self, error: ClientError) -> None:
        """S3 did not take an object: AWS logs it and tries again, so nothing is lost."""
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        self._delivery.log(f"S3.{code}", message)
        self.counts["delivery_errors"] += 1

    def _flush_errors(self) -> None:
        for key, buffer in list(self._errors.ready()):
            self._deliver_failures(key, buffer)

    def _deliver_failures(self, key: tuple[str, ...], buffer: Buffer[Failure]) -> None:
        try:
            self._delivery.put_failures(key[0], buffer.items)
        except ClientError as error:
            self._postpone(error)
            self._errors.later(key, buffer)
        else:
            self.counts["failed"] += len(buffer.items)

    def _report(self) -> None:
        """Metrics of what happened since the last report."""
        names = {
            name: metric for name, metric in METRICS.items() if self.counts[name] != self._reported[name]
        }
        if not names:
            return
        data = [
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "DeliveryStreamName", "Value": self._name}],
                "Timestamp": clock.now(),
                "Value": self.counts[name] - self._reported[name],
                "Unit": "Bytes" if name.endswith("bytes") else "Count",
            }
            for name, metric in names.items()
        ]
        client_of_service("cloudwatch", self._region).put_metric_data(
            Namespace="AWS/Firehose", MetricData=data
        )
        self._reported = self.counts.copy()


class Converter:
    """Reads JSON by the Glue table's schema, writes the columnar form."""

    def __init__(self, config: dict[str, Any], table: dict[str, Any]) -> None:
        named = config["SchemaConfiguration"]
        self._extra = {
            "dataCatalogTable": {
                "catalogId": named.get("CatalogId") or table.get("CatalogId", ""),
                "databaseName": named["DatabaseName"],
                "tableName": named["TableName"],
                "region": named.get("Region", ""),
                "versionId": named.get("VersionId") or "LATEST",
                "roleArn": named["RoleARN"],
            }
        }
        self._reader = schema.deserializer(config, table)
        self._writer = schema.serializer(config)
        self.extension = self._writer.extension

    def read(self, items: list[Item]) -> tuple[list[pa.Table], list[Item], list[Failure]]:
        return conversion.table_of(items, self._reader, self._extra)

    def write(self, tables: list[pa.Table]) -> bytes:
        return self._writer.write(pa.concat_tables(tables))


class NoConverter(Converter):
    """In place of a converter whose table cannot be read: every record fails, none is lost."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def read(self, items: list[Item]) -> tuple[list[pa.Table], list[Item], list[Failure]]:
        code, kind = "DataFormatConversion.InvalidSchema", "format-conversion-failed"
        failed = [Failure(i.arrived_ms, base64_text(i.data), code, self._reason, kind, {}) for i in items]
        return [], [], failed


METRICS = {
    "read": "IncomingRecords",
    "read_bytes": "IncomingBytes",
    "delivered": "DeliveryToS3.Records",
    "delivered_bytes": "DeliveryToS3.Bytes",
    "failed": "FailedConversion.Records",
    "invocations": "ExecuteProcessing.Count",
}
"""The metric that carries each count."""
