"""Rows of AWS Systems Manager."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("ParameterNotFound", "InvalidResourceId")


def create_parameter(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("Name") or resource.name(longest=1011)
    resource.client("ssm").put_parameter(
        Name=name,
        Tags=resource.tag_list(),
        **given(properties, "Type", "Value", "Description", "Tier", "DataType", "AllowedPattern"),
    )
    return _physical(resource, name)


def _physical(resource: Resource, name: str) -> Physical:
    found = resource.client("ssm").get_parameter(Name=name)["Parameter"]
    return Physical(name, {"Arn": found["ARN"], "Type": found["Type"], "Value": found["Value"]})


def update_parameter(resource: Resource, parameter: Physical, old: Properties) -> Physical:
    ssm, properties = resource.client("ssm"), resource.properties
    # What is not named stays, so what the template no longer has is named as empty.
    defaults = {"Description": "", "AllowedPattern": "", "DataType": "text"}
    settings = given(properties, "Type", "Value", "Description", "Tier", "DataType", "AllowedPattern")
    ssm.put_parameter(Name=parameter.id, Overwrite=True, **defaults | settings)
    tagged = {"ResourceType": "Parameter", "ResourceId": parameter.id}
    retag(
        resource,
        old,
        lambda tags: ssm.add_tags_to_resource(Tags=tags, **tagged),
        lambda keys: ssm.remove_tags_from_resource(TagKeys=keys, **tagged),
    )
    return _physical(resource, parameter.id)


@unless_gone(*GONE)
def read_parameter(resource: Resource, parameter: Physical) -> dict[str, Any] | None:
    ssm = resource.client("ssm")
    found = ssm.get_parameter(Name=parameter.id)["Parameter"]
    named = [{"Key": "Name", "Values": [parameter.id]}]
    [described] = ssm.describe_parameters(ParameterFilters=named)["Parameters"]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=parameter.id)["TagList"]
    return {
        "Name": found["Name"],
        "Type": found["Type"],
        "Value": found["Value"],
        "DataType": found["DataType"],
        "Tier": described["Tier"],
        **present(
            Description=described.get("Description"),
            AllowedPattern=described.get("AllowedPattern"),
            Tags={tag["Key"]: tag["Value"] for tag in told_tags(resource, tags)},
        ),
    }


@unless_gone(*GONE)
def delete_parameter(resource: Resource, parameter: Physical) -> None:
    resource.client("ssm").delete_parameter(Name=parameter.id)


ROWS = (Row("AWS::SSM::Parameter", create_parameter, delete_parameter, update_parameter, read_parameter),)
