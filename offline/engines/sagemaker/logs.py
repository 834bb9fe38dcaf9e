"""A container's output in CloudWatch Logs, under /aws/sagemaker/<kind of job>."""

from __future__ import annotations

from botocore.exceptions import ClientError
from moto.core.utils import unix_time_millis

from offline.engine import client_of_role

EVENTS_AT_ONCE = 1000
NOTHING_SAID = "\N{NO-BREAK SPACE}"
"""CloudWatch refuses an empty message."""


def shown(line: str) -> str:
    """A line as CloudWatch shows it: the log agent writes a tab as #011.

    >>> shown("[0]\\ttrain-auc:0.7")
    '[0]#011train-auc:0.7'
    """
    return line.replace("\t", "#011")


def put(kind: str, stream: str, lines: list[str], role_arn: str, region: str) -> None:
    """The lines stand in the job's log stream. A role that may not write logs loses them, as in AWS.

    Events carry the time of moto's Logs, which turns away events older than 14 days.
    """
    logs = client_of_role("logs", role_arn, region)
    group, now = f"/aws/sagemaker/{kind}", int(unix_time_millis())
    events = [{"timestamp": now, "message": shown(line) or NOTHING_SAID} for line in lines]
    try:
        try:
            logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)
        except logs.exceptions.ResourceNotFoundException:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        for first in range(0, len(events), EVENTS_AT_ONCE):
            logs.put_log_events(
                logGroupName=group, logStreamName=stream, logEvents=events[first : first + EVENTS_AT_ONCE]
            )
    except ClientError:
        return
