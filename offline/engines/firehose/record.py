"""One record on its way, and what became of it."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple


class Record(NamedTuple):
    """A source record; `data` is Base64 text, as sources and Lambda carry it."""

    id: str
    arrived_ms: int
    data: str
    size: int
    metadata: str = ""
    """The Kinesis metadata as JSON, empty for DirectPut."""


class Item(NamedTuple):
    """A record that is to be delivered: its bytes, when it arrived, its sequence number."""

    data: bytes
    arrived_ms: int
    id: str


class Failure(NamedTuple):
    """A record that cannot be delivered, and why, in AWS's words."""

    arrived_ms: int
    raw: str
    """Base64 of what could not be processed."""
    code: str
    message: str
    kind: str
    """The error output type: what `!{firehose:error-output-type}` becomes."""
    extra: dict[str, Any]
    attempts: int = 1

    def line(self, ended_ms: int) -> dict[str, Any]:
        """The record as it lies under the error prefix, one JSON document a line."""
        return {
            "attemptsMade": self.attempts,
            "arrivalTimestamp": self.arrived_ms,
            "errorCode": self.code,
            "errorMessage": self.message,
            "attemptEndingTimestamp": ended_ms,
            "rawData": self.raw,
            **self.extra,
        }


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()
