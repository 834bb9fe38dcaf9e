"""Rows of Amazon Kinesis Data Streams."""

from __future__ import annotations

from typing import Any

from facts import limits
from offline.resources.change import retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"


def create_stream(resource: Resource) -> Physical:
    kinesis, properties = resource.client("kinesis"), resource.properties
    name = properties.take("Name") or resource.name(longest=128)
    kinesis.create_stream(
        StreamName=name,
        Tags=resource.tags(),
        **properties.only("ShardCount", "StreamModeDetails", "MaxRecordSizeInKiB"),
    )
    resource.begin(Physical(name))
    hours = properties.take("RetentionPeriodHours", _retention())
    if hours != _retention():
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    encryption = properties.at("StreamEncryption")
    if "StreamEncryption" in properties:
        kinesis.start_stream_encryption(StreamName=name, **encryption.only("EncryptionType", "KeyId"))
    return _existing(resource, name)


def _retention() -> int:
    """The hours of a stream that nobody gave any."""
    return int(limits.value("kinesis-retention-hours-default"))


def _existing(resource: Resource, name: str) -> Physical:
    summary = resource.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return Physical(name, {"Arn": summary["StreamARN"]})


def update_stream(resource: Resource, stream: Physical, old: Properties) -> Physical:
    kinesis, now = resource.client("kinesis"), read_stream(resource, stream) or {}
    _set_mode(resource, stream, now)
    hours = resource.properties.take("RetentionPeriodHours", _retention())
    if hours != now["RetentionPeriodHours"]:
        change = "increase" if hours > now["RetentionPeriodHours"] else "decrease"
        call = getattr(kinesis, f"{change}_stream_retention_period")
        call(StreamName=stream.id, RetentionPeriodHours=hours)
    _set_encryption(resource, stream, now)
    retag(
        resource,
        old,
        lambda tags: kinesis.add_tags_to_stream(
            StreamName=stream.id, Tags={tag["Key"]: tag["Value"] for tag in tags}
        ),
        lambda keys: kinesis.remove_tags_from_stream(StreamName=stream.id, TagKeys=keys),
    )
    return _existing(resource, stream.id)


def _set_mode(resource: Resource, stream: Physical, now: dict[str, Any]) -> None:
    kinesis, properties = resource.client("kinesis"), resource.properties
    mode = properties.take("StreamModeDetails") or {"StreamMode": "PROVISIONED"}
    if mode != now["StreamModeDetails"]:
        arn = str(stream.attributes.get("Arn") or _existing(resource, stream.id).attributes["Arn"])
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails=mode)
    shards = properties.take("ShardCount", 1)
    if mode["StreamMode"] == "PROVISIONED" and shards != now.get("ShardCount"):
        kinesis.update_shard_count(
            StreamName=stream.id, TargetShardCount=shards, ScalingType="UNIFORM_SCALING"
        )


def _set_encryption(resource: Resource, stream: Physical, now: dict[str, Any]) -> None:
    kinesis = resource.client("kinesis")
    wanted, has = resource.properties.take("StreamEncryption"), now.get("StreamEncryption")
    if wanted == has:
        return
    if has:
        kinesis.stop_stream_encryption(StreamName=stream.id, **has)
    if wanted:
        kinesis.start_stream_encryption(StreamName=stream.id, **wanted)


@unless_gone(GONE)
def read_stream(resource: Resource, stream: Physical) -> dict[str, Any]:
    kinesis = resource.client("kinesis")
    summary = kinesis.describe_stream_summary(StreamName=stream.id)["StreamDescriptionSummary"]
    mode = summary.get("StreamModeDetails") or {"StreamMode": "PROVISIONED"}
    found = {
        "RetentionPeriodHours": summary["RetentionPeriodHours"],
        "StreamModeDetails": mode,
        "Tags": told_tags(resource, kinesis.list_tags_for_stream(StreamName=stream.id)["Tags"]),
    }
    if mode["StreamMode"] == "PROVISIONED":
        found["ShardCount"] = summary["OpenShardCount"]
    if summary.get("EncryptionType") == "KMS":
        found["StreamEncryption"] = {"EncryptionType": "KMS", "KeyId": summary["KeyId"]}
    return found


def create_consumer(resource: Resource) -> Physical:
    given = resource.properties.only("ConsumerName", "StreamARN")
    tags = resource.tags()
    consumer = resource.client("kinesis").register_stream_consumer(
        **given, **({"Tags": tags} if tags else {})
    )
    found = consumer["Consumer"]
    attributes = {
        "ConsumerARN": found["ConsumerARN"],
        "ConsumerCreationTimestamp": f"{found['ConsumerCreationTimestamp']:%Y-%m-%dT%H:%M:%SZ}",
        "ConsumerName": found["ConsumerName"],
        "ConsumerStatus": found["ConsumerStatus"],
        "StreamARN": given["StreamARN"],
    }
    return Physical(found["ConsumerARN"], attributes)


@unless_gone(GONE)
def delete_consumer(resource: Resource, consumer: Physical) -> None:
    resource.client("kinesis").deregister_stream_consumer(ConsumerARN=consumer.id)


@unless_gone(GONE)
def delete_stream(resource: Resource, stream: Physical) -> None:
    resource.client("kinesis").delete_stream(StreamName=stream.id, EnforceConsumerDeletion=True)


ROWS = (
    Row("AWS::Kinesis::Stream", create_stream, delete_stream, update_stream, read_stream),
    Row("AWS::Kinesis::StreamConsumer", create_consumer, delete_consumer),
)
