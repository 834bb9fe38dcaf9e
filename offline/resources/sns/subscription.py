"""Rows of SNS subscriptions."""

from __future__ import annotations

import json
from typing import Any

from offline.errors import DeploymentError
from offline.resources.change import unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

DEFAULTS: dict[str, Any] = {
    "FilterPolicyScope": "MessageAttributes",
    "FilterPolicy": {},
    "RawMessageDelivery": False,
    "RedrivePolicy": {},
    "DeliveryPolicy": {},
    "SubscriptionRoleArn": "",
}
"""What an attribute is when nobody sets it; the scope stands first, since a filter is checked against it."""


def create_subscription(resource: Resource) -> Physical:
    """ReplayPolicy is not taken, since a topic keeps no messages here."""
    properties = resource.properties
    region = properties.take("Region") or resource.region
    if region != resource.region:
        raise DeploymentError(f"a topic in Region {region} is not reached here; allowed: {resource.region}")
    arn = resource.client("sns").subscribe(
        TopicArn=properties.take("TopicArn"),
        Attributes={name: text(one) for name, one in properties.only(*DEFAULTS).items()},
        ReturnSubscriptionArn=True,
        **properties.only("Protocol", "Endpoint"),
    )["SubscriptionArn"]
    return Physical(arn, {"Arn": arn})


def update_subscription(resource: Resource, subscription: Physical, old: Properties) -> Physical:
    new, had = resource.properties.only(*DEFAULTS), old.only(*DEFAULTS)
    for name, default in DEFAULTS.items():
        if (name in new or name in had) and new.get(name) != had.get(name):
            resource.client("sns").set_subscription_attributes(
                SubscriptionArn=subscription.id,
                AttributeName=name,
                AttributeValue=text(new.get(name, default)),
            )
    return subscription


@unless_gone("NotFound", "NotFoundException")
def read_subscription(resource: Resource, subscription: Physical) -> dict[str, Any] | None:
    sns = resource.client("sns")
    found = sns.get_subscription_attributes(SubscriptionArn=subscription.id)["Attributes"]
    told = {name: value(name, found[name]) for name in DEFAULTS if name in found}
    return {
        **{name: found[name] for name in ("TopicArn", "Protocol", "Endpoint")},
        **{name: one for name, one in told.items() if one not in ("", {})},
    }


def delete_subscription(resource: Resource, subscription: Physical) -> None:
    """To SNS, a subscription that is gone already is deleted."""
    resource.client("sns").unsubscribe(SubscriptionArn=subscription.id)


def text(value: Any) -> str:
    """Attributes are text, whatever they hold."""
    return json.dumps(value) if isinstance(value, bool | dict) else str(value)


def value(name: str, told: str | None) -> Any:
    """What an attribute's text holds."""
    document = name.endswith("Policy") or name in ("RawMessageDelivery", "ContentBasedDeduplication")
    return json.loads(told) if told and document else told


ROWS = (
    Row(
        "AWS::SNS::Subscription",
        create_subscription,
        delete_subscription,
        update_subscription,
        read_subscription,
    ),
)
