"""Rows of IAM roles, also of those that services make for themselves."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, present, told_tags, unless_gone
from offline.resources.iam.holder import GONE, Holder, boundary_of
from offline.resources.row import Physical, Properties, Resource, Row


def create_role(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("RoleName") or resource.name(longest=64)
    role = resource.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties.take("AssumeRolePolicyDocument")),
        Tags=resource.tag_list(),
        **given(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
    )["Role"]
    made = resource.begin(Physical(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]}))
    Holder(resource, "Role", name).follow()
    return made


def update_role(resource: Resource, role: Physical, old: Properties) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    trust = json.dumps(properties.take("AssumeRolePolicyDocument"))
    iam.update_assume_role_policy(RoleName=role.id, PolicyDocument=trust)
    description = properties.take("Description") or ""
    # UpdateRole without MaxSessionDuration sets the default: IAM API Reference, "UpdateRole".
    iam.update_role(RoleName=role.id, Description=description, **given(properties, "MaxSessionDuration"))
    holder = Holder(resource, "Role", role.id)
    holder.follow(old)
    holder.bound(old)
    holder.retag(old)
    return role


@unless_gone(GONE)
def read_role(resource: Resource, role: Physical) -> dict[str, Any] | None:
    found = resource.client("iam").get_role(RoleName=role.id)["Role"]
    return {
        "AssumeRolePolicyDocument": found["AssumeRolePolicyDocument"],
        "MaxSessionDuration": found["MaxSessionDuration"],
        "Path": found["Path"],
        "RoleName": found["RoleName"],
        **Holder(resource, "Role", role.id).told(),
        **present(
            Description=found.get("Description"),
            PermissionsBoundary=boundary_of(found),
            Tags=told_tags(resource, found.get("Tags") or []),
        ),
    }


@unless_gone(GONE)
def delete_role(resource: Resource, role: Physical) -> None:
    Holder(resource, "Role", role.id).strip()
    resource.client("iam").delete_role(RoleName=role.id)


def create_service_role(resource: Resource) -> Physical:
    settings = given(resource.properties, "AWSServiceName", "CustomSuffix", "Description")
    role = resource.client("iam").create_service_linked_role(**settings)["Role"]
    return Physical(role["RoleName"], {"RoleName": role["RoleName"]})


def update_service_role(resource: Resource, role: Physical, old: Properties) -> Physical:
    description = resource.properties.take("Description") or ""
    resource.client("iam").update_role(RoleName=role.id, Description=description)
    return role


@unless_gone(GONE)
def read_service_role(resource: Resource, role: Physical) -> dict[str, Any] | None:
    found = resource.client("iam").get_role(RoleName=role.id)["Role"]
    return present(Description=found.get("Description"))


@unless_gone(GONE)
def delete_service_role(resource: Resource, role: Physical) -> None:
    resource.client("iam").delete_service_linked_role(RoleName=role.id)


ROWS = (
    Row("AWS::IAM::Role", create_role, delete_role, update_role, read_role),
    Row(
        "AWS::IAM::ServiceLinkedRole",
        create_service_role,
        delete_service_role,
        update_service_role,
        read_service_role,
    ),
)
