"""Rows of Amazon Kinesis Data Streams."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_stream(resource: Resource) -> Physical:
    kinesis, properties = resource.client("kinesis"), resource.properties
    name = properties.take("Name") or resource.name(longest=128)
    kinesis.create_stream(
        StreamName=name,
        Tags=resource.tags(),
        **properties.only("ShardCount", "StreamModeDetails", "MaxRecordSizeInKiB"),
    )
    hours = properties.take("RetentionPeriodHours", 24)
    if hours != 24:
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    encryption = properties.at("StreamEncryption")
    if "StreamEncryption" in properties:
        kinesis.start_stream_encryption(StreamName=name, **encryption.only("EncryptionType", "KeyId"))
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return Physical(name, {"Arn": summary["StreamARN"]})


def delete_stream(resource: Resource, stream: Physical) -> None:
    resource.client("kinesis").delete_stream(StreamName=stream.id, EnforceConsumerDeletion=True)


ROWS = (Row("AWS::Kinesis::Stream", create_stream, delete_stream),)
