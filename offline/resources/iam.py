"""Rows of AWS Identity and Access Management."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.row import Physical, Resource, Row


def create_role(resource: Resource) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    name = properties.take("RoleName") or resource.name(longest=64)
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties.take("AssumeRolePolicyDocument")),
        Tags=resource.tag_list(),
        **properties.only("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
    )["Role"]
    for policy in properties.take("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in properties.take("ManagedPolicyArns", []):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Physical(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def delete_role(resource: Resource, role: Physical) -> None:
    iam = resource.client("iam")
    for policy in iam.list_role_policies(RoleName=role.id)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role.id, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=role.id)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role.id, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role.id)


def create_policy(resource: Resource) -> Physical:
    """An inline policy stands on each role, user and group it names."""
    iam, properties = resource.client("iam"), resource.properties
    name, document = properties.take("PolicyName"), json.dumps(properties.take("PolicyDocument"))
    for holder in properties.take("Roles", []):
        iam.put_role_policy(RoleName=holder, PolicyName=name, PolicyDocument=document)
    for holder in properties.take("Users", []):
        iam.put_user_policy(UserName=holder, PolicyName=name, PolicyDocument=document)
    for holder in properties.take("Groups", []):
        iam.put_group_policy(GroupName=holder, PolicyName=name, PolicyDocument=document)
    return Physical(resource.name(longest=128))


def delete_policy(resource: Resource, policy: Physical) -> None:
    iam, properties = resource.client("iam"), resource.properties
    name = properties.take("PolicyName")
    for holder in properties.take("Roles", []):
        iam.delete_role_policy(RoleName=holder, PolicyName=name)
    for holder in properties.take("Users", []):
        iam.delete_user_policy(UserName=holder, PolicyName=name)
    for holder in properties.take("Groups", []):
        iam.delete_group_policy(GroupName=holder, PolicyName=name)


def create_managed_policy(resource: Resource) -> Physical:
    iam, properties = resource.client("iam"), resource.properties
    name = properties.take("ManagedPolicyName") or resource.name(longest=128)
    policy: dict[str, Any] = iam.create_policy(
        PolicyName=name,
        PolicyDocument=json.dumps(properties.take("PolicyDocument")),
        **properties.only("Path", "Description"),
    )["Policy"]
    for holder in properties.take("Roles", []):
        iam.attach_role_policy(RoleName=holder, PolicyArn=policy["Arn"])
    return Physical(policy["Arn"], {"PolicyArn": policy["Arn"]})


def delete_managed_policy(resource: Resource, policy: Physical) -> None:
    iam = resource.client("iam")
    for holder in iam.list_entities_for_policy(PolicyArn=policy.id)["PolicyRoles"]:
        iam.detach_role_policy(RoleName=holder["RoleName"], PolicyArn=policy.id)
    iam.delete_policy(PolicyArn=policy.id)


ROWS = (
    Row("AWS::IAM::Role", create_role, delete_role),
    Row("AWS::IAM::Policy", create_policy, delete_policy),
    Row("AWS::IAM::ManagedPolicy", create_managed_policy, delete_managed_policy),
)
