"""Rows of AWS Systems Manager."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_parameter(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("Name") or resource.name(longest=1011)
    resource.client("ssm").put_parameter(
        Name=name,
        Tags=resource.tag_list(),
        **properties.only("Type", "Value", "Description", "Tier", "DataType", "AllowedPattern"),
    )
    return Physical(name, {"Type": properties.take("Type"), "Value": properties.take("Value")})


def delete_parameter(resource: Resource, parameter: Physical) -> None:
    resource.client("ssm").delete_parameter(Name=parameter.id)


ROWS = (Row("AWS::SSM::Parameter", create_parameter, delete_parameter),)
