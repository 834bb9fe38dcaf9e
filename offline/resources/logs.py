"""Rows of Amazon CloudWatch Logs."""

from __future__ import annotations

from typing import Any

from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"


def create_log_group(resource: Resource) -> Physical:
    logs, properties = resource.client("logs"), resource.properties
    name = properties.take("LogGroupName") or resource.name(longest=512)
    key = properties.take("KmsKeyId")
    logs.create_log_group(logGroupName=name, tags=resource.tags(), **({"kmsKeyId": key} if key else {}))
    group = resource.begin(Physical(name, {"Arn": resource.arn("logs", f"log-group:{name}:*")}))
    days = properties.take("RetentionInDays")
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return group


def update_log_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    logs, properties = resource.client("logs"), resource.properties
    if days := properties.take("RetentionInDays"):
        logs.put_retention_policy(logGroupName=group.id, retentionInDays=days)
    else:
        logs.delete_retention_policy(logGroupName=group.id)
    if key := properties.take("KmsKeyId"):
        logs.associate_kms_key(logGroupName=group.id, kmsKeyId=key)
    elif old.take("KmsKeyId"):
        logs.disassociate_kms_key(logGroupName=group.id)
    retag(
        resource,
        old,
        lambda tags: logs.tag_log_group(
            logGroupName=group.id, tags={tag["Key"]: tag["Value"] for tag in tags}
        ),
        lambda keys: logs.untag_log_group(logGroupName=group.id, tags=keys),
    )
    return group


def read_log_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    logs = resource.client("logs")
    described = logs.describe_log_groups(logGroupNamePrefix=group.id)["logGroups"]
    found = next((one for one in described if one["logGroupName"] == group.id), None)
    if found is None:
        return None
    tags = logs.list_tags_log_group(logGroupName=group.id)["tags"]
    return present(
        LogGroupName=group.id,
        RetentionInDays=found.get("retentionInDays"),
        KmsKeyId=found.get("kmsKeyId"),
        Tags=told_tags(resource, tags),
    )


@unless_gone(GONE)
def delete_log_group(resource: Resource, group: Physical) -> None:
    resource.client("logs").delete_log_group(logGroupName=group.id)


def create_log_stream(resource: Resource) -> Physical:
    group, name = resource.properties.take("LogGroupName"), resource.properties.take("LogStreamName")
    name = name or resource.name(longest=512)
    resource.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return Physical(name)


@unless_gone(GONE)
def delete_log_stream(resource: Resource, stream: Physical) -> None:
    group = resource.properties.take("LogGroupName")
    resource.client("logs").delete_log_stream(logGroupName=group, logStreamName=stream.id)


ROWS = (
    Row("AWS::Logs::LogGroup", create_log_group, delete_log_group, update_log_group, read_log_group),
    Row("AWS::Logs::LogStream", create_log_stream, delete_log_stream),
)
