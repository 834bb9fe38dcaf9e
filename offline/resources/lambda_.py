"""Rows of AWS Lambda."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from offline.resources.row import Physical, Resource, Row


def create_function(resource: Resource) -> Physical:
    functions, properties = resource.client("lambda"), resource.properties
    name = properties.take("FunctionName") or resource.name(longest=64)
    settings = properties.only(
        "Architectures",
        "Description",
        "Environment",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "Role",
        "Runtime",
        "Timeout",
        "TracingConfig",
        "VpcConfig",
    )
    if "KmsKeyArn" in settings:
        settings["KMSKeyArn"] = settings.pop("KmsKeyArn")
    answer = functions.create_function(
        FunctionName=name, Code=code(properties.take("Code"), settings), Tags=resource.tags(), **settings
    )
    reserved = properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return Physical(name, {"Arn": answer["FunctionArn"]})


def code(given: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The code as the API takes it: source text in a template becomes a zip with `index.py`."""
    if "ZipFile" not in given:
        return {
            key: given[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if key in given
        }
    extension = "js" if settings.get("Runtime", "").startswith("nodejs") else "py"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"index.{extension}", given["ZipFile"])
    return {"ZipFile": buffer.getvalue()}


def delete_function(resource: Resource, function: Physical) -> None:
    resource.client("lambda").delete_function(FunctionName=function.id)


def create_permission(resource: Resource) -> Physical:
    properties = resource.properties
    name = resource.name(longest=100)
    resource.client("lambda").add_permission(
        StatementId=name,
        FunctionName=properties.take("FunctionName"),
        **properties.only(
            "Action",
            "EventSourceToken",
            "FunctionUrlAuthType",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ),
    )
    return Physical(name, {"Id": name})


def delete_permission(resource: Resource, permission: Physical) -> None:
    resource.client("lambda").remove_permission(
        FunctionName=resource.properties.take("FunctionName"), StatementId=permission.id
    )


def create_version(resource: Resource) -> Physical:
    properties = resource.properties
    answer = resource.client("lambda").publish_version(
        FunctionName=properties.take("FunctionName"), **properties.only("CodeSha256", "Description")
    )
    return Physical(
        answer["FunctionArn"], {"Version": answer["Version"], "FunctionArn": answer["FunctionArn"]}
    )


def delete_version(resource: Resource, version: Physical) -> None:
    name, _, number = version.id.rpartition(":")
    resource.client("lambda").delete_function(FunctionName=name, Qualifier=number)


ROWS = (
    Row("AWS::Lambda::Function", create_function, delete_function),
    Row("AWS::Lambda::Permission", create_permission, delete_permission),
    Row("AWS::Lambda::Version", create_version, delete_version),
)
