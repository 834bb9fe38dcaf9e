"""Rows of Amazon SQS."""

from __future__ import annotations

import json
from typing import Any

from facts import limits
from offline.resources.change import given, only_in, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
NUMBERS = (
    "DelaySeconds",
    "KmsDataKeyReusePeriodSeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)
FLAGS = ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled")
DOCUMENTS = ("RedriveAllowPolicy", "RedrivePolicy")
FIFO = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
WORDS = ("DeduplicationScope", "FifoThroughputLimit", "KmsMasterKeyId")


def _defaults() -> dict[str, Any]:
    """What an attribute is when nobody sets it: Amazon SQS API Reference, "SetQueueAttributes"."""
    return {
        "DelaySeconds": 0,
        "KmsDataKeyReusePeriodSeconds": limits.value("sqs-data-key-reuse-seconds-default"),
        "MaximumMessageSize": limits.value("sqs-message-bytes-default"),
        "MessageRetentionPeriod": limits.value("sqs-retention-seconds-default"),
        "ReceiveMessageWaitTimeSeconds": 0,
        "VisibilityTimeout": limits.value("sqs-visibility-timeout-seconds-default"),
        "ContentBasedDeduplication": False,
        "SqsManagedSseEnabled": True,
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
        "KmsMasterKeyId": "",
        "RedriveAllowPolicy": "",
        "RedrivePolicy": "",
    }


def create_queue(resource: Resource) -> Physical:
    sqs, properties = resource.client("sqs"), resource.properties
    ending = ".fifo" if properties.take("FifoQueue") else ""
    name = properties.take("QueueName") or resource.name(longest=80 - len(ending)) + ending
    attributes = {key: _text(value) for key, value in _attributes(properties).items()}
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=resource.tags())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Physical(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _attributes(properties: Properties) -> dict[str, Any]:
    return given(properties, *NUMBERS, *FLAGS, *DOCUMENTS, *WORDS)


def _text(value: Any) -> str:
    """Attributes are text, whatever they hold."""
    if isinstance(value, bool | dict):
        return json.dumps(value)
    return str(value)


def update_queue(resource: Resource, queue: Physical, old: Properties) -> Physical:
    sqs, new = resource.client("sqs"), _attributes(resource.properties)
    wanted = {**_defaults(), **new}
    if "KmsMasterKeyId" in new and "SqsManagedSseEnabled" not in new:
        wanted["SqsManagedSseEnabled"] = False
    never = ("FifoQueue",) if new.get("FifoQueue") else FIFO
    attributes = {name: _text(value) for name, value in wanted.items() if name not in never}
    sqs.set_queue_attributes(QueueUrl=queue.id, Attributes=attributes)
    retag(
        resource,
        old,
        lambda tags: sqs.tag_queue(QueueUrl=queue.id, Tags=resource.tags()),
        lambda keys: sqs.untag_queue(QueueUrl=queue.id, TagKeys=keys),
    )
    return queue


@unless_gone(*GONE)
def read_queue(resource: Resource, queue: Physical) -> dict[str, Any] | None:
    sqs = resource.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"]
    parsed = {name: json.loads(found[name]) for name in (*NUMBERS, *FLAGS, *DOCUMENTS) if name in found}
    tags = sqs.list_queue_tags(QueueUrl=queue.id).get("Tags") or {}
    return {
        "QueueName": found["QueueArn"].rsplit(":", 1)[-1],
        **parsed,
        **present(**{name: found.get(name) for name in WORDS}, Tags=told_tags(resource, tags)),
    }


@unless_gone(*GONE)
def delete_queue(resource: Resource, queue: Physical) -> None:
    resource.client("sqs").delete_queue(QueueUrl=queue.id)


def create_policy(resource: Resource) -> Physical:
    name = resource.name(longest=128)
    policy = resource.begin(Physical(name, {"Id": name}))
    _put(resource, resource.properties.take("Queues"))
    return policy


def _put(resource: Resource, queues: list[str]) -> None:
    document = json.dumps(resource.properties.take("PolicyDocument"))
    for url in queues:
        resource.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


def _remove(resource: Resource, queues: list[str]) -> None:
    for url in queues:
        with unless_gone(*GONE):
            resource.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def update_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    queues = resource.properties.take("Queues")
    _put(resource, queues)
    _remove(resource, only_in(old.take("Queues"), queues))
    return policy


def delete_policy(resource: Resource, policy: Physical) -> None:
    _remove(resource, resource.properties.take("Queues"))


def create_inline_policy(resource: Resource) -> Physical:
    url = resource.properties.take("Queue")
    _put(resource, [url])
    return Physical(url)


def update_inline_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    return create_inline_policy(resource)


@unless_gone(*GONE)
def read_inline_policy(resource: Resource, policy: Physical) -> dict[str, Any] | None:
    sqs = resource.client("sqs")
    answer = sqs.get_queue_attributes(QueueUrl=policy.id, AttributeNames=["Policy"])
    document = answer.get("Attributes", {}).get("Policy")
    return {"Queue": policy.id, "PolicyDocument": json.loads(document)} if document else None


def delete_inline_policy(resource: Resource, policy: Physical) -> None:
    _remove(resource, [policy.id])


ROWS = (
    Row("AWS::SQS::Queue", create_queue, delete_queue, update_queue, read_queue),
    Row("AWS::SQS::QueuePolicy", create_policy, delete_policy, update_policy),
    Row(
        "AWS::SQS::QueueInlinePolicy",
        create_inline_policy,
        delete_inline_policy,
        update_inline_policy,
        read_inline_policy,
    ),
)
