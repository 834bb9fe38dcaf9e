"""Execution history in CloudWatch Logs, by the state machine's LoggingConfiguration."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.core.utils import unix_time_millis
from moto.stepfunctions.parser.asl.eval.event.logging import (
    CloudWatchLoggingConfiguration,
    CloudWatchLoggingSession,
)

from offline.clock import clock
from offline.engine import client_of_service


class LogSession(CloudWatchLoggingSession):
    """One execution's stream, which AWS's log delivery writes: the machine's role only asks for it once."""

    def __init__(self, execution_arn: str, configuration: Any) -> None:
        self.execution_arn, self.configuration = execution_arn, configuration
        machine, name = execution_arn.split(":")[-2:]
        self._stream = f"states/{machine}/{clock.now():%Y-%m-%d-%H-%M}/{name}"
        self._put("create_log_stream")

    def publish_history_log(self, history_log: Any) -> None:
        """The event as AWS writes it; the log's own time is that of moto's Logs, which refuses old events."""
        message = {**history_log, "event_timestamp": str(int(clock.epoch() * 1000))}
        event = {"timestamp": int(unix_time_millis()), "message": json.dumps(message, default=str)}
        self._put("put_log_events", logEvents=[event])

    def _put(self, call: str, **arguments: Any) -> None:
        logs = client_of_service("logs", self.configuration.log_region)
        try:
            getattr(logs, call)(
                logGroupName=self.configuration.log_group_name, logStreamName=self._stream, **arguments
            )
        except ClientError:
            return


def session(execution_arn: str, machine: Any) -> LogSession | None:
    """The session that the state machine asks for, or None where its level is OFF."""
    asked = {"includeExecutionData": False, **(machine.loggingConfiguration or {})}
    configuration = CloudWatchLoggingConfiguration.from_logging_configuration(machine.arn, asked)
    return LogSession(execution_arn, configuration) if configuration else None
