"""Rows of AWS Key Management Service."""

from __future__ import annotations

import json
from typing import Any

from facts import limits
from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "NotFoundException"


def create_key(resource: Resource) -> Physical:
    kms, properties = resource.client("kms"), resource.properties
    key = kms.create_key(
        Policy=json.dumps(properties.take("KeyPolicy")),
        Tags=_tags(resource),
        **properties.only("Description", "KeyUsage", "KeySpec", "MultiRegion"),
    )["KeyMetadata"]
    made = resource.begin(Physical(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]}))
    _rotate(resource, made)
    if properties.take("Enabled", True) is False:
        kms.disable_key(KeyId=made.id)
    return made


def _rotate(resource: Resource, key: Physical) -> None:
    kms, properties = resource.client("kms"), resource.properties
    days = properties.take("RotationPeriodInDays", int(limits.value("kms-rotation-days-default")))
    if properties.take("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=key.id, RotationPeriodInDays=days)


def update_key(resource: Resource, key: Physical, old: Properties) -> Physical:
    kms, properties = resource.client("kms"), resource.properties
    kms.put_key_policy(KeyId=key.id, PolicyName="default", Policy=json.dumps(properties.take("KeyPolicy")))
    kms.update_key_description(KeyId=key.id, Description=properties.take("Description", ""))
    if properties.take("EnableKeyRotation"):
        _rotate(resource, key)
    elif old.take("EnableKeyRotation"):
        kms.disable_key_rotation(KeyId=key.id)
    (kms.enable_key if properties.take("Enabled", True) else kms.disable_key)(KeyId=key.id)
    properties.take("PendingWindowInDays")
    retag(
        resource,
        old,
        lambda tags: kms.tag_resource(KeyId=key.id, Tags=_tags(resource)),
        lambda keys: kms.untag_resource(KeyId=key.id, TagKeys=keys),
    )
    return key


def _tags(resource: Resource) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in resource.tags().items()]


@unless_gone(GONE)
def read_key(resource: Resource, key: Physical) -> dict[str, Any] | None:
    kms = resource.client("kms")
    about = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    if about["KeyState"] == "PendingDeletion":
        return None
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key.id)["Tags"]}
    rotation = kms.get_key_rotation_status(KeyId=key.id)
    return {
        **present(
            Description=about.get("Description"),
            KeySpec=about.get("KeySpec"),
            KeyUsage=about.get("KeyUsage"),
            Tags=told_tags(resource, tags),
        ),
        "Enabled": about["Enabled"],
        "EnableKeyRotation": rotation["KeyRotationEnabled"],
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key.id, PolicyName="default")["Policy"]),
    }


@unless_gone(GONE)
def delete_key(resource: Resource, key: Physical) -> None:
    days = resource.properties.take("PendingWindowInDays", 30)
    resource.client("kms").schedule_key_deletion(KeyId=key.id, PendingWindowInDays=days)


def create_alias(resource: Resource) -> Physical:
    name = resource.properties.take("AliasName")
    resource.client("kms").create_alias(AliasName=name, TargetKeyId=resource.properties.take("TargetKeyId"))
    return Physical(name)


def update_alias(resource: Resource, alias: Physical, old: Properties) -> Physical:
    target = resource.properties.take("TargetKeyId")
    resource.client("kms").update_alias(AliasName=alias.id, TargetKeyId=target)
    return alias


@unless_gone(GONE)
def delete_alias(resource: Resource, alias: Physical) -> None:
    resource.client("kms").delete_alias(AliasName=alias.id)


ROWS = (
    Row(
        "AWS::KMS::Key",
        create_key,
        delete_key,
        update_key,
        read_key,
        inert={"PendingWindowInDays": "read when the key is deleted"},
    ),
    Row("AWS::KMS::Alias", create_alias, delete_alias, update_alias),
)
