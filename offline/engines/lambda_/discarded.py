"""What an on-failure destination is told of records that Lambda gave up.

Source: AWS Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source".
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.lambda_.environment import Answer
from offline.engines.lambda_.function import Function
from offline.engines.lambda_.permissions import TELLING, require
from offline.iam.gatekeeper import AccessDeniedError


def moment(epoch: float) -> str:
    """
    >>> moment(1767614400.25), moment(1767614400.9996)
    ('2026-01-05T12:00:00.250Z', '2026-01-05T12:00:00.999Z')
    """
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(function: Function, condition: str, attempts: int, answer: Answer | None) -> dict[str, Any]:
    """Why records were given up; without an answer, where no invocation was the reason."""
    told: dict[str, Any] = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function.function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        }
    }
    if answer is not None:
        failure = {"functionError": "Unhandled"} if answer.failed else {}
        told["responseContext"] = {"statusCode": 200, "executedVersion": str(function.version), **failure}
    return told | {"version": "1.0", "timestamp": moment(clock.epoch())}


def tell(function: Function, destination: str, text: str) -> str:
    """Send it as the function's role; the problem where that is not allowed, and nobody hears of it."""
    service = destination.split(":")[2]
    try:
        require(function.role, destination, TELLING[service])
    except AccessDeniedError as error:
        return f"PROBLEM: {error.message}"
    client = client_of_role(service, function.role, function.region)
    if service == "sns":
        client.publish(TopicArn=destination, Message=text)
    else:
        url = client.get_queue_url(QueueName=destination.rpartition(":")[2])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=text)
    return ""
