"""An SQS queue as a function's event source: what a batch leaves undone comes back when it is visible again.

Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.sqs.models import Queue, sqs_backends

from facts import limits
from offline.changes import unnoted
from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.lambda_.function import Function
from offline.engines.lambda_.mapping import EventSourceMapping
from offline.engines.lambda_.permissions import POLLING, require
from offline.engines.lambda_.shards import HEAD, TAIL, Run
from offline.iam.gatekeeper import AccessDeniedError

Message = dict[str, Any]


class QueueReader:
    """The queue of one mapping, polled under the role of its function."""

    def __init__(self, mapping: EventSourceMapping, region: str) -> None:
        self._mapping, self._region = mapping, region
        self._gathered: list[Message] = []
        self._since: datetime | None = None
        """When the first of the messages that are gathered was received."""

    def begin(self, function: Function) -> None:
        """The queue hides a message at least as long as the function may take."""
        if told := _too_short(self._queue(), function):
            raise InvalidParameterValueException(told)

    def _queue(self) -> Queue | None:
        _, _, _, region, account, name = self._mapping.event_source_arn.split(":")
        with unnoted():
            found: Queue | None = sqs_backends[account][region].queues.get(name)
        return found

    def pause(self) -> None:
        """Messages that are gathered come back when they are visible again."""
        self._gathered, self._since = [], None

    def due(self) -> datetime | None:
        """When a window ends, or a message becomes visible."""
        queue = self._queue()
        hidden = [_visible(message) for message in queue._messages] if queue else []
        moments = [moment for moment in hidden if moment > clock.now()]
        if self._since:
            moments.append(self._since + timedelta(seconds=self._mapping.window))
        return min(moments, default=None)

    def poll(self, function: Function, run: Run) -> bool:
        """Take what is visible, batch by batch; say whether there was anything."""
        if told := _too_short(self._queue(), function) or self._denied(function):
            self._mapping.result = f"PROBLEM: {told}"
            return False
        sqs = client_of_role("sqs", function.role, self._region)
        url = self._url(sqs)
        found = False
        while url and (received := self._receive(sqs, url)):
            found = True
            self._since = self._since or clock.now()
            self._gathered += received
            if len(self._gathered) >= self._mapping.batch_size:
                self._deliver(sqs, url, function, run)
        if self._since and clock.now() >= self._since + timedelta(seconds=self._mapping.window):
            self._deliver(sqs, url, function, run)
        return found

    def _denied(self, function: Function) -> str:
        try:
            for action in POLLING["sqs"]:
                require(function.role, self._mapping.event_source_arn, action)
        except AccessDeniedError as error:
            return str(error.message)
        return ""

    def _url(self, sqs: Any) -> str:
        name = self._mapping.event_source_arn.rpartition(":")[2]
        try:
            return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
        except ClientError as error:
            self._mapping.result = f"PROBLEM: {error.response['Error']['Message']}"
            return ""

    def _receive(self, sqs: Any, url: str) -> list[Message]:
        room = self._mapping.batch_size - len(self._gathered)
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(room, int(limits.value("sqs-receive-messages"))),
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=0,
        )
        return [self._event(message) for message in answer.get("Messages", [])]

    def _deliver(self, sqs: Any, url: str, function: Function, run: Run) -> None:
        """Invoke the function with what was gathered, and delete what it did."""
        while batch := self._taken():
            answer = run(function, (HEAD + ",".join(map(json.dumps, batch)) + TAIL).encode())
            undone = self._mapping.undone(answer, [message["messageId"] for message in batch])
            for message in batch:
                if message["messageId"] not in undone:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["receiptHandle"])
        self._since = None

    def _taken(self) -> list[Message]:
        """As many of the messages as fit into one event."""
        room = int(limits.value("lambda-payload-bytes")) - len(HEAD) - len(TAIL)
        batch: list[Message] = []
        while self._gathered:
            room -= len(json.dumps(self._gathered[0]).encode()) + 1
            if room < 0 and batch:
                break
            batch.append(self._gathered.pop(0))
        return batch

    def _event(self, message: Message) -> Message:
        """A message as a function gets it."""
        sums = {"md5OfMessageAttributes": message.get("MD5OfMessageAttributes")}
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
            },
            **{name: value for name, value in sums.items() if value},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.event_source_arn,
            "awsRegion": self._region,
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """A message attribute as a function gets it: binary values in Base64."""
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if "BinaryValue" in value:
        told = {"binaryValue": base64.b64encode(value["BinaryValue"]).decode()}
    else:
        told = {"stringValue": value["StringValue"]}
    return {**told, **lists, "dataType": value["DataType"]}


def _visible(message: Any) -> datetime:
    """The first moment at which a message can be received; moto hides it to the end of its last one."""
    hidden = message.visible_at + 1 if message.visible_at else 0
    return datetime.fromtimestamp(max(hidden, message.delayed_until) / 1000, UTC)


def _too_short(queue: Queue | None, function: Function) -> str:
    """AWS's complaint of a queue whose messages come back while the function still works on them."""
    takes = function.timeout
    hidden = int(queue.visibility_timeout) if queue is not None else takes
    if hidden >= takes:
        return ""
    return f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {takes} seconds"
