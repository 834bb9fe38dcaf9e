"""Rows of instance profiles, through which an EC2 instance has a role."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, only_in, unless_gone
from offline.resources.iam.holder import GONE
from offline.resources.row import Physical, Properties, Resource, Row


def create_profile(resource: Resource) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    name = properties.take("InstanceProfileName") or resource.name(longest=128)
    made = iam.create_instance_profile(InstanceProfileName=name, **given(properties, "Path"))
    profile = resource.begin(Physical(name, {"Arn": made["InstanceProfile"]["Arn"]}))
    for role in properties.take("Roles"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return profile


def update_profile(resource: Resource, profile: Physical, old: Properties) -> Physical:
    """A profile holds one role, so the former leaves before the new one comes."""
    had, new = old.take("Roles"), resource.properties.take("Roles")
    for role in only_in(had, new):
        _remove(resource, profile.id, role)
    for role in only_in(new, had):
        resource.client("iam").add_role_to_instance_profile(InstanceProfileName=profile.id, RoleName=role)
    return profile


@unless_gone(GONE)
def _remove(resource: Resource, profile: str, role: str) -> None:
    iam = resource.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)


@unless_gone(GONE)
def read_profile(resource: Resource, profile: Physical) -> dict[str, Any] | None:
    found = resource.client("iam").get_instance_profile(InstanceProfileName=profile.id)["InstanceProfile"]
    roles = [role["RoleName"] for role in found["Roles"]]
    return {"InstanceProfileName": found["InstanceProfileName"], "Path": found["Path"], "Roles": roles}


@unless_gone(GONE)
def delete_profile(resource: Resource, profile: Physical) -> None:
    iam = resource.client("iam")
    found = iam.get_instance_profile(InstanceProfileName=profile.id)["InstanceProfile"]
    for role in found["Roles"]:
        _remove(resource, profile.id, role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=profile.id)


ROWS = (Row("AWS::IAM::InstanceProfile", create_profile, delete_profile, update_profile, read_profile),)
