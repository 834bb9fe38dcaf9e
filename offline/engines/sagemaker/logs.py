"""A container's output in CloudWatch Logs, under /aws/sagemaker/<kind of job>."""

from __future__ import annotations

from botocore.exceptions import ClientError

from offline.engine import client_of_role
from offline.engines import log_events

NOTHING_SAID = "\N{NO-BREAK SPACE}"
"""CloudWatch refuses an empty message."""


def shown(line: str) -> str:
    """A line as CloudWatch shows it: the log agent writes a tab as #011.

    >>> shown("[0]\\ttrain-auc:0.7")
    '[0]#011train-auc:0.7'
    """
    return line.replace("\t", "#011")


def put(kind: str, stream: str, lines: list[str], role_arn: str, region: str) -> None:
    """The lines stand in the job's log stream. A role that may not write logs loses them, as in AWS."""
    logs = client_of_role("logs", role_arn, region)
    group = f"/aws/sagemaker/{kind}"
    try:
        try:
            logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)
        except logs.exceptions.ResourceNotFoundException:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        log_events.put(logs, group, stream, [shown(line) or NOTHING_SAID for line in lines])
    except ClientError:
        return
