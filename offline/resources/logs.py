"""Rows of Amazon CloudWatch Logs."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_log_group(resource: Resource) -> Physical:
    logs, properties = resource.client("logs"), resource.properties
    name = properties.take("LogGroupName") or resource.name(longest=512)
    key = properties.take("KmsKeyId")
    logs.create_log_group(logGroupName=name, tags=resource.tags(), **({"kmsKeyId": key} if key else {}))
    days = properties.take("RetentionInDays")
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return Physical(name, {"Arn": resource.arn("logs", f"log-group:{name}:*")})


def delete_log_group(resource: Resource, group: Physical) -> None:
    resource.client("logs").delete_log_group(logGroupName=group.id)


def create_log_stream(resource: Resource) -> Physical:
    group, name = resource.properties.take("LogGroupName"), resource.properties.take("LogStreamName")
    name = name or resource.name(longest=512)
    resource.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return Physical(name)


def delete_log_stream(resource: Resource, stream: Physical) -> None:
    group = resource.properties.take("LogGroupName")
    resource.client("logs").delete_log_stream(logGroupName=group, logStreamName=stream.id)


ROWS = (
    Row("AWS::Logs::LogGroup", create_log_group, delete_log_group),
    Row("AWS::Logs::LogStream", create_log_stream, delete_log_stream),
)
