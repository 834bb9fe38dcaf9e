"""Rows of SNS: topics, subscriptions and policies follow their template, and messages arrive."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from offline.errors import DeploymentError
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

ROLE = "arn:aws:iam::123456789012:role/delivery"


def document(action: str = "sns:Publish") -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": action,
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def queue(name: str) -> Staged:
    return made("AWS::SQS::Queue", name=name)


def letters(url: str) -> list[str]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


def topic(**more: Any) -> Staged:
    settings = {
        "TopicName": "alarms",
        "DisplayName": "Alarms",
        "KmsMasterKeyId": "alias/aws/sns",
        "SignatureVersion": "2",
        "TracingConfig": "Active",
        "Tags": [{"Key": "lab", "Value": "mlops"}],
    }
    return made("AWS::SNS::Topic", **{**settings, **more})


def test_a_topic_has_everything_its_template_says(sandbox: Sandbox) -> None:
    inbox = queue("Inbox")
    alarms = topic(Subscription=[{"Endpoint": inbox.attribute("Arn"), "Protocol": "sqs"}])
    assert alarms.read() == alarms.properties
    boto3.client("sns").publish(TopicArn=alarms.attribute("TopicArn"), Message="late")
    assert [json.loads(letter)["Message"] for letter in letters(inbox.id)] == ["late"]


def test_an_updated_topic_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    first, second = queue("First").attribute("Arn"), queue("Second").attribute("Arn")
    alarms = topic(Subscription=[{"Endpoint": first, "Protocol": "sqs"}])
    alarms.update(
        *("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "Tags"),
        Subscription=[{"Endpoint": second, "Protocol": "sqs"}],
    )
    assert alarms.read() == {
        "TopicName": "alarms",
        "SignatureVersion": "1",
        "TracingConfig": "PassThrough",
        "Subscription": [{"Endpoint": second, "Protocol": "sqs"}],
    }
    found = boto3.client("sns").list_subscriptions_by_topic(TopicArn=alarms.id)["Subscriptions"]
    assert [subscription["Endpoint"] for subscription in found] == [second]


def test_a_fifo_topic_has_a_name_of_its_kind(sandbox: Sandbox) -> None:
    fifo = made(
        "AWS::SNS::Topic", FifoTopic=True, ContentBasedDeduplication=True, FifoThroughputScope="MessageGroup"
    )
    assert fifo.id.endswith(".fifo")
    assert fifo.in_sync()
    fifo.update("ContentBasedDeduplication", "FifoThroughputScope")
    assert fifo.read()["FifoThroughputScope"] == "Topic"
    assert fifo.read()["ContentBasedDeduplication"] is False


def test_what_a_hand_changed_on_a_topic_is_read(sandbox: Sandbox) -> None:
    alarms = topic()
    boto3.client("sns").set_topic_attributes(
        TopicArn=alarms.id, AttributeName="DisplayName", AttributeValue="By hand"
    )
    assert alarms.read()["DisplayName"] == "By hand"


def test_a_topic_is_deleted_with_its_subscriptions(sandbox: Sandbox) -> None:
    alarms = topic(Subscription=[{"Endpoint": queue("Inbox").attribute("Arn"), "Protocol": "sqs"}])
    alarms.delete()
    alarms.delete()
    assert alarms.read() is None
    assert boto3.client("sns").list_subscriptions()["Subscriptions"] == []


def subscription(alarms: Staged, inbox: Staged, **more: Any) -> Staged:
    return made(
        "AWS::SNS::Subscription",
        TopicArn=alarms.id,
        Protocol="sqs",
        Endpoint=inbox.attribute("Arn"),
        FilterPolicyScope="MessageBody",
        FilterPolicy={"carrier": ["AA"]},
        RawMessageDelivery=True,
        RedrivePolicy={"deadLetterTargetArn": queue("Dead").attribute("Arn")},
        DeliveryPolicy={"healthyRetryPolicy": {"numRetries": 3}},
        SubscriptionRoleArn=ROLE,
        **more,
    )


def test_a_subscription_delivers_what_its_filter_lets_through(sandbox: Sandbox) -> None:
    alarms, inbox = topic(), queue("Inbox")
    filtered = subscription(alarms, inbox)
    assert filtered.read() == filtered.properties
    for carrier in ("AA", "UA"):
        boto3.client("sns").publish(TopicArn=alarms.id, Message=json.dumps({"carrier": carrier}))
    assert letters(inbox.id) == ['{"carrier": "AA"}']


def test_an_updated_subscription_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    alarms, inbox = topic(), queue("Inbox")
    filtered = subscription(alarms, inbox)
    filtered.update(
        *("FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy"),
        *("DeliveryPolicy", "SubscriptionRoleArn"),
    )
    assert filtered.read() == {
        **filtered.properties,
        "RawMessageDelivery": False,
        "FilterPolicyScope": "MessageAttributes",
    }
    boto3.client("sns").publish(TopicArn=alarms.id, Message="plain")
    assert json.loads(letters(inbox.id)[0])["Message"] == "plain"


def test_a_subscription_is_deleted_once_and_for_all(sandbox: Sandbox) -> None:
    filtered = subscription(topic(), queue("Inbox"))
    filtered.delete()
    filtered.delete()
    assert filtered.read() is None


def test_refuses_a_topic_in_another_region(sandbox: Sandbox) -> None:
    with pytest.raises(DeploymentError, match="eu-west-1 is not reached here"):
        subscription(topic(), queue("Inbox"), Region="eu-west-1")


def test_what_fails_halfway_leaves_nothing(sandbox: Sandbox) -> None:
    failing("AWS::SNS::Topic", Subscription=[{"Endpoint": "..", "Protocol": "sms"}])
    assert boto3.client("sns").list_topics()["Topics"] == []


def policy_of(arn: str) -> Any:
    return json.loads(boto3.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])


def test_a_policy_stands_on_its_topics_and_leaves_them_the_default(sandbox: Sandbox) -> None:
    first, second = (made("AWS::SNS::Topic", name=name) for name in ("First", "Second"))
    before = policy_of(first.id)
    policy = made("AWS::SNS::TopicPolicy", PolicyDocument=document(), Topics=[first.id])
    assert policy_of(first.id) == document()
    policy.update(PolicyDocument=document("sns:Subscribe"), Topics=[second.id])
    assert (policy_of(first.id), policy_of(second.id)) == (before, document("sns:Subscribe"))
    policy.delete()
    assert policy_of(second.id) == {**before, "Statement": policy_of(second.id)["Statement"]}
    second.delete()
    policy.delete()


def test_an_inline_policy_belongs_to_one_topic(sandbox: Sandbox) -> None:
    alarms = made("AWS::SNS::Topic")
    policy = made("AWS::SNS::TopicInlinePolicy", PolicyDocument=document(), TopicArn=alarms.id)
    policy.update(PolicyDocument=document("sns:Subscribe"))
    assert policy.read() == {"TopicArn": alarms.id, "PolicyDocument": document("sns:Subscribe")}
    policy.delete()
    assert policy.read() is None
    alarms.delete()
    policy.delete()
    assert policy.read() is None
