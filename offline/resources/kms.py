"""Rows of AWS Key Management Service."""

from __future__ import annotations

import json

from offline.resources.row import Physical, Resource, Row


def create_key(resource: Resource) -> Physical:
    kms, properties = resource.client("kms"), resource.properties
    tags = [{"TagKey": key, "TagValue": value} for key, value in resource.tags().items()]
    key = kms.create_key(
        Policy=json.dumps(properties.take("KeyPolicy")),
        Tags=tags,
        **properties.only("Description", "KeyUsage", "KeySpec", "MultiRegion"),
    )["KeyMetadata"]
    if properties.take("EnableKeyRotation"):
        kms.enable_key_rotation(
            KeyId=key["KeyId"], RotationPeriodInDays=properties.take("RotationPeriodInDays", 365)
        )
    return Physical(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def delete_key(resource: Resource, key: Physical) -> None:
    days = resource.properties.take("PendingWindowInDays", 30)
    resource.client("kms").schedule_key_deletion(KeyId=key.id, PendingWindowInDays=days)


def create_alias(resource: Resource) -> Physical:
    name = resource.properties.take("AliasName")
    resource.client("kms").create_alias(AliasName=name, TargetKeyId=resource.properties.take("TargetKeyId"))
    return Physical(name)


def delete_alias(resource: Resource, alias: Physical) -> None:
    resource.client("kms").delete_alias(AliasName=alias.id)


ROWS = (
    Row(
        "AWS::KMS::Key", create_key, delete_key, inert={"PendingWindowInDays": "read when the key is deleted"}
    ),
    Row("AWS::KMS::Alias", create_alias, delete_alias),
)
