"""Rows of SNS topic policies: a topic always has one, so without a template's it has SNS's default."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import only_in, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("NotFound", "NotFoundException")
OWNER_MAY = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"),
    *("Subscribe", "ListSubscriptionsByTopic", "Publish"),
)


def create_policy(resource: Resource) -> Physical:
    name = resource.name(longest=128)
    policy = resource.begin(Physical(name, {"Id": name}))
    _put(resource, resource.properties.take("Topics"))
    return policy


def _put(resource: Resource, topics: list[str]) -> None:
    for arn in topics:
        _set(resource, arn, resource.properties.take("PolicyDocument"))


def _set(resource: Resource, topic: str, document: dict[str, Any]) -> None:
    resource.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(document)
    )


def _reset(resource: Resource, topics: list[str]) -> None:
    for arn in topics:
        with unless_gone(*GONE):
            _set(resource, arn, default(arn))


def default(topic: str) -> dict[str, Any]:
    """The policy that SNS gives a new topic: its owner may do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in OWNER_MAY],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.split(":")[4]}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def update_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    topics = resource.properties.take("Topics")
    _put(resource, topics)
    _reset(resource, only_in(old.take("Topics"), topics))
    return policy


def delete_policy(resource: Resource, policy: Physical) -> None:
    _reset(resource, resource.properties.take("Topics"))


def create_inline_policy(resource: Resource) -> Physical:
    topic = resource.properties.take("TopicArn")
    _put(resource, [topic])
    return Physical(topic)


def update_inline_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    return create_inline_policy(resource)


@unless_gone(*GONE)
def read_inline_policy(resource: Resource, policy: Physical) -> dict[str, Any] | None:
    found = resource.client("sns").get_topic_attributes(TopicArn=policy.id)["Attributes"]["Policy"]
    document = json.loads(found)
    return None if document == default(policy.id) else {"TopicArn": policy.id, "PolicyDocument": document}


def delete_inline_policy(resource: Resource, policy: Physical) -> None:
    _reset(resource, [policy.id])


ROWS = (
    Row("AWS::SNS::TopicPolicy", create_policy, delete_policy, update_policy),
    Row(
        "AWS::SNS::TopicInlinePolicy",
        create_inline_policy,
        delete_inline_policy,
        update_inline_policy,
        read_inline_policy,
    ),
)
