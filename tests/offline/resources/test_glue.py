"""Rows of Glue: what a template asks for is in the account, and gone after deletion."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.resources.glue import ROWS
from offline.resources.row import Physical, Properties, Resource
from offline.sandbox import Sandbox

TABLE = {row.type: row for row in ROWS}


def made(kind: str, **properties: Any) -> tuple[Resource, Physical]:
    resource = Resource(kind, "Thing", "stack", "stack-id", ACCOUNT_ID, "us-east-1", Properties(properties))
    physical = TABLE[kind].create(resource)
    assert list(resource.properties.unread()) == []
    return resource, physical


def test_a_database_a_table_and_a_crawler_come_and_go(sandbox: Sandbox) -> None:
    glue = boto3.client("glue")
    database = made("AWS::Glue::Database", CatalogId=ACCOUNT_ID, DatabaseInput={"Description": "flights"})
    name = database[1].id
    entry = {"Name": "t", "Parameters": {"projection.enabled": True}}
    table = made("AWS::Glue::Table", CatalogId=ACCOUNT_ID, DatabaseName=name, TableInput=entry)
    assert glue.get_table(DatabaseName=name, Name="t")["Table"]["Parameters"] == {
        "projection.enabled": "true"
    }
    crawler = made(
        "AWS::Glue::Crawler",
        Role="r",
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": "s3://lake/"}]},
        Schedule={"ScheduleExpression": "cron(0 1 * * ? *)"},
        Tags={"lab": "catalog"},
    )
    found = glue.get_crawler(Name=crawler[1].id)["Crawler"]
    assert found["Schedule"]["ScheduleExpression"] == "cron(0 1 * * ? *)"
    for resource, physical in (crawler, table, database):
        TABLE[resource.type].delete(resource, physical)
    assert glue.get_databases()["DatabaseList"] == []
    with pytest.raises(ClientError, match="EntityNotFound"):
        glue.get_crawler(Name=crawler[1].id)


def test_encryption_settings_use_the_apis_names(sandbox: Sandbox) -> None:
    glue = boto3.client("glue")
    resource, physical = made(
        "AWS::Glue::SecurityConfiguration",
        Name="s",
        EncryptionConfiguration={"S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": "k"}]},
    )
    found = glue.get_security_configuration(Name="s")["SecurityConfiguration"]
    assert found["EncryptionConfiguration"]["S3Encryption"][0]["S3EncryptionMode"] == "SSE-KMS"
    TABLE[resource.type].delete(resource, physical)
    resource, physical = made(
        "AWS::Glue::DataCatalogEncryptionSettings",
        CatalogId=ACCOUNT_ID,
        DataCatalogEncryptionSettings={
            "EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "k"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True, "KmsKeyId": "k"},
        },
    )
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["ConnectionPasswordEncryption"]["AwsKmsKeyId"] == "k"
    TABLE[resource.type].delete(resource, physical)
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["EncryptionAtRest"]["CatalogEncryptionMode"] == "DISABLED"
