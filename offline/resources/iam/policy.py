"""Rows of IAM policies: inline in many holders or in one, and managed, with versions."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, only_in, present, unless_gone
from offline.resources.iam.holder import GONE, Holder, holders
from offline.resources.row import Physical, Properties, Resource, Row


def create_policy(resource: Resource) -> Physical:
    """An inline policy stands on each role, user and group it names."""
    name = resource.name(longest=128)
    policy = resource.begin(Physical(name, {"Id": name}))
    _put(resource)
    return policy


def _put(resource: Resource) -> None:
    name, document = resource.properties.take("PolicyName"), resource.properties.take("PolicyDocument")
    for holder in holders(resource, resource.properties):
        holder.put(name, document)


def update_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    _put(resource)
    for holder, name in only_in(_places(resource, old), _places(resource, resource.properties)):
        holder.remove(name)
    return policy


def _places(resource: Resource, properties: Properties) -> list[tuple[Holder, str]]:
    return [(holder, properties.take("PolicyName")) for holder in holders(resource, properties)]


def delete_policy(resource: Resource, policy: Physical) -> None:
    for holder, name in _places(resource, resource.properties):
        holder.remove(name)


def _holder(resource: Resource) -> Holder:
    """The one that AWS::IAM::RolePolicy, UserPolicy or GroupPolicy names."""
    noun = resource.type.removeprefix("AWS::IAM::").removesuffix("Policy")
    return Holder(resource, noun, resource.properties.take(f"{noun}Name"))


def create_holder_policy(resource: Resource) -> Physical:
    name = resource.properties.take("PolicyName")
    _holder(resource).put(name, resource.properties.take("PolicyDocument"))
    return Physical(name)


def update_holder_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    return create_holder_policy(resource)


@unless_gone(GONE)
def read_holder_policy(resource: Resource, policy: Physical) -> dict[str, Any] | None:
    holder = _holder(resource)
    document = holder.document(policy.id)
    return {"PolicyName": policy.id, f"{holder.noun}Name": holder.name, "PolicyDocument": document}


def delete_holder_policy(resource: Resource, policy: Physical) -> None:
    _holder(resource).remove(policy.id)


def create_managed_policy(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("ManagedPolicyName") or resource.name(longest=128)
    policy: dict[str, Any] = resource.client("iam").create_policy(
        PolicyName=name,
        PolicyDocument=json.dumps(properties.take("PolicyDocument")),
        **given(properties, "Path", "Description"),
    )["Policy"]
    resource.begin(Physical(policy["Arn"]))
    for holder in holders(resource, properties):
        holder.attach(policy["Arn"])
    return _managed(resource, policy["Arn"])


def _managed(resource: Resource, arn: str) -> Physical:
    found = resource.client("iam").get_policy(PolicyArn=arn)["Policy"]
    told = ("AttachmentCount", "DefaultVersionId", "IsAttachable", "PolicyId")
    attributes = {name: found[name] for name in told}
    attributes |= {name: found[name].isoformat() for name in ("CreateDate", "UpdateDate")}
    attributes["PermissionsBoundaryUsageCount"] = found.get("PermissionsBoundaryUsageCount", 0)
    return Physical(arn, {"PolicyArn": arn, **attributes})


def update_managed_policy(resource: Resource, policy: Physical, old: Properties) -> Physical:
    document = resource.properties.take("PolicyDocument")
    if document != old.take("PolicyDocument"):
        _add_version(resource, policy.id, json.dumps(document))
    had, new = holders(resource, old), holders(resource, resource.properties)
    for holder in only_in(new, had):
        holder.attach(policy.id)
    for holder in only_in(had, new):
        holder.detach(policy.id)
    return _managed(resource, policy.id)


def _add_version(resource: Resource, arn: str, document: str) -> None:
    """IAM keeps few versions and refuses one more: then the oldest makes room."""
    iam = resource.client("iam")
    new = {"PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": True}
    try:
        iam.create_policy_version(**new)
    except iam.exceptions.LimitExceededException:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        spare = [version for version in versions if not version["IsDefaultVersion"]]
        oldest = min(spare, key=lambda version: version["CreateDate"])
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(**new)


@unless_gone(GONE)
def read_managed_policy(resource: Resource, policy: Physical) -> dict[str, Any] | None:
    iam = resource.client("iam")
    found = iam.get_policy(PolicyArn=policy.id)["Policy"]
    version = iam.get_policy_version(PolicyArn=policy.id, VersionId=found["DefaultVersionId"])[
        "PolicyVersion"
    ]
    attached = {
        many: [holder.name for holder in _attached(resource, policy.id) if holder.noun == many[:-1]]
        for many in ("Roles", "Users", "Groups")
    }
    return {
        "ManagedPolicyName": found["PolicyName"],
        "Path": found["Path"],
        "PolicyDocument": version["Document"],
        **attached,
        **present(Description=found.get("Description")),
    }


def _attached(resource: Resource, arn: str) -> list[Holder]:
    found = resource.client("iam").list_entities_for_policy(PolicyArn=arn)
    return [
        Holder(resource, noun, entity[f"{noun}Name"])
        for noun in ("Role", "User", "Group")
        for entity in found[f"Policy{noun}s"]
    ]


@unless_gone(GONE)
def delete_managed_policy(resource: Resource, policy: Physical) -> None:
    iam = resource.client("iam")
    for holder in _attached(resource, policy.id):
        holder.detach(policy.id)
    for version in iam.list_policy_versions(PolicyArn=policy.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy.id, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=policy.id)


ROWS = (
    Row("AWS::IAM::Policy", create_policy, delete_policy, update_policy),
    *(
        Row(kind, create_holder_policy, delete_holder_policy, update_holder_policy, read_holder_policy)
        for kind in ("AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
    ),
    Row(
        "AWS::IAM::ManagedPolicy",
        create_managed_policy,
        delete_managed_policy,
        update_managed_policy,
        read_managed_policy,
    ),
)
