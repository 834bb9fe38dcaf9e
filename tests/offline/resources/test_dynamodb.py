"""Rows of DynamoDB: a table follows its template, whatever DynamoDB lets one change."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.clock import clock
from offline.errors import UnsupportedPropertyError
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, made

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "123456789012"},
            "Action": "dynamodb:GetItem",
            "Resource": "*",
        }
    ],
}


def attributes(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def key(partition: str, sort: str = "") -> list[dict[str, str]]:
    schema = [{"AttributeName": partition, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": sort, "KeyType": "RANGE"}] if sort else schema


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def index(partition: str, **more: Any) -> dict[str, Any]:
    return {
        "IndexName": f"by-{partition}",
        "KeySchema": key(partition),
        "Projection": {"ProjectionType": "ALL"},
        **more,
    }


def table(**more: Any) -> Staged:
    settings = {
        "TableName": "flights",
        "AttributeDefinitions": attributes("carrier", "flight", "origin"),
        "KeySchema": key("carrier", "flight"),
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": units(5, 6),
        "WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
        "GlobalSecondaryIndexes": [index("origin", ProvisionedThroughput=units(1, 2))],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "by-key",
                "KeySchema": key("carrier", "origin"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": boto3.client("kms").create_key()["KeyMetadata"]["Arn"],
        },
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "until"},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "DeletionProtectionEnabled": False,
        "ResourcePolicy": {"PolicyDocument": DOCUMENT},
        "Tags": [{"Key": "lab", "Value": "stores"}],
    }
    return made("AWS::DynamoDB::Table", **{**settings, **more})


def simple(**more: Any) -> Staged:
    settings = {
        "AttributeDefinitions": attributes("id"),
        "KeySchema": key("id"),
        "BillingMode": "PAY_PER_REQUEST",
    }
    return made("AWS::DynamoDB::Table", **{**settings, **more})


def test_a_table_has_everything_its_template_says(sandbox: Sandbox) -> None:
    flights = table()
    assert flights.read() == flights.properties
    found = boto3.client("dynamodb").describe_table(TableName="flights")["Table"]
    assert (found["TableArn"], found["LatestStreamArn"]) == (
        flights.attribute("Arn"),
        flights.attribute("StreamArn"),
    )


def test_an_updated_table_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    flights = table()
    flights.update(
        *("ProvisionedThroughput", "WarmThroughput", "StreamSpecification", "SSESpecification"),
        *("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "TableClass"),
        *("DeletionProtectionEnabled", "ResourcePolicy", "Tags"),
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=attributes("carrier", "flight", "origin", "day"),
        GlobalSecondaryIndexes=[index("day")],
    )
    assert flights.read() == {
        **flights.properties,
        "DeletionProtectionEnabled": False,
        "TableClass": "STANDARD",
        "SSESpecification": {"SSEEnabled": False},
        "TimeToLiveSpecification": {"Enabled": False, "AttributeName": "until"},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
    }
    assert "StreamArn" not in flights.physical.attributes


def test_a_table_is_given_capacity_again(sandbox: Sandbox) -> None:
    flights = simple(TableName="flights")
    flights.update(
        BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": "3", "WriteCapacityUnits": 4}
    )
    assert flights.read()["ProvisionedThroughput"] == units(3, 4)
    flights.update(ProvisionedThroughput=units(7, 8), DeletionProtectionEnabled=True)
    assert flights.in_sync()
    with pytest.raises(ClientError, match="DeletionProtectionEnabled is set to True"):
        flights.delete()


def test_an_index_is_made_changed_and_made_anew(sandbox: Sandbox) -> None:
    flights = simple(BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    small, large = (index("day", ProvisionedThroughput=units(size, size)) for size in (1, 2))
    flights.update(AttributeDefinitions=attributes("id", "day"), GlobalSecondaryIndexes=[small])
    flights.update(GlobalSecondaryIndexes=[large])
    assert flights.in_sync()
    narrow = {**large, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    flights.update(GlobalSecondaryIndexes=[narrow])
    assert flights.read()["GlobalSecondaryIndexes"] == [narrow]


def test_another_view_is_another_stream(sandbox: Sandbox) -> None:
    flights = simple(StreamSpecification={"StreamViewType": "KEYS_ONLY"})
    first = flights.attribute("StreamArn")
    sandbox.advance(seconds=1)
    flights.update(StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"})
    assert flights.attribute("StreamArn") != first
    assert flights.in_sync()
    flights.update("StreamSpecification")
    flights.update(StreamSpecification={"StreamViewType": "KEYS_ONLY"})
    assert flights.in_sync()


def test_items_expire_by_the_attribute_that_the_template_names(sandbox: Sandbox) -> None:
    flights = simple(TableName="flights", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    store = boto3.resource("dynamodb").Table("flights")
    store.put_item(
        Item={"id": "short", "until": int(clock.epoch()) + 3600, "other": int(clock.epoch()) + 99_999}
    )
    store.put_item(Item={"id": "text", "until": "3600"})
    sandbox.advance(minutes=59)
    assert store.scan()["Count"] == 2
    sandbox.advance(minutes=2)
    assert [item["id"] for item in store.scan()["Items"]] == ["text"]
    flights.update(TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"})
    store.put_item(Item={"id": "long", "until": int(clock.epoch()) + 1, "other": int(clock.epoch()) + 99_999})
    sandbox.advance(hours=1)
    assert {item["id"] for item in store.scan()["Items"]} == {"text", "long"}


def test_what_a_hand_changed_on_a_table_is_read(sandbox: Sandbox) -> None:
    flights = table()
    boto3.client("dynamodb").update_table(TableName="flights", ProvisionedThroughput=units(50, 60))
    assert flights.read()["ProvisionedThroughput"] == units(50, 60)


def test_a_table_is_deleted_once_and_for_all(sandbox: Sandbox) -> None:
    flights = table()
    flights.delete()
    flights.delete()
    assert flights.read() is None
    assert "ResourcePolicy" not in simple(TableName="flights").read()


def test_refuses_what_an_index_would_not_keep(sandbox: Sandbox) -> None:
    with pytest.raises(UnsupportedPropertyError, match="OnDemandThroughput"):
        simple(GlobalSecondaryIndexes=[index("id", OnDemandThroughput={"MaxReadRequestUnits": 1})])
