"""The log of a function whose LogFormat is JSON: platform events, and its lines, those of a level or above.

Source: AWS Lambda Developer Guide, "Log-level filtering" and "Lambda Telemetry API Event schema reference".
AWS has no example of every status: here a handler that raised is an `error`, and a process that left a
`failure` (BACKGROUND). Starting an environment writes no events (`platform.initStart` and its like).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from facts import limits
from offline.clock import clock
from offline.engines.lambda_.discarded import moment
from offline.engines.lambda_.environment import Answer
from offline.engines.lambda_.function import Function

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
OF_PYTHON = {"WARNING": "WARN", "CRITICAL": "FATAL"}
UNLEVELLED = "INFO"
"""The level of a line that names none, as of all that is printed."""


def lines(
    function: Function, request_id: str, started: float, answer: Answer, printed: list[str]
) -> list[str]:
    """What is sent of one invocation."""
    system, application = (function.logging[f"{whose}LogLevel"] for whose in ("System", "Application"))
    start, *ends = events(function, request_id, started, answer)
    between = [(level_of(line), line) for line in printed]
    return [*_sent([start], system), *_sent(between, application), *_sent(ends, system)]


def _sent(told: list[tuple[str, str]], lowest: str) -> list[str]:
    return [text for level, text in told if LEVELS.index(level) >= LEVELS.index(lowest)]


def events(function: Function, request_id: str, started: float, answer: Answer) -> Iterator[tuple[str, str]]:
    """The platform's events with their levels; memory used is not measured, so none is named."""
    took, ended = round(answer.milliseconds, 3), clock.epoch()
    outcome = {"requestId": request_id, "status": answer.status}
    yield _event("start", started, {"requestId": request_id, "version": str(function.version)})
    metrics: dict[str, Any] = {"durationMs": took, "producedBytes": len(answer.payload)}
    yield _event("runtimeDone", ended, outcome | {"metrics": metrics})
    billed = math.ceil(answer.milliseconds)
    metrics = {"durationMs": took, "billedDurationMs": billed, "memorySizeMB": function.memory_size}
    yield _event("report", ended, outcome | {"metrics": metrics})


def _event(kind: str, time: float, record: dict[str, Any]) -> tuple[str, str]:
    fine = record.get("status", "success") == "success"
    level = str(limits.value(f"lambda-log-level-{kind if fine else 'failed'}"))
    event = {"time": moment(time), "type": f"platform.{kind}", "record": record}
    return level, json.dumps(event, separators=(",", ":"))


def level_of(line: str) -> str:
    """
    >>> level_of('{"level": "debug"}'), level_of('{"level": "CRITICAL"}'), level_of("printed")
    ('DEBUG', 'FATAL', 'INFO')
    """
    try:
        told = json.loads(line)
    except ValueError:
        return UNLEVELLED
    name = str(told.get("level")).upper() if isinstance(told, dict) else ""
    name = OF_PYTHON.get(name, name)
    return name if name in LEVELS else UNLEVELLED
