"""Lines in a log stream, as services write those of what they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.utils import unix_time_millis

AT_ONCE = 1000
"""Events in one call; AWS takes ten times as many, of a mebibyte together."""


def put(logs: Any, group: str, stream: str, messages: Sequence[str]) -> None:
    """Put the messages, in the time of moto's Logs, which turns away events older than 14 days."""
    now = int(unix_time_millis())
    events = [{"timestamp": now, "message": message} for message in messages]
    for first in range(0, len(events), AT_ONCE):
        part = events[first : first + AT_ONCE]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=part)
