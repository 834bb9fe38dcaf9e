"""Rows of Amazon Data Firehose."""

from __future__ import annotations

from typing import Any

from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"
UPDATES = {
    "S3DestinationConfiguration": "S3DestinationUpdate",
    "ExtendedS3DestinationConfiguration": "ExtendedS3DestinationUpdate",
}


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


def update_delivery_stream(resource: Resource, stream: Physical, old: Properties) -> Physical:
    firehose, properties = resource.client("firehose"), resource.properties
    described = _described(resource, stream)
    for name, argument in UPDATES.items():
        if name in properties and (value := properties.take(name)) != old.take(name):
            firehose.update_destination(
                DeliveryStreamName=stream.id,
                CurrentDeliveryStreamVersionId=described["VersionId"],
                DestinationId=described["Destinations"][0]["DestinationId"],
                **{argument: typed(value)},
            )
    retag(
        resource,
        old,
        lambda tags: firehose.tag_delivery_stream(DeliveryStreamName=stream.id, Tags=tags),
        lambda keys: firehose.untag_delivery_stream(DeliveryStreamName=stream.id, TagKeys=keys),
    )
    return stream


def _described(resource: Resource, stream: Physical) -> dict[str, Any]:
    answer = resource.client("firehose").describe_delivery_stream(DeliveryStreamName=stream.id)
    found: dict[str, Any] = answer["DeliveryStreamDescription"]
    return found


@unless_gone(GONE)
def read_delivery_stream(resource: Resource, stream: Physical) -> dict[str, Any]:
    found = _described(resource, stream)
    tags = resource.client("firehose").list_tags_for_delivery_stream(DeliveryStreamName=stream.id)["Tags"]
    destination = found["Destinations"][0].get("ExtendedS3DestinationDescription")
    return present(
        DeliveryStreamName=stream.id,
        DeliveryStreamType=found["DeliveryStreamType"],
        ExtendedS3DestinationConfiguration=destination,
        Tags=told_tags(resource, tags),
    )


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


@unless_gone(GONE)
def delete_delivery_stream(resource: Resource, stream: Physical) -> None:
    resource.client("firehose").delete_delivery_stream(DeliveryStreamName=stream.id, AllowForceDelete=True)


ROWS = (
    Row(
        "AWS::KinesisFirehose::DeliveryStream",
        create_delivery_stream,
        delete_delivery_stream,
        update_delivery_stream,
        read_delivery_stream,
    ),
)
