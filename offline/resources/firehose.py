"""Rows of Amazon Data Firehose."""

from __future__ import annotations

from typing import Any

from offline.resources.row import Physical, Resource, Row


def create_delivery_stream(resource: Resource) -> Physical:
    firehose, properties = resource.client("firehose"), resource.properties
    name = properties.take("DeliveryStreamName") or resource.name(longest=64)
    settings = properties.only(
        "DeliveryStreamType",
        "KinesisStreamSourceConfiguration",
        "DeliveryStreamEncryptionConfigurationInput",
        "S3DestinationConfiguration",
        "ExtendedS3DestinationConfiguration",
    )
    answer = firehose.create_delivery_stream(
        DeliveryStreamName=name,
        **{key: typed(value) for key, value in settings.items()},
        **({"Tags": tags} if (tags := resource.tag_list()) else {}),
    )
    return Physical(name, {"Arn": answer["DeliveryStreamARN"]})


def typed(value: Any, name: str = "") -> Any:
    """Template values in the types of the API: CloudFormation takes `"true"` and `"60"` for both.

    >>> typed({"Enabled": "true", "BufferingHints": {"SizeInMBs": "64"}})
    {'Enabled': True, 'BufferingHints': {'SizeInMBs': 64}}
    """
    if isinstance(value, dict):
        return {key: typed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, str) and name in (
        "Enabled",
        "CaseInsensitive",
        "ConvertDotsInJsonKeysToUnderscores",
    ):
        return value.lower() == "true"
    if isinstance(value, str) and name in ("SizeInMBs", "IntervalInSeconds", "DurationInSeconds"):
        return int(value)
    return value


def delete_delivery_stream(resource: Resource, stream: Physical) -> None:
    resource.client("firehose").delete_delivery_stream(DeliveryStreamName=stream.id, AllowForceDelete=True)


ROWS = (Row("AWS::KinesisFirehose::DeliveryStream", create_delivery_stream, delete_delivery_stream),)
