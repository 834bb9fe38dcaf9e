"""Rows of AWS Lambda."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from facts import limits
from offline.resources.change import given, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "ResourceNotFoundException"
SETTINGS = (
    *("Description", "Environment", "EphemeralStorage", "Handler", "KmsKeyArn", "Layers", "LoggingConfig"),
    *("MemorySize", "Role", "Runtime", "Timeout", "TracingConfig", "VpcConfig"),
)


def defaults() -> dict[str, Any]:
    """What an update says of settings that a template no longer has."""
    return {
        "Description": "",
        "Environment": {"Variables": {}},
        "EphemeralStorage": {"Size": int(limits.value("lambda-storage-mib-default"))},
        "KmsKeyArn": "",
        "Layers": [],
        "LoggingConfig": {"LogFormat": "Text"},
        "MemorySize": int(limits.value("lambda-memory-mib-lowest")),
        "Timeout": int(limits.value("lambda-timeout-seconds-default")),
        "TracingConfig": {"Mode": "PassThrough"},
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    }


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
    settings |= {name: value for name, value in defaults().items() if name in old and name not in settings}
    if "LoggingConfig" in settings:  # what it leaves out stays as it was, but for the levels of a format
        usual = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.id}"}
        settings["LoggingConfig"] = usual | settings["LoggingConfig"]
    functions.update_function_configuration(FunctionName=function.id, **_api(settings))
    source = properties.take("Code")
    if source != old.take("Code"):
        functions.update_function_code(FunctionName=function.id, **code(source, settings))
    reserved = properties.take("ReservedConcurrentExecutions")
    if reserved is not None:
        functions.put_function_concurrency(FunctionName=function.id, ReservedConcurrentExecutions=reserved)
    elif "ReservedConcurrentExecutions" in old:
        functions.delete_function_concurrency(FunctionName=function.id)
    _retag(resource, function.attributes["Arn"], old)
    return function


def _retag(resource: Resource, arn: str, old: Properties) -> None:
    functions = resource.client("lambda")
    retag(
        resource,
        old,
        lambda tags: functions.tag_resource(Resource=arn, Tags={tag["Key"]: tag["Value"] for tag in tags}),
        lambda keys: functions.untag_resource(Resource=arn, TagKeys=keys),
    )


@unless_gone(GONE)
def read_function(resource: Resource, function: Physical) -> dict[str, Any]:
    answer = resource.client("lambda").get_function(FunctionName=function.id)
    found = answer["Configuration"]
    told = {name: found.get(name) for name in ("Description", "Handler", "MemorySize", "Role", "Runtime")}
    told |= {name: found.get(name) for name in ("Timeout", "Environment", "LoggingConfig")}
    return present(FunctionName=function.id, Tags=told_tags(resource, answer.get("Tags") or {}), **told)


def code(source: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The code as the API takes it: source text in a template becomes a zip with `index.py`."""
    if "ZipFile" not in source:
        return {
            key: source[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if key in source
        }
    extension = "js" if settings.get("Runtime", "").startswith("nodejs") else "py"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"index.{extension}", source["ZipFile"])
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


LAYER = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


def create_layer(resource: Resource) -> Physical:
    properties = resource.properties
    arn = resource.client("lambda").publish_layer_version(
        LayerName=properties.take("LayerName") or resource.name(longest=140),
        Content=given(properties.at("Content"), "S3Bucket", "S3Key", "S3ObjectVersion"),
        **given(properties, *LAYER),
    )["LayerVersionArn"]
    return Physical(arn, {"LayerVersionArn": arn})


def _layer_of(arn: str) -> dict[str, Any]:
    """The layer and the number that a version's ARN names, as arguments."""
    *_, name, number = arn.split(":")
    return {"LayerName": name, "VersionNumber": int(number)}


@unless_gone(GONE)
def read_layer(resource: Resource, layer: Physical) -> dict[str, Any]:
    found = resource.client("lambda").get_layer_version(**_layer_of(layer.id))
    name = found["LayerArn"].rpartition(":")[2]
    return {"LayerName": name, **present(**{name: found.get(name) for name in LAYER})}


