"""Rows of DynamoDB tables.

Of a table's properties, ContributorInsightsSpecification, ImportSourceSpecification,
KinesisStreamSpecification, OnDemandThroughput and VectorIndexes are not taken: nothing here would act on
them. A change of KeySchema or LocalSecondaryIndexes is refused, since DynamoDB cannot make it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.dynamodb.definition import definition, encryption, indexes, stream, told
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"


def create_table(resource: Resource) -> Physical:
    dynamodb, properties = resource.client("dynamodb"), resource.properties
    name = properties.take("TableName") or resource.name(longest=255)
    dynamodb.create_table(TableName=name, Tags=resource.tag_list(), **definition(properties))
    table = resource.begin(_physical(resource, name))
    _follow_settings(resource, table, Properties({}))
    return table


def _physical(resource: Resource, name: str) -> Physical:
    """A table has a StreamArn only while it has a stream."""
    found = resource.client("dynamodb").describe_table(TableName=name)["Table"]
    stream_arn = {"StreamArn": found["LatestStreamArn"]} if "StreamSpecification" in found else {}
    return Physical(name, {"Arn": found["TableArn"], **stream_arn})


def _follow_settings(resource: Resource, table: Physical, old: Properties) -> None:
    _follow_expiry(resource, table, old)
    _follow_recovery(resource, table, old)
    _follow_policy(resource, table, old)


def _follow_expiry(resource: Resource, table: Physical, old: Properties) -> None:
    """One attribute at a time says when items expire."""
    had, wanted = (one.take("TimeToLiveSpecification") or {} for one in (old, resource.properties))
    dynamodb = resource.client("dynamodb")
    off = {"Enabled": False, "AttributeName": had.get("AttributeName")}
    if had.get("Enabled") and (not wanted.get("Enabled") or wanted["AttributeName"] != had["AttributeName"]):
        dynamodb.update_time_to_live(TableName=table.id, TimeToLiveSpecification=off)
        had = {}
    if wanted.get("Enabled") and not had.get("Enabled"):
        dynamodb.update_time_to_live(TableName=table.id, TimeToLiveSpecification=wanted)


def _follow_recovery(resource: Resource, table: Physical, old: Properties) -> None:
    name = "PointInTimeRecoverySpecification"
    had, wanted = old.take(name), resource.properties.take(name)
    if had != wanted:
        recovery = wanted or {"PointInTimeRecoveryEnabled": False}
        resource.client("dynamodb").update_continuous_backups(TableName=table.id, **{name: recovery})


def _follow_policy(resource: Resource, table: Physical, old: Properties) -> None:
    had, wanted = (one.at("ResourcePolicy").take("PolicyDocument") for one in (old, resource.properties))
    dynamodb, arn = resource.client("dynamodb"), table.attributes["Arn"]
    if wanted:
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(wanted))
    elif had:
        with unless_gone(GONE, "PolicyNotFoundException"):
            dynamodb.delete_resource_policy(ResourceArn=arn)


def update_table(resource: Resource, table: Physical, old: Properties) -> Physical:
    dynamodb, properties = resource.client("dynamodb"), resource.properties
    for change in _changes(old, properties):
        dynamodb.update_table(TableName=table.id, **change)
    table = _physical(resource, table.id)
    _follow_settings(resource, table, old)
    arn = table.attributes["Arn"]
    retag(
        resource,
        old,
        lambda tags: dynamodb.tag_resource(ResourceArn=arn, Tags=tags),
        lambda keys: dynamodb.untag_resource(ResourceArn=arn, TagKeys=keys),
    )
    return table


def _changes(old: Properties, new: Properties) -> Iterator[dict[str, Any]]:
    """One UpdateTable after the other, as DynamoDB asks for: capacity, each index, stream, the rest."""
    attributes = {"AttributeDefinitions": new.take("AttributeDefinitions") or []}
    had, wanted = ({one["IndexName"]: one for one in indexes(properties)} for properties in (old, new))
    for name in had:
        if name not in wanted or _key(had[name]) != _key(wanted[name]):
            yield {**attributes, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    yield from _capacity(old, new)
    for name, index in wanted.items():
        if name not in had or _key(had[name]) != _key(index):
            yield {**attributes, "GlobalSecondaryIndexUpdates": [{"Create": index}]}
    yield from _stream(old, new)
    yield from _rest(old, new)


def _key(index: dict[str, Any]) -> Any:
    """What makes an index another one."""
    return index.get("KeySchema"), index.get("Projection")


def _capacity(old: Properties, new: Properties) -> Iterator[dict[str, Any]]:
    """Billing and throughput, of the table and of the indexes that stay."""
    had, wanted = definition(old), definition(new)
    billing = {"BillingMode": wanted.get("BillingMode", "PROVISIONED")}
    changed = billing["BillingMode"] != had.get("BillingMode", "PROVISIONED")
    throughput = {
        name: wanted[name]
        for name in THROUGHPUT
        if name in wanted and (changed or wanted[name] != had.get(name))
    }
    before = {index["IndexName"]: index for index in indexes(old)}
    staying = [one for one in indexes(new) if _key(before.get(one["IndexName"], {})) == _key(one)]
    updates = [
        {"Update": {"IndexName": index["IndexName"], **{n: index[n] for n in THROUGHPUT if n in index}}}
        for index in staying
        if index != before[index["IndexName"]] and any(name in index for name in THROUGHPUT)
    ]
    change = {**(billing if changed else {}), **throughput, **present(GlobalSecondaryIndexUpdates=updates)}
    if change:
        yield change


THROUGHPUT = ("ProvisionedThroughput", "WarmThroughput")


def _stream(old: Properties, new: Properties) -> Iterator[dict[str, Any]]:
    """Another view is another stream, after the first has ended."""
    had, wanted = stream(old), stream(new)
    if had and had != wanted:
        yield {"StreamSpecification": {"StreamEnabled": False}}
    if wanted and had != wanted:
        yield {"StreamSpecification": wanted}


def _rest(old: Properties, new: Properties) -> Iterator[dict[str, Any]]:
    defaults = {"TableClass": "STANDARD", "DeletionProtectionEnabled": False}
    for name, default in defaults.items():
        if (value := new.take(name, default)) != old.take(name, default):
            yield {name: value}
    if (wanted := encryption(new)) != encryption(old):
        yield {"SSESpecification": wanted or {"Enabled": False}}
    if new.take("AttributeDefinitions") != old.take("AttributeDefinitions"):
        yield {"AttributeDefinitions": new.take("AttributeDefinitions")}


@unless_gone(GONE, "ResourceNotFound", "TableNotFoundException")
def read_table(resource: Resource, table: Physical) -> dict[str, Any] | None:
    dynamodb = resource.client("dynamodb")
    found = dynamodb.describe_table(TableName=table.id)["Table"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    return {
        **told(found, resource.properties),
        "TimeToLiveSpecification": _expiry(resource, table.id),
        "PointInTimeRecoverySpecification": _recovery(resource, table.id),
        **present(ResourcePolicy=_policy(resource, found["TableArn"]), Tags=told_tags(resource, tags)),
    }


def _expiry(resource: Resource, name: str) -> dict[str, Any]:
    found = resource.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    enabled = found["TimeToLiveStatus"] == "ENABLED"
    return {"Enabled": enabled, **present(AttributeName=found.get("AttributeName"))}


def _recovery(resource: Resource, name: str) -> dict[str, Any]:
    backups = resource.client("dynamodb").describe_continuous_backups(TableName=name)
    found = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    enabled = found["PointInTimeRecoveryStatus"] == "ENABLED"
    days = found.get("RecoveryPeriodInDays") if enabled else None
    return {"PointInTimeRecoveryEnabled": enabled, **present(RecoveryPeriodInDays=days)}


@unless_gone("PolicyNotFoundException")
def _policy(resource: Resource, arn: str) -> dict[str, Any] | None:
    found = resource.client("dynamodb").get_resource_policy(ResourceArn=arn)
    return {"PolicyDocument": json.loads(found["Policy"])}


@unless_gone(GONE)
def delete_table(resource: Resource, table: Physical) -> None:
    resource.client("dynamodb").delete_table(TableName=table.id)


ROWS = (Row("AWS::DynamoDB::Table", create_table, delete_table, update_table, read_table),)
