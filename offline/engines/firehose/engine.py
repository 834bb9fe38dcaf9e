"""The operations of Amazon Data Firehose that take records and configuration.

AWS promises delivery at least once, in objects by the buffering hints. Offline a delivery stream is
ACTIVE at once, reads its Kinesis source a second at a time on the account's clock, and delivers when
the account settles. Nothing is delivered twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.firehose.exceptions import InvalidArgumentException, ResourceNotFoundException
from moto.firehose.models import FirehoseBackend

from facts import limits
from offline.engine import Engine, Row
from offline.engines.firehose import schema
from offline.engines.firehose.settings import Settings, settings_of
from offline.engines.firehose.stream import Flow

DESTINATIONS = ("extended_s3", "s3")


class FirehoseEngine(Engine, FirehoseBackend):
    """Delivery streams of one region."""

    service = "firehose"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.flows: dict[str, Flow] = {}

    def create_delivery_stream(
        self, region: str, delivery_stream_name: str, delivery_stream_type: str, *args: Any, **kwargs: Any
    ) -> str:
        """A delivery stream that reads from now on; its ARN."""
        source, _, s3, extended, *others = args
        if any(others[:-1]) or not (s3 or extended):
            raise InvalidArgumentException(
                "Only S3 destinations are delivered to offline; use ExtendedS3DestinationConfiguration."
            )
        refuse_source(delivery_stream_type or "DirectPut", source)
        settings = checked(extended or s3)
        arn = super().create_delivery_stream(
            region, delivery_stream_name, delivery_stream_type, *args, **kwargs
        )
        try:
            self.flows[delivery_stream_name] = Flow(
                self.delivery_streams[delivery_stream_name], settings, region
            )
        except BaseException:
            del self.delivery_streams[delivery_stream_name]
            raise
        return str(arn)

    def update_destination(self, delivery_stream_name: str, *args: Any, **kwargs: Any) -> None:
        """The destination with the updated parts; a configuration that AWS refuses changes nothing."""
        stream = self.delivery_streams.get(delivery_stream_name)
        if stream is not None:
            update = args[3] or args[2] or {}
            checked(destination(stream) | update)
        super().update_destination(delivery_stream_name, *args, **kwargs)
        stream = self.delivery_streams[delivery_stream_name]
        self.flows[delivery_stream_name].reconfigure(stream, checked(destination(stream)))

    def delete_delivery_stream(self, delivery_stream_name: str) -> None:
        """The delivery stream is gone, and with it what was not yet delivered."""
        super().delete_delivery_stream(delivery_stream_name)
        del self.flows[delivery_stream_name]

    def put_record(self, delivery_stream_name: str, record: dict[str, bytes]) -> dict[str, Any]:
        identifier = self._accept(delivery_stream_name, [record["Data"]])[0]
        return {"RecordId": identifier, "Encrypted": False}

    def put_record_batch(self, delivery_stream_name: str, records: list[dict[str, bytes]]) -> dict[str, Any]:
        """All records are accepted: DirectPut's own throughput quota is not counted offline."""
        most, most_bytes = (int(limits.value(f"firehose-batch-{unit}")) for unit in ("records", "bytes"))
        if len(records) > most or sum(len(record["Data"]) for record in records) > most_bytes:
            raise InvalidArgumentException(
                f"A batch has at most {most} records and {most_bytes} bytes; got more."
            )
        identifiers = self._accept(delivery_stream_name, [record["Data"] for record in records])
        answers = [{"RecordId": identifier} for identifier in identifiers]
        return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}

    def _accept(self, name: str, datas: list[bytes]) -> list[str]:
        if name not in self.flows:
            raise ResourceNotFoundException(f"Firehose {name} under account {self.account_id} not found.")
        if self.delivery_streams[name].source:
            raise InvalidArgumentException(
                "This operation is not permitted on KinesisStreamAsSource delivery stream type."
            )
        most = int(limits.value("firehose-record-bytes"))
        if any(len(data) > most for data in datas):
            raise InvalidArgumentException(f"A record has at most {most} bytes; got {max(map(len, datas))}.")
        return self.flows[name].accept(datas)

    def put_s3_records(
        self,
        delivery_stream_name: str,
        version_id: str,
        s3_destination: dict[str, Any],
        records: list[dict[str, bytes]],
    ) -> list[dict[str, str]]:
        """Where moto's log subscriptions write: through the buffers, like any other record."""
        identifiers = self.flows[delivery_stream_name].accept([record["Data"] for record in records])
        return [{"RecordId": identifier} for identifier in identifiers]

    def status(self) -> dict[str, list[Row]]:
        """Delivery streams, with what became of their records."""
        return {"deliveries": [{"delivery stream": name, **flow.row()} for name, flow in self.flows.items()]}

    def due(self) -> datetime | None:
        return min((due for flow in self.flows.values() if (due := flow.due()) is not None), default=None)

    def settle(self) -> bool:
        return sum(flow.settle() for flow in list(self.flows.values())) > 0


def destination(stream: Any) -> dict[str, Any]:
    """The configuration of a stream's destination."""
    found = stream.destinations[0]
    configuration: dict[str, Any] = found.get("ExtendedS3") or found["S3"]
    return configuration


def checked(config: dict[str, Any]) -> Settings:
    """The settings of a configuration that can be played."""
    settings = settings_of(config)
    if settings.conversion:
        schema.refuse(settings.conversion)
    return settings


def refuse_source(kind: str, source: dict[str, Any] | None) -> None:
    allowed = ("DirectPut", "KinesisStreamAsSource")
    if kind not in allowed:
        raise InvalidArgumentException(
            f"DeliveryStreamType {kind} is not played offline; allowed are {', '.join(allowed)}."
        )
    if kind == "KinesisStreamAsSource" and not source:
        raise InvalidArgumentException(
            "KinesisStreamSourceConfiguration is required for KinesisStreamAsSource."
        )
