"""Objects in S3, put as the delivery role, and the delivery stream's own log of errors."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.core.utils import unix_time_millis

from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.firehose import compression, prefix
from offline.engines.firehose.record import Failure
from offline.engines.firehose.settings import Settings


class Delivery:
    """Where one version of a delivery stream's configuration puts its objects."""

    def __init__(self, name: str, arn: str, version: str, region: str, settings: Settings) -> None:
        self.settings = settings
        self._name, self._arn, self._version, self._region = name, arn, version, region
        self._s3()  # A role that cannot be assumed is refused now.

    def _s3(self) -> Any:
        return client_of_role("s3", self.settings.role, self._region)

    def put_records(self, body: bytes, arrived_ms: int, keys: dict[str, str], extension: str = "") -> None:
        """One object of records; packed as configured unless it is columnar already."""
        packed_as, pack = compression.FORMATS[self.settings.compression]
        ending = self.settings.extension or extension or packed_as
        place = prefix.evaluate(self.settings.prefix, self._moment(arrived_ms), keys)
        self._put(f"{place}{self._file_name(arrived_ms)}{ending}", body if extension else pack(body))

    def put_failures(self, kind: str, failures: list[Failure]) -> None:
        """One object of error records under the error prefix."""
        oldest = min(failure.arrived_ms for failure in failures)
        place = prefix.evaluate(self.settings.error_prefix, self._moment(oldest), error=kind)
        ended = int(clock.epoch() * 1000)
        lines = [json.dumps(failure.line(ended), separators=(",", ":")) for failure in failures]
        self._put(f"{place}{self._file_name(oldest)}", "\n".join([*lines, ""]).encode())

    def _put(self, key: str, body: bytes) -> None:
        encryption: dict[str, str] = {}
        if self.settings.kms_key:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.settings.kms_key}
        self._s3().put_object(Bucket=self.settings.bucket, Key=key, Body=body, **encryption)

    def _moment(self, arrived_ms: int) -> datetime:
        return datetime.fromtimestamp(arrived_ms / 1000, UTC).astimezone(self.settings.zone)

    def _file_name(self, arrived_ms: int) -> str:
        return f"{self._name}-{self._version}-{self._moment(arrived_ms):%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"

    def log(self, code: str, message: str) -> None:
        """An error in the log stream that the logging options name; a stream that is not there gets none."""
        if not self.settings.log_group:
            return
        event = {
            "deliveryStreamARN": self._arn,
            "destination": f"arn:aws:s3:::{self.settings.bucket}",
            "deliveryStreamVersionId": int(self._version),
            "message": message,
            "errorCode": code,
        }
        logs: Any = client_of_role("logs", self.settings.role, self._region)
        names = {"logGroupName": self.settings.log_group, "logStreamName": self.settings.log_stream}
        try:
            events = [{"timestamp": int(unix_time_millis()), "message": json.dumps(event)}]
            logs.put_log_events(logEvents=events, **names)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFoundException", "AccessDeniedException"):
                raise
