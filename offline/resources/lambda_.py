"""Rows of AWS Lambda."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"
SETTINGS = (
    *("Description", "Environment", "EphemeralStorage", "Handler", "KmsKeyArn", "Layers", "LoggingConfig"),
    *("MemorySize", "Role", "Runtime", "Timeout", "TracingConfig", "VpcConfig"),
)
DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "KmsKeyArn": "",
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
"""What an update says of settings that a template no longer has."""


def create_function(resource: Resource) -> Physical:
    functions, properties = resource.client("lambda"), resource.properties
    name = properties.take("FunctionName") or resource.name(longest=64)
    settings = _api(properties.only("Architectures", "PackageType", *SETTINGS))
    answer = functions.create_function(
        FunctionName=name, Code=code(properties.take("Code"), settings), Tags=resource.tags(), **settings
    )
    function = resource.begin(Physical(name, {"Arn": answer["FunctionArn"]}))
    reserved = properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return function


def _api(settings: dict[str, Any]) -> dict[str, Any]:
    return {"KMSKeyArn" if name == "KmsKeyArn" else name: value for name, value in settings.items()}


def update_function(resource: Resource, function: Physical, old: Properties) -> Physical:
    functions, properties = resource.client("lambda"), resource.properties
    settings = properties.only(*SETTINGS)
    settings |= {name: value for name, value in DEFAULTS.items() if name in old and name not in settings}
    functions.update_function_configuration(FunctionName=function.id, **_api(settings))
    given = properties.take("Code")
    if given != old.take("Code"):
        functions.update_function_code(FunctionName=function.id, **code(given, settings))
    reserved = properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        functions.put_function_concurrency(FunctionName=function.id, ReservedConcurrentExecutions=reserved)
    elif "ReservedConcurrentExecutions" in old:
        functions.delete_function_concurrency(FunctionName=function.id)
    arn = function.attributes["Arn"]
    retag(
        resource,
        old,
        lambda tags: functions.tag_resource(Resource=arn, Tags={tag["Key"]: tag["Value"] for tag in tags}),
        lambda keys: functions.untag_resource(Resource=arn, TagKeys=keys),
    )
    return function


@unless_gone(GONE)
def read_function(resource: Resource, function: Physical) -> dict[str, Any]:
    answer = resource.client("lambda").get_function(FunctionName=function.id)
    found = answer["Configuration"]
    told = {name: found.get(name) for name in ("Description", "Handler", "MemorySize", "Role", "Runtime")}
    told |= {"Timeout": found.get("Timeout"), "Environment": found.get("Environment")}
    return present(FunctionName=function.id, Tags=told_tags(resource, answer.get("Tags") or {}), **told)


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


@unless_gone(GONE)
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


@unless_gone(GONE)
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


@unless_gone(GONE)
def delete_version(resource: Resource, version: Physical) -> None:
    name, _, number = version.id.rpartition(":")
    resource.client("lambda").delete_function(FunctionName=name, Qualifier=number)


ROWS = (
    Row("AWS::Lambda::Function", create_function, delete_function, update_function, read_function),
    Row("AWS::Lambda::Permission", create_permission, delete_permission),
    Row("AWS::Lambda::Version", create_version, delete_version),
)
