"""Rows of IAM users and their access keys."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, only_in, present, told_tags, unless_gone
from offline.resources.iam.holder import GONE, Holder, boundary_of
from offline.resources.row import Physical, Properties, Resource, Row


def create_user(resource: Resource) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    name = properties.take("UserName") or resource.name(longest=64)
    iam.create_user(
        UserName=name, Tags=resource.tag_list(), **given(properties, "Path", "PermissionsBoundary")
    )
    user = resource.begin(_physical(resource, name))
    Holder(resource, "User", name).follow()
    for group in properties.take("Groups") or []:
        iam.add_user_to_group(UserName=name, GroupName=group)
    if login := properties.take("LoginProfile"):
        iam.create_login_profile(UserName=name, **login)
    return user


def update_user(resource: Resource, user: Physical, old: Properties) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    iam.update_user(UserName=user.id, NewPath=properties.take("Path") or "/")
    holder = Holder(resource, "User", user.id)
    holder.follow(old)
    holder.bound(old)
    holder.retag(old)
    groups = properties.take("Groups") or []
    for group in groups:
        iam.add_user_to_group(UserName=user.id, GroupName=group)
    for group in only_in(old.take("Groups") or [], groups):
        leave(resource, user.id, group)
    _follow_login(resource, user.id, old)
    return _physical(resource, user.id)


def _physical(resource: Resource, name: str) -> Physical:
    return Physical(name, {"Arn": resource.client("iam").get_user(UserName=name)["User"]["Arn"]})


def leave(resource: Resource, user: str, group: str) -> None:
    with unless_gone(GONE):
        resource.client("iam").remove_user_from_group(UserName=user, GroupName=group)


def _follow_login(resource: Resource, user: str, old: Properties) -> None:
    iam, login, had = (
        resource.client("iam"),
        resource.properties.take("LoginProfile"),
        old.take("LoginProfile"),
    )
    if login and had:
        iam.update_login_profile(UserName=user, **{"PasswordResetRequired": False, **login})
    elif login:
        iam.create_login_profile(UserName=user, **login)
    elif had:
        _forget_login(resource, user)


@unless_gone(GONE)
def _forget_login(resource: Resource, user: str) -> None:
    resource.client("iam").delete_login_profile(UserName=user)


@unless_gone(GONE)
def read_user(resource: Resource, user: Physical) -> dict[str, Any] | None:
    found = resource.client("iam").get_user(UserName=user.id)["User"]
    groups = resource.client("iam").list_groups_for_user(UserName=user.id)["Groups"]
    return {
        "UserName": found["UserName"],
        "Path": found["Path"],
        "Groups": [group["GroupName"] for group in groups],
        **Holder(resource, "User", user.id).told(),
        **present(
            PermissionsBoundary=boundary_of(found),
            Tags=told_tags(resource, found.get("Tags") or []),
            LoginProfile=_login(resource, user.id),
        ),
    }


@unless_gone(GONE)
def _login(resource: Resource, user: str) -> dict[str, Any] | None:
    """The password itself is never told."""
    login = resource.client("iam").get_login_profile(UserName=user)["LoginProfile"]
    return {"PasswordResetRequired": login["PasswordResetRequired"]}


@unless_gone(GONE)
def delete_user(resource: Resource, user: Physical) -> None:
    iam = resource.client("iam")
    Holder(resource, "User", user.id).strip()
    for group in iam.list_groups_for_user(UserName=user.id)["Groups"]:
        leave(resource, user.id, group["GroupName"])
    _forget_login(resource, user.id)
    iam.delete_user(UserName=user.id)


def create_access_key(resource: Resource) -> Physical:
    properties = resource.properties
    properties.take("Serial")  # Its only meaning is that a new number replaces the key.
    key = resource.client("iam").create_access_key(UserName=properties.take("UserName"))["AccessKey"]
    made = Physical(key["AccessKeyId"], {"Id": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})
    if properties.take("Status") == "Inactive":
        update_access_key(resource, made, properties)
    return made


def update_access_key(resource: Resource, key: Physical, old: Properties) -> Physical:
    resource.client("iam").update_access_key(
        UserName=resource.properties.take("UserName"),
        AccessKeyId=key.id,
        Status=resource.properties.take("Status") or "Active",
    )
    return key


@unless_gone(GONE)
def delete_access_key(resource: Resource, key: Physical) -> None:
    user = resource.properties.take("UserName")
    resource.client("iam").delete_access_key(UserName=user, AccessKeyId=key.id)


ROWS = (
    Row("AWS::IAM::User", create_user, delete_user, update_user, read_user),
    Row("AWS::IAM::AccessKey", create_access_key, delete_access_key, update_access_key),
)
