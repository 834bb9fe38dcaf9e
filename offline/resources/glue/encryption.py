"""Rows of how Glue encrypts: security configurations, and the settings of the Data Catalog."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE, catalog
from offline.resources.row import Physical, Properties, Resource, Row

DISABLED: dict[str, Any] = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}
"""The catalog as a new account has it: not encrypted by a key of its own."""


def create_security_configuration(resource: Resource) -> Physical:
    """CloudFormation says S3Encryptions where the API says S3Encryption; any change replaces."""
    name = resource.properties.take("Name") or resource.name(longest=255)
    encryption = resource.properties.at("EncryptionConfiguration")
    configuration = given(
        encryption, "CloudWatchEncryption", "JobBookmarksEncryption", S3Encryption="S3Encryptions"
    )
    resource.client("glue").create_security_configuration(Name=name, EncryptionConfiguration=configuration)
    return Physical(name)


@unless_gone(GONE)
def read_security_configuration(resource: Resource, configuration: Physical) -> dict[str, Any] | None:
    answer = resource.client("glue").get_security_configuration(Name=configuration.id)
    found = answer["SecurityConfiguration"]["EncryptionConfiguration"]
    named = {name.replace("S3Encryption", "S3Encryptions"): value for name, value in found.items()}
    return {"Name": configuration.id, "EncryptionConfiguration": named}


@unless_gone(GONE)
def delete_security_configuration(resource: Resource, configuration: Physical) -> None:
    resource.client("glue").delete_security_configuration(Name=configuration.id)


def create_settings(resource: Resource) -> Physical:
    owner = catalog(resource)["CatalogId"]
    _put(resource, owner)
    return Physical(owner)


def _put(resource: Resource, owner: str) -> None:
    """PutDataCatalogEncryptionSettings sets all of them."""
    settings = resource.properties.at("DataCatalogEncryptionSettings")
    password = settings.at("ConnectionPasswordEncryption")
    passwords = given(password, "ReturnConnectionPasswordEncrypted", AwsKmsKeyId="KmsKeyId")
    resource.client("glue").put_data_catalog_encryption_settings(
        CatalogId=owner,
        DataCatalogEncryptionSettings={
            **DISABLED,
            **given(settings, "EncryptionAtRest"),
            **({"ConnectionPasswordEncryption": passwords} if passwords else {}),
        },
    )


def update_settings(resource: Resource, settings: Physical, old: Properties) -> Physical:
    _put(resource, settings.id)
    return settings


def read_settings(resource: Resource, settings: Physical) -> dict[str, Any] | None:
    answer = resource.client("glue").get_data_catalog_encryption_settings(CatalogId=settings.id)
    found = answer["DataCatalogEncryptionSettings"]
    passwords = found["ConnectionPasswordEncryption"]
    return {
        "CatalogId": settings.id,
        "DataCatalogEncryptionSettings": {
            "EncryptionAtRest": found["EncryptionAtRest"],
            "ConnectionPasswordEncryption": present(
                ReturnConnectionPasswordEncrypted=passwords["ReturnConnectionPasswordEncrypted"],
                KmsKeyId=passwords.get("AwsKmsKeyId"),
            ),
        },
    }


def delete_settings(resource: Resource, settings: Physical) -> None:
    resource.client("glue").put_data_catalog_encryption_settings(
        CatalogId=settings.id, DataCatalogEncryptionSettings=DISABLED
    )


ROWS = (
    Row(
        "AWS::Glue::SecurityConfiguration",
        create_security_configuration,
        delete_security_configuration,
        read=read_security_configuration,
    ),
    Row(
        "AWS::Glue::DataCatalogEncryptionSettings",
        create_settings,
        delete_settings,
        update_settings,
        read_settings,
    ),
)
