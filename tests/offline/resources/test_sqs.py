"""Rows of SQS: queues follow their template, and policies come and go without touching the rest."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, made


def document(action: str = "sqs:SendMessage") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def queue(**more: Any) -> Staged:
    dead = made("AWS::SQS::Queue", QueueName="dead")
    settings = {
        "QueueName": "flights",
        "DelaySeconds": 5,
        "KmsDataKeyReusePeriodSeconds": 600,
        "KmsMasterKeyId": "alias/aws/sqs",
        "MaximumMessageSize": 2048,
        "MessageRetentionPeriod": 600,
        "ReceiveMessageWaitTimeSeconds": 3,
        "RedriveAllowPolicy": {"redrivePermission": "denyAll"},
        "RedrivePolicy": {"deadLetterTargetArn": dead.attribute("Arn"), "maxReceiveCount": 3},
        "VisibilityTimeout": 40,
        "Tags": [{"Key": "lab", "Value": "streaming"}],
    }
    return made("AWS::SQS::Queue", **{**settings, **more})


def test_a_queue_has_everything_its_template_says(sandbox: Sandbox) -> None:
    flights = queue()
    assert flights.read() == {**flights.properties, "SqsManagedSseEnabled": False}
    assert flights.attribute("Arn") == "arn:aws:sqs:us-east-1:123456789012:flights"
    assert boto3.client("sqs").get_queue_url(QueueName="flights")["QueueUrl"] == flights.id
    assert (flights.attribute("QueueUrl"), flights.attribute("QueueName")) == (flights.id, "flights")


def test_an_updated_queue_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    flights = queue()
    flights.update(*(name for name in flights.properties if name not in ("QueueName", "Tags")))
    plain = made("AWS::SQS::Queue", name="Plain").read()
    assert flights.read() == {**plain, "QueueName": "flights", "Tags": flights.properties["Tags"]}
    flights.update("Tags", VisibilityTimeout=7, SqsManagedSseEnabled=False)
    assert flights.in_sync()
    assert "Tags" not in flights.read()


def test_a_fifo_queue_has_a_name_of_its_kind(sandbox: Sandbox) -> None:
    fifo = made(
        "AWS::SQS::Queue",
        FifoQueue=True,
        ContentBasedDeduplication=True,
        DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )
    assert fifo.attribute("QueueName").endswith(".fifo")
    assert fifo.in_sync()
    fifo.update("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
    assert fifo.read()["DeduplicationScope"] == "queue"
    assert fifo.read()["ContentBasedDeduplication"] is False


def test_what_a_hand_changed_on_a_queue_is_read(sandbox: Sandbox) -> None:
    flights = queue()
    boto3.client("sqs").set_queue_attributes(QueueUrl=flights.id, Attributes={"DelaySeconds": "9"})
    assert flights.read()["DelaySeconds"] == 9
    assert flights.read()["VisibilityTimeout"] == 40


def test_a_queue_is_deleted_once_and_for_all(sandbox: Sandbox) -> None:
    flights = queue()
    flights.delete()
    flights.delete()
    assert flights.read() is None


def test_refuses_dead_letters_that_their_queue_does_not_allow(sandbox: Sandbox) -> None:
    closed = queue().attribute("Arn")
    with pytest.raises(ClientError, match="denyAll and does not allow"):
        made("AWS::SQS::Queue", RedrivePolicy={"deadLetterTargetArn": closed, "maxReceiveCount": 1})


def test_refuses_two_kinds_of_encryption_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="one type of server-side encryption"):
        queue(SqsManagedSseEnabled=True)


def policy_of(url: str) -> Any:
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    text = found.get("Attributes", {}).get("Policy")
    return text and json.loads(text)


def test_a_policy_stands_on_its_queues_and_moves_with_them(sandbox: Sandbox) -> None:
    first, second = (made("AWS::SQS::Queue", name=name) for name in ("First", "Second"))
    policy = made("AWS::SQS::QueuePolicy", PolicyDocument=document(), Queues=[first.id])
    first.update(DelaySeconds=1)
    assert policy_of(first.id) == document()
    policy.update(PolicyDocument=document("sqs:*"), Queues=[second.id])
    assert (policy_of(first.id), policy_of(second.id)) == (None, document("sqs:*"))
    policy.delete()
    assert policy_of(second.id) is None
    second.delete()
    policy.delete()


def test_an_inline_policy_belongs_to_one_queue(sandbox: Sandbox) -> None:
    flights = made("AWS::SQS::Queue")
    policy = made("AWS::SQS::QueueInlinePolicy", PolicyDocument=document(), Queue=flights.id)
    policy.update(PolicyDocument=document("sqs:*"))
    assert policy.read() == {"Queue": flights.id, "PolicyDocument": document("sqs:*")}
    policy.delete()
    assert policy.read() is None
    flights.delete()
    policy.delete()
    assert policy.read() is None
