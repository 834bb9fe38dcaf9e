"""Rows of SNS topics, with the subscriptions that a topic's own template lists."""

from __future__ import annotations

from typing import Any

from offline.resources.change import only_in, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sns.subscription import text, value

GONE = ("NotFound", "NotFoundException")
DEFAULTS = {"DisplayName": "", "KmsMasterKeyId": "", "SignatureVersion": "1", "TracingConfig": "PassThrough"}
FIFO_DEFAULTS = {"ContentBasedDeduplication": False, "FifoThroughputScope": "Topic"}


def create_topic(resource: Resource) -> Physical:
    sns, properties = resource.client("sns"), resource.properties
    fifo = bool(properties.take("FifoTopic"))
    name = properties.take("TopicName") or resource.name(longest=250) + (".fifo" if fifo else "")
    attributes = {**({"FifoTopic": True} if fifo else {}), **_attributes(properties)}
    arn = sns.create_topic(
        Name=name,
        Attributes={key: text(one) for key, one in attributes.items()},
        **({"Tags": resource.tag_list()} if resource.tags() else {}),
    )["TopicArn"]
    topic = resource.begin(Physical(arn, {"TopicArn": arn, "TopicName": name}))
    for subscription in properties.take("Subscription") or []:
        sns.subscribe(TopicArn=arn, **subscription)
    return topic


def _attributes(properties: Properties) -> dict[str, Any]:
    return properties.only(*DEFAULTS, *FIFO_DEFAULTS)


def update_topic(resource: Resource, topic: Physical, old: Properties) -> Physical:
    sns, new = resource.client("sns"), _attributes(resource.properties)
    had = _attributes(old)
    for name, default in {**DEFAULTS, **FIFO_DEFAULTS}.items():
        if (name in new or name in had) and new.get(name) != had.get(name):
            wanted = text(new.get(name, default))
            sns.set_topic_attributes(TopicArn=topic.id, AttributeName=name, AttributeValue=wanted)
    _follow_subscriptions(resource, topic.id, old)
    retag(
        resource,
        old,
        lambda tags: sns.tag_resource(ResourceArn=topic.id, Tags=tags),
        lambda keys: sns.untag_resource(ResourceArn=topic.id, TagKeys=keys),
    )
    return topic


def _follow_subscriptions(resource: Resource, arn: str, old: Properties) -> None:
    sns = resource.client("sns")
    had, new = old.take("Subscription") or [], resource.properties.take("Subscription") or []
    for subscription in only_in(new, had):
        sns.subscribe(TopicArn=arn, **subscription)
    gone = only_in(had, new)
    for found in _subscriptions(resource, arn):
        if _as_listed(found) in gone:
            sns.unsubscribe(SubscriptionArn=found["SubscriptionArn"])


def _subscriptions(resource: Resource, arn: str) -> list[dict[str, str]]:
    pages = resource.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    return [subscription for page in pages for subscription in page["Subscriptions"]]


def _as_listed(subscription: dict[str, str]) -> dict[str, str]:
    return {"Endpoint": subscription["Endpoint"], "Protocol": subscription["Protocol"]}


@unless_gone(*GONE)
def read_topic(resource: Resource, topic: Physical) -> dict[str, Any] | None:
    """Of the subscriptions, those of the topic's own template: others have rows of their own."""
    sns = resource.client("sns")
    found = sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]
    tags = sns.list_tags_for_resource(ResourceArn=topic.id)["Tags"]
    listed = resource.properties.take("Subscription") or []
    standing = [_as_listed(subscription) for subscription in _subscriptions(resource, topic.id)]
    known = {name: found.get(name) or None for name in ("DisplayName", "KmsMasterKeyId", *FIFO_DEFAULTS)}
    return {
        "TopicName": topic.id.rsplit(":", 1)[-1],
        "SignatureVersion": found.get("SignatureVersion", DEFAULTS["SignatureVersion"]),
        "TracingConfig": found.get("TracingConfig", DEFAULTS["TracingConfig"]),
        **({"FifoTopic": True} if found.get("FifoTopic") == "true" else {}),
        **present(
            **{name: value(name, one) for name, one in known.items()},
            Subscription=[one for one in listed if one in standing],
            Tags=told_tags(resource, tags),
        ),
    }


def delete_topic(resource: Resource, topic: Physical) -> None:
    """To SNS, a topic that is gone already is deleted; its subscriptions go with it."""
    resource.client("sns").delete_topic(TopicArn=topic.id)


ROWS = (Row("AWS::SNS::Topic", create_topic, delete_topic, update_topic, read_topic),)
