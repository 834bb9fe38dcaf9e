"""Rows of IAM groups and of the users in them."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, only_in, unless_gone
from offline.resources.iam.holder import GONE, Holder
from offline.resources.iam.user import leave
from offline.resources.row import Physical, Properties, Resource, Row


def create_group(resource: Resource) -> Physical:
    name = resource.properties.take("GroupName") or resource.name(longest=128)
    resource.client("iam").create_group(GroupName=name, **given(resource.properties, "Path"))
    group = resource.begin(_physical(resource, name))
    Holder(resource, "Group", name).follow()
    return group


def update_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    path = resource.properties.take("Path") or "/"
    resource.client("iam").update_group(GroupName=group.id, NewPath=path)
    Holder(resource, "Group", group.id).follow(old)
    return _physical(resource, group.id)


def _physical(resource: Resource, name: str) -> Physical:
    return Physical(name, {"Arn": resource.client("iam").get_group(GroupName=name)["Group"]["Arn"]})


@unless_gone(GONE)
def read_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    found = resource.client("iam").get_group(GroupName=group.id)["Group"]
    told = Holder(resource, "Group", group.id).told()
    return {"GroupName": found["GroupName"], "Path": found["Path"], **told}


@unless_gone(GONE)
def delete_group(resource: Resource, group: Physical) -> None:
    Holder(resource, "Group", group.id).strip()
    resource.client("iam").delete_group(GroupName=group.id)


def create_addition(resource: Resource) -> Physical:
    name = resource.name(longest=128)
    addition = resource.begin(Physical(name, {"Id": name}))
    _join(resource)
    return addition


def _join(resource: Resource) -> None:
    group = resource.properties.take("GroupName")
    for user in resource.properties.take("Users"):
        resource.client("iam").add_user_to_group(UserName=user, GroupName=group)


def update_addition(resource: Resource, addition: Physical, old: Properties) -> Physical:
    _join(resource)
    new = _members(resource.properties)
    for group, user in only_in(_members(old), new):
        leave(resource, user, group)
    return addition


def _members(properties: Properties) -> list[tuple[str, str]]:
    return [(properties.take("GroupName"), user) for user in properties.take("Users")]


def delete_addition(resource: Resource, addition: Physical) -> None:
    for group, user in _members(resource.properties):
        leave(resource, user, group)


ROWS = (
    Row("AWS::IAM::Group", create_group, delete_group, update_group, read_group),
    Row("AWS::IAM::UserToGroupAddition", create_addition, delete_addition, update_addition),
)
