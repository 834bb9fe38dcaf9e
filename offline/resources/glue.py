"""Rows of AWS Glue."""

from __future__ import annotations

from typing import Any

from offline.resources.row import Physical, Resource, Row


def catalog(resource: Resource) -> dict[str, str]:
    return {"CatalogId": resource.properties.take("CatalogId", resource.account_id)}


def create_database(resource: Resource) -> Physical:
    entry = dict(resource.properties.take("DatabaseInput"))
    entry.setdefault("Name", resource.name(lower=True).replace("-", "_"))
    resource.client("glue").create_database(**catalog(resource), DatabaseInput=entry)
    return Physical(entry["Name"])


def delete_database(resource: Resource, database: Physical) -> None:
    resource.client("glue").delete_database(**catalog(resource), Name=database.id)


def create_table(resource: Resource) -> Physical:
    entry = dict(resource.properties.take("TableInput"))
    entry.setdefault("Name", resource.name(lower=True).replace("-", "_"))
    entry["Parameters"] = {key: text(value) for key, value in (entry.get("Parameters") or {}).items()}
    database = resource.properties.take("DatabaseName")
    resource.client("glue").create_table(**catalog(resource), DatabaseName=database, TableInput=entry)
    return Physical(entry["Name"])


def text(value: object) -> str:
    """A parameter as CloudFormation writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def delete_table(resource: Resource, table: Physical) -> None:
    database = resource.properties.take("DatabaseName")
    resource.client("glue").delete_table(**catalog(resource), DatabaseName=database, Name=table.id)


def create_crawler(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("Name") or resource.name(longest=255)
    settings = properties.only(
        "Role",
        "DatabaseName",
        "Description",
        "Targets",
        "Classifiers",
        "TablePrefix",
        "SchemaChangePolicy",
        "RecrawlPolicy",
        "Configuration",
        "CrawlerSecurityConfiguration",
    )
    schedule = properties.at("Schedule").take("ScheduleExpression")
    settings |= {"Schedule": schedule} if schedule else {}
    resource.client("glue").create_crawler(Name=name, Tags=resource.tags(), **settings)
    return Physical(name)


def delete_crawler(resource: Resource, crawler: Physical) -> None:
    resource.client("glue").delete_crawler(Name=crawler.id)


def create_security_configuration(resource: Resource) -> Physical:
    """CloudFormation says S3Encryptions where the API says S3Encryption."""
    name = resource.properties.take("Name") or resource.name(longest=255)
    given = resource.properties.at("EncryptionConfiguration")
    encryption = given.only("CloudWatchEncryption", "JobBookmarksEncryption")
    if "S3Encryptions" in given:
        encryption["S3Encryption"] = given.take("S3Encryptions")
    resource.client("glue").create_security_configuration(Name=name, EncryptionConfiguration=encryption)
    return Physical(name)


def delete_security_configuration(resource: Resource, configuration: Physical) -> None:
    resource.client("glue").delete_security_configuration(Name=configuration.id)


def put_encryption(resource: Resource) -> Physical:
    given = resource.properties.at("DataCatalogEncryptionSettings")
    settings: dict[str, Any] = given.only("EncryptionAtRest")
    if "ConnectionPasswordEncryption" in given:
        password = dict(given.take("ConnectionPasswordEncryption"))
        if "KmsKeyId" in password:
            password["AwsKmsKeyId"] = password.pop("KmsKeyId")
        settings["ConnectionPasswordEncryption"] = password
    owner = catalog(resource)
    resource.client("glue").put_data_catalog_encryption_settings(
        **owner, DataCatalogEncryptionSettings=settings
    )
    return Physical(owner["CatalogId"], {"Id": owner["CatalogId"]})


def reset_encryption(resource: Resource, settings: Physical) -> None:
    """The catalog as a new account has it: not encrypted by a key of its own."""
    resource.client("glue").put_data_catalog_encryption_settings(
        CatalogId=settings.id,
        DataCatalogEncryptionSettings={
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        },
    )


ROWS = (
    Row("AWS::Glue::Database", create_database, delete_database),
    Row("AWS::Glue::Table", create_table, delete_table),
    Row("AWS::Glue::Crawler", create_crawler, delete_crawler),
    Row("AWS::Glue::SecurityConfiguration", create_security_configuration, delete_security_configuration),
    Row("AWS::Glue::DataCatalogEncryptionSettings", put_encryption, reset_encryption),
)
