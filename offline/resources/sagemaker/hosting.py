"""Rows of what serves: models, endpoint configurations and endpoints. `Ref` answers their ARNs.

Of a configuration, one production variant on instances is served: asynchronous and serverless inference,
data capture, shadow variants, explanations and networks of its own are not taken. An endpoint changes its
configuration at once, so what says how traffic is shifted, and which variant's properties stay, is not
taken either, but for a DeploymentConfig that asks for just that.
"""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sagemaker.shape import follow_tags, name_of, tags_of, unless_gone

MODEL = ("PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation")


def create_model(resource: Resource) -> Physical:
    name = resource.properties.take("ModelName") or resource.name(longest=63)
    arn = resource.client("sagemaker").create_model(
        ModelName=name, Tags=resource.tag_list(), **given(resource.properties, *MODEL)
    )["ModelArn"]
    return Physical(arn, {"ModelArn": arn, "ModelName": name})


def update_tags(resource: Resource, thing: Physical, old: Properties) -> Physical:
    """All else replaces a model or a configuration."""
    follow_tags(resource, thing.id, old)
    return thing


@unless_gone()
def read_model(resource: Resource, model: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_model(ModelName=name_of(model))
    # A container that was given as the only one of a list is told as the primary one.
    containers = [found["PrimaryContainer"]] if "Containers" in resource.properties else None
    primary = None if containers else found["PrimaryContainer"]
    rest = {name: found.get(name) for name in ("ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation")}
    return {
        "ModelName": found["ModelName"],
        **present(PrimaryContainer=primary, Containers=containers, **rest, Tags=tags_of(resource, model.id)),
    }


@unless_gone()
def delete_model(resource: Resource, model: Physical) -> None:
    resource.client("sagemaker").delete_model(ModelName=name_of(model))


def create_config(resource: Resource) -> Physical:
    name = resource.properties.take("EndpointConfigName") or resource.name(longest=63)
    arn = resource.client("sagemaker").create_endpoint_config(
        EndpointConfigName=name,
        Tags=resource.tag_list(),
        **given(resource.properties, "ProductionVariants", "KmsKeyId"),
    )["EndpointConfigArn"]
    return Physical(arn, {"EndpointConfigArn": arn, "EndpointConfigName": name})


@unless_gone()
def read_config(resource: Resource, config: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_endpoint_config(EndpointConfigName=name_of(config))
    wanted = {one["VariantName"]: one for one in resource.properties.take("ProductionVariants")}
    variants = [_as_given(one, wanted.get(one["VariantName"], one)) for one in found["ProductionVariants"]]
    told = {"ProductionVariants": variants, "KmsKeyId": found.get("KmsKeyId")}
    return {"EndpointConfigName": name_of(config), **present(**told, Tags=tags_of(resource, config.id))}


def _as_given(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """A variant without what the template left to its default; boto3 reads a weight of 1 as 1.0."""
    return {name: value if found.get(name) == value else found.get(name) for name, value in wanted.items()}


@unless_gone()
def delete_config(resource: Resource, config: Physical) -> None:
    resource.client("sagemaker").delete_endpoint_config(EndpointConfigName=name_of(config))


def create_endpoint(resource: Resource) -> Physical:
    name = resource.properties.take("EndpointName") or resource.name(longest=63)
    settings = given(resource.properties, "EndpointConfigName", "DeploymentConfig")
    arn = resource.client("sagemaker").create_endpoint(
        EndpointName=name, Tags=resource.tag_list(), **_named(settings)
    )["EndpointArn"]
    return Physical(arn, {"EndpointArn": arn, "EndpointName": name})


def _named(settings: dict[str, Any]) -> dict[str, Any]:
    """A template may name the configuration by its ARN, which `Ref` answers."""
    return settings | {"EndpointConfigName": settings["EndpointConfigName"].rpartition("/")[2]}


def update_endpoint(resource: Resource, endpoint: Physical, old: Properties) -> Physical:
    settings = given(resource.properties, "EndpointConfigName", "DeploymentConfig")
    resource.client("sagemaker").update_endpoint(EndpointName=name_of(endpoint), **_named(settings))
    follow_tags(resource, endpoint.id, old)
    return endpoint


@unless_gone()
def read_endpoint(resource: Resource, endpoint: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_endpoint(EndpointName=name_of(endpoint))
    wanted = resource.properties.take("EndpointConfigName")
    served: str = found["EndpointConfigName"]
    return {
        "EndpointName": found["EndpointName"],
        "EndpointConfigName": wanted if wanted.endswith(f"/{served}") else served,
        **present(DeploymentConfig=found.get("LastDeploymentConfig"), Tags=tags_of(resource, endpoint.id)),
    }


@unless_gone()
def delete_endpoint(resource: Resource, endpoint: Physical) -> None:
    resource.client("sagemaker").delete_endpoint(EndpointName=name_of(endpoint))


ROWS = (
    Row("AWS::SageMaker::Model", create_model, delete_model, update_tags, read_model),
    Row("AWS::SageMaker::EndpointConfig", create_config, delete_config, update_tags, read_config),
    Row("AWS::SageMaker::Endpoint", create_endpoint, delete_endpoint, update_endpoint, read_endpoint),
)
