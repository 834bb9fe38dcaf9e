"""What a function leaves in CloudWatch Logs: START, its lines, END and REPORT, or the like in JSON."""

from __future__ import annotations

import math
from typing import Any

from botocore.exceptions import ClientError

from offline.engine import client_of_role
from offline.engines import log_events
from offline.engines.lambda_ import json_logs
from offline.engines.lambda_.environment import Answer
from offline.engines.lambda_.function import Function


def lines(function: Function, request_id: str, started: float, answer: Answer) -> list[str]:
    """One invocation as the log shows it; memory used is not measured, so none is named."""
    printed = [line or "\n" for line in answer.output.removesuffix("\n").split("\n")] if answer.output else []
    if function.logging["LogFormat"] == "JSON":
        return json_logs.lines(function, request_id, started, answer, printed)
    billed = math.ceil(answer.milliseconds)
    return [
        f"START RequestId: {request_id} Version: {function.version}",
        *printed,
        *filter(None, [answer.notice]),
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {answer.milliseconds:.2f} ms\t"
        f"Billed Duration: {billed} ms\tMemory Size: {function.memory_size} MB",
    ]


def write(function: Function, stream: str, messages: list[str]) -> None:
    """Put the lines into the function's log group, as the function's role.

    A role that may not write logs leaves none, and the invocation does not notice: as on AWS.
    """
    logs = client_of_role("logs", function.role, function.region)
    try:
        _ensure(logs, function.log_group, stream)
        log_events.put(logs, function.log_group, stream, messages)
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise


def _ensure(logs: Any, group: str, stream: str) -> None:
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceAlreadyExistsException:
        return
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