@unless_gone(GONE)
def delete_layer(resource: Resource, layer: Physical) -> None:
    resource.client("lambda").delete_layer_version(**_layer_of(layer.id))


def create_layer_permission(resource: Resource) -> Physical:
    properties, name = resource.properties, resource.name(longest=100)
    arn = properties.take("LayerVersionArn")
    resource.client("lambda").add_layer_version_permission(
        StatementId=name, **_layer_of(arn), **given(properties, "Action", "OrganizationId", "Principal")
    )
    id = f"{arn}#{name}"
    return Physical(id, {"Id": id})


@unless_gone(GONE)
def delete_layer_permission(resource: Resource, permission: Physical) -> None:
    arn, _, name = permission.id.partition("#")
    resource.client("lambda").remove_layer_version_permission(StatementId=name, **_layer_of(arn))


POLLING = (
    *("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "FunctionResponseTypes"),
    *("MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
)
"""What an update of a mapping changes, beside its function."""
START = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
ONE_BY_ONE = "invocations of an event source run one after the other here, in order"


def create_mapping(resource: Resource) -> Physical:
    answer = resource.client("lambda").create_event_source_mapping(
        Tags=resource.tags(), **given(resource.properties, "FunctionName", *START, *POLLING)
    )
    told = {"Id": answer["UUID"], "EventSourceMappingArn": answer["EventSourceMappingArn"]}
    return Physical(answer["UUID"], told)


def update_mapping(resource: Resource, mapping: Physical, old: Properties) -> Physical:
    """UpdateEventSourceMapping keeps what it is not given, so what is left out is given its default."""
    functions, now = resource.client("lambda"), given(resource.properties, "FunctionName", *POLLING)
    dropped = {name for name in POLLING if old.take(name) is not None and name not in now}
    usual = _usual(str(old.take("EventSourceArn")))
    functions.update_event_source_mapping(
        UUID=mapping.id, **now, **{name: value for name, value in usual.items() if name in dropped}
    )
    _retag(resource, mapping.attributes["EventSourceMappingArn"], old)
    return mapping


def _usual(source: str) -> dict[str, Any]:
    """What CreateEventSourceMapping sets where it is told nothing."""
    unit = "messages" if ":sqs:" in source else "records"
    return {
        "BatchSize": int(limits.value(f"lambda-batch-{unit}-default")),
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {},
        "Enabled": True,
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
    }


@unless_gone(GONE)
def read_mapping(resource: Resource, mapping: Physical) -> dict[str, Any]:
    functions = resource.client("lambda")
    found = functions.get_event_source_mapping(UUID=mapping.id)
    wanted = resource.properties.take("FunctionName")
    tags = functions.list_tags(Resource=found["EventSourceMappingArn"]).get("Tags") or {}
    told = {name: found[name] for name in POLLING if name in found}
    return {
        **told,
        "Enabled": found["State"] == "Enabled",
        "EventSourceArn": found["EventSourceArn"],
        "FunctionName": wanted if found["FunctionArn"].endswith(f":{wanted}") else found["FunctionArn"],
        **present(StartingPosition=found.get("StartingPosition"), Tags=told_tags(resource, tags)),
    }


@unless_gone(GONE)
def delete_mapping(resource: Resource, mapping: Physical) -> None:
    resource.client("lambda").delete_event_source_mapping(UUID=mapping.id)


ROWS = (
    Row("AWS::Lambda::Function", create_function, delete_function, update_function, read_function),
    Row("AWS::Lambda::Permission", create_permission, delete_permission),
    Row("AWS::Lambda::Version", create_version, delete_version),
    Row("AWS::Lambda::LayerVersion", create_layer, delete_layer, read=read_layer),
    Row("AWS::Lambda::LayerVersionPermission", create_layer_permission, delete_layer_permission),
    Row(
        "AWS::Lambda::EventSourceMapping",
        create_mapping,
        delete_mapping,
        update_mapping,
        read_mapping,
        inert={"ParallelizationFactor": ONE_BY_ONE, "ScalingConfig": ONE_BY_ONE},
    ),
)
