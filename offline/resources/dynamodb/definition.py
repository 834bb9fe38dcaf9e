"""A table's template in the words of DynamoDB's API, and the account's answer in the template's."""

from __future__ import annotations

from typing import Any

from offline.errors import UnsupportedPropertyError
from offline.resources.change import given, present
from offline.resources.row import Properties

INDEX = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "WarmThroughput")
CAPACITY = ("ReadCapacityUnits", "WriteCapacityUnits")
WARM = ("ReadUnitsPerSecond", "WriteUnitsPerSecond")


def definition(properties: Properties) -> dict[str, Any]:
    """The arguments of CreateTable."""
    settings = given(
        properties,
        "AttributeDefinitions",
        "BillingMode",
        "KeySchema",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
        "TableClass",
        "DeletionProtectionEnabled",
        "WarmThroughput",
    )
    for name in ("ProvisionedThroughput", "WarmThroughput"):
        if name in settings:
            settings[name] = _units(settings[name])
    return settings | present(
        GlobalSecondaryIndexes=indexes(properties),
        StreamSpecification=stream(properties),
        SSESpecification=encryption(properties),
    )


def indexes(properties: Properties) -> list[dict[str, Any]]:
    """The global secondary indexes, whose properties DynamoDB takes as they are."""
    return [_index(index) for index in properties.take("GlobalSecondaryIndexes") or []]


def _index(index: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(index) - set(INDEX))
    if unknown:
        raise UnsupportedPropertyError(
            f"{unknown} of the index {index['IndexName']} would be dropped; allowed: {list(INDEX)}"
        )
    return {name: _units(value) if name.endswith("Throughput") else value for name, value in index.items()}


def _units(throughput: dict[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in throughput.items()}


def stream(properties: Properties) -> dict[str, Any] | None:
    view = properties.at("StreamSpecification").take("StreamViewType")
    return {"StreamEnabled": True, "StreamViewType": view} if view else None


def encryption(properties: Properties) -> dict[str, Any] | None:
    wanted = properties.take("SSESpecification")
    if not wanted:
        return None
    return {"Enabled" if name == "SSEEnabled" else name: value for name, value in wanted.items()}


def told(found: dict[str, Any], properties: Properties) -> dict[str, Any]:
    """DescribeTable's answer as the template would say it."""
    mode = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    wanted = {index["IndexName"]: list(index) for index in indexes(properties)}
    told_indexes = [
        _told_index(index, mode, wanted.get(index["IndexName"], []))
        for index in found.get("GlobalSecondaryIndexes") or []
    ]
    view = (found.get("StreamSpecification") or {}).get("StreamViewType")
    return {
        "TableName": found["TableName"],
        "KeySchema": found["KeySchema"],
        "AttributeDefinitions": found["AttributeDefinitions"],
        "BillingMode": mode,
        "DeletionProtectionEnabled": found["DeletionProtectionEnabled"],
        "TableClass": (found.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
        "SSESpecification": _told_encryption(found.get("SSEDescription"), properties),
        **(
            {"ProvisionedThroughput": _only(found, "ProvisionedThroughput", CAPACITY)}
            if mode == "PROVISIONED"
            else {}
        ),
        **present(
            GlobalSecondaryIndexes=told_indexes,
            LocalSecondaryIndexes=found.get("LocalSecondaryIndexes"),
            StreamSpecification={"StreamViewType": view} if view else None,
            WarmThroughput=_only(found, "WarmThroughput", WARM) if "WarmThroughput" in properties else None,
        ),
    }


def _only(found: dict[str, Any], name: str, units: tuple[str, str]) -> dict[str, int]:
    throughput = found.get(name) or {}
    return {unit: throughput[unit] for unit in units if unit in throughput}


def _told_index(index: dict[str, Any], mode: str, wanted: list[str]) -> dict[str, Any]:
    """DynamoDB tells a warm throughput of every index; the template may have left it to DynamoDB."""
    described = {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
    if mode == "PROVISIONED":
        described["ProvisionedThroughput"] = _only(index, "ProvisionedThroughput", CAPACITY)
    if "WarmThroughput" in wanted:
        described["WarmThroughput"] = _only(index, "WarmThroughput", WARM)
    return described


def _told_encryption(description: dict[str, Any] | None, properties: Properties) -> dict[str, Any]:
    """A key is told by its ARN, however the template names it."""
    if not description or description.get("Status") != "ENABLED":
        return {"SSEEnabled": False}
    key = str(description["KMSMasterKeyArn"])
    named = str((properties.take("SSESpecification") or {}).get("KMSMasterKeyId") or key)
    return {
        "SSEEnabled": True,
        "SSEType": description["SSEType"],
        "KMSMasterKeyId": named if key.endswith(named) else key,
    }
