"""The Lambda transform: batches of records to the function, and its answers checked.

AWS promises per record `recordId`, `result` (Ok, Dropped or ProcessingFailed) and `data`, tries an
invocation again as often as it was told, and puts the records of a batch that still failed under the
error prefix as processing-failed. ("Data transformation", Firehose developer guide.)
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from facts import limits
from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.firehose.record import Failure, Record
from offline.engines.firehose.settings import Transform
from offline.lock import lock

# Two at a time: one runs while the answer of the other is being taken apart.
CONCURRENT_INVOCATIONS = 2
# What stands around a record's data in the event.
ENVELOPE_BYTES = 90
FUNCTION_ERROR = "The Lambda function was successfully invoked but it returned an error result."
JSON_ERROR = (
    "There was an error parsing records returned from the Lambda function. Ensure that the returned records "
    "follow the status model required by Amazon Data Firehose."
)
MISSING = (
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received "
    "record Ids."
)
DUPLICATED = (
    "Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique "
    "record IDs for each record."
)


@dataclass(frozen=True)
class Answered:
    """A batch and what the function said of each of its records, or why it said nothing."""

    batch: list[Record]
    answers: list[dict[str, Any] | None]
    code: str = ""
    message: str = ""
    attempts: int = 1

    def failure(self, record: Record, code: str, message: str, function_arn: str) -> Failure:
        extra = {"lambdaArn": function_arn}
        return Failure(
            record.arrived_ms, record.data, code, message, "processing-failed", extra, self.attempts
        )


class Transformer:
    """Records that wait for the function, and the invocations of it."""

    def __init__(self, settings: Transform, role: str, region: str, stream_arn: str, source_arn: str) -> None:
        self.settings = settings
        self._region = region
        self._role = role
        self._lambda()  # A role that cannot be assumed is refused now.
        self._head = {"deliveryStreamArn": stream_arn, "region": region}
        if source_arn:
            self._head["sourceKinesisStreamArn"] = source_arn
        self._waiting: list[Record] = []
        self._waiting_bytes = self._event_bytes = 0
        self._full: list[list[Record]] = []
        self._since: datetime | None = None

    def _lambda(self) -> Any:
        return client_of_role("lambda", self._role, self._region)

    def add(self, records: list[Record]) -> None:
        """Buffer records; a batch is full at the buffer's size, or where the event would be too large."""
        most, most_event = (
            self.settings.buffer_bytes,
            int(limits.value("firehose-lambda-payload-bytes")) - 4096,
        )
        for record in records:
            event_bytes = len(record.data) + len(record.metadata) + len(record.id) + ENVELOPE_BYTES
            if self._waiting and (
                self._waiting_bytes + record.size > most or self._event_bytes + event_bytes > most_event
            ):
                self.close()
            self._waiting.append(record)
            self._waiting_bytes += record.size
            self._event_bytes += event_bytes
            if self._since is None:
                self._since = clock.now()
            if self._waiting_bytes >= most:
                self.close()

    def close(self) -> None:
        """Wait for no more records: what there is, is a batch."""
        if self._waiting:
            self._full.append(self._waiting)
        self._waiting, self._waiting_bytes, self._event_bytes, self._since = [], 0, 0, None

    def due(self) -> datetime | None:
        if self._full:
            return clock.now()
        return self._since + timedelta(seconds=self.settings.interval_seconds) if self._since else None

    def answered(self) -> Iterator[Answered]:
        """Every batch that is due, answered, in order."""
        interval = timedelta(seconds=self.settings.interval_seconds)
        if self._since is not None and self._since + interval <= clock.now():
            self.close()
        batches, self._full = self._full, []
        if len(batches) < 2:
            yield from map(self._invoke, batches)
            return
        yield from self._invoke_all(batches)

    def _invoke_all(self, batches: list[list[Record]]) -> Iterator[Answered]:
        """The answers, in order; the account is free while the threads work, since they ask it too."""
        pool = ThreadPoolExecutor(CONCURRENT_INVOCATIONS)
        try:
            for invocation in [pool.submit(self._invoke, batch) for batch in batches]:
                with lock.waiting():
                    answered = invocation.result()
                yield answered
        finally:
            with lock.waiting():
                pool.shutdown(cancel_futures=True)

    def _invoke(self, batch: list[Record]) -> Answered:
        """The function's answer, after as many attempts as it takes or are allowed."""
        code, message, attempts = "", "", self.settings.retries + 1
        for attempt in range(1, attempts + 1):
            payload, code, message = self._attempt(self._event(batch))
            if not code:
                return _matched(batch, payload, attempt)
        return Answered(batch, [], code, message, attempts)

    def _event(self, batch: list[Record]) -> bytes:
        head = json.dumps({"invocationId": str(uuid.uuid4()), **self._head})
        records = ",".join(
            [
                f'{{"recordId":"{name}","approximateArrivalTimestamp":{arrived},"data":"{data}"{metadata}}}'
                for name, arrived, data, _, metadata in batch
            ]
        )
        return f'{head[:-1]},"records":[{records}]}}'.encode()

    def _attempt(self, event: bytes) -> tuple[bytes, str, str]:
        """The payload, or an error code and message."""
        try:
            answer = self._lambda().invoke(FunctionName=self.settings.function_arn, Payload=event)
        except ClientError as error:
            kind, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            return b"", "Lambda.InvokeAccessDenied" if "AccessDenied" in kind else f"Lambda.{kind}", message
        payload = answer["Payload"].read()
        if "FunctionError" in answer:
            return payload, "Lambda.FunctionError", FUNCTION_ERROR
        return payload, "", ""


def _matched(batch: list[Record], payload: bytes, attempts: int) -> Answered:
    """Each record's answer, in the batch's order."""
    try:
        answers = json.loads(payload)["records"]
        names = [answer["recordId"] for answer in answers]
    except (ValueError, KeyError, TypeError):
        return Answered(batch, [], "Lambda.JsonProcessingException", JSON_ERROR, attempts)
    if names == [record.id for record in batch]:
        return Answered(batch, answers, attempts=attempts)
    if len(set(names)) != len(names):
        return Answered(batch, [], "Lambda.DuplicatedRecordId", DUPLICATED, attempts)
    by_name = dict(zip(names, answers, strict=True))
    return Answered(batch, [by_name.get(record.id) for record in batch], attempts=attempts)
