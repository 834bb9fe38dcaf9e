"""Rows of IAM: identities follow their template, hold what it names, and leave nothing behind."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.deploy import leftovers
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def document(action: str = "s3:GetObject") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def managed(name: str = "Boundary", **more: Any) -> Staged:
    return made("AWS::IAM::ManagedPolicy", name=name, PolicyDocument=document(), **more)


def role(name: str = "Role", **more: Any) -> Staged:
    return made("AWS::IAM::Role", name=name, AssumeRolePolicyDocument=TRUST, **more)


def full_role() -> Staged:
    return role(
        tags={"stack": "lake"},
        RoleName="reader",
        Path="/labs/",
        Description="reads",
        MaxSessionDuration=7200,
        PermissionsBoundary=managed().id,
        ManagedPolicyArns=[READ_ONLY],
        Policies=[{"PolicyName": "own", "PolicyDocument": document()}],
        Tags=[{"Key": "lab", "Value": "lake"}],
    )


def test_a_role_has_everything_its_template_says(sandbox: Sandbox) -> None:
    made_role = full_role()
    found = boto3.client("iam").get_role(RoleName="reader")["Role"]
    assert (found["Arn"], found["RoleId"]) == (made_role.attribute("Arn"), made_role.attribute("RoleId"))
    assert (found["Path"], found["Description"], found["MaxSessionDuration"]) == ("/labs/", "reads", 7200)
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"stack": "lake", "lab": "lake"}
    told = made_role.read()
    assert {name: told[name] for name in told if name != "Tags"} == {
        name: value for name, value in made_role.properties.items() if name != "Tags"
    }


def test_an_updated_role_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    made_role = full_role()
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": "123456789012"}}]}
    made_role.update(
        *("Description", "MaxSessionDuration", "PermissionsBoundary", "ManagedPolicyArns"),
        AssumeRolePolicyDocument=trust,
        Policies=[{"PolicyName": "other", "PolicyDocument": document("s3:PutObject")}],
        Tags=[{"Key": "team", "Value": "a"}],
    )
    iam = boto3.client("iam")
    found = iam.get_role(RoleName="reader")["Role"]
    assert (found.get("Description", ""), found["MaxSessionDuration"]) == ("", 3600)
    assert "PermissionsBoundary" not in found
    assert found["AssumeRolePolicyDocument"] == trust
    assert {tag["Key"] for tag in found["Tags"]} == {"stack", "team"}
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == ["other"]
    assert iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == []
    made_role.update(PermissionsBoundary=READ_ONLY)
    assert made_role.in_sync()


def test_what_a_hand_changed_on_a_role_is_read(sandbox: Sandbox) -> None:
    made_role, iam = full_role(), boto3.client("iam")
    assert made_role.read()["MaxSessionDuration"] == 7200
    iam.update_role(RoleName="reader", MaxSessionDuration=3600, Description="reads")
    iam.attach_role_policy(RoleName="reader", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    told = made_role.read()
    assert told["MaxSessionDuration"] == 3600
    assert len(told["ManagedPolicyArns"]) == 2


def test_a_role_is_deleted_with_whatever_was_attached_to_it(sandbox: Sandbox) -> None:
    made_role, iam = full_role(), boto3.client("iam")
    iam.put_role_policy(RoleName="reader", PolicyName="by-hand", PolicyDocument=json.dumps(document()))
    made_role.delete()
    assert made_role.read() is None
    made_role.delete()
    assert iam.list_roles()["Roles"] == []


def test_an_inline_policy_stands_on_its_holders_and_moves_with_them(sandbox: Sandbox) -> None:
    iam = boto3.client("iam")
    first, second = role("First"), role("Second")
    user, group = made("AWS::IAM::User"), made("AWS::IAM::Group")
    policy = made(
        "AWS::IAM::Policy",
        PolicyName="p",
        PolicyDocument=document(),
        Roles=[first.id],
        Users=[user.id],
        Groups=[group.id],
    )
    assert iam.get_group_policy(GroupName=group.id, PolicyName="p")["PolicyDocument"] == document()
    policy.update("Users", "Groups", PolicyName="q", PolicyDocument=document("s3:*"), Roles=[second.id])
    assert iam.list_role_policies(RoleName=first.id)["PolicyNames"] == []
    assert iam.list_user_policies(UserName=user.id)["PolicyNames"] == []
    assert iam.list_group_policies(GroupName=group.id)["PolicyNames"] == []
    assert iam.get_role_policy(RoleName=second.id, PolicyName="q")["PolicyDocument"] == document("s3:*")
    second.delete()
    policy.delete()


@pytest.mark.parametrize("noun", ["Role", "User", "Group"])
def test_a_policy_of_one_holder_comes_changes_and_goes(sandbox: Sandbox, noun: str) -> None:
    holder = role() if noun == "Role" else made(f"AWS::IAM::{noun}")
    kind = f"AWS::IAM::{noun}Policy"
    policy = made(kind, PolicyName="p", PolicyDocument=document(), **{f"{noun}Name": holder.id})
    assert policy.in_sync()
    policy.update(PolicyDocument=document("s3:*"))
    assert policy.read()["PolicyDocument"] == document("s3:*")
    policy.delete()
    policy.delete()
    assert policy.read() is None


def test_a_managed_policy_is_attached_to_roles_users_and_groups(sandbox: Sandbox) -> None:
    holders = {
        "Roles": [role().id],
        "Users": [made("AWS::IAM::User").id],
        "Groups": [made("AWS::IAM::Group").id],
    }
    policy = managed("Policy", ManagedPolicyName="m", Path="/labs/", Description="d", **holders)
    assert policy.id.endswith(":policy/labs/m")
    assert policy.attribute("AttachmentCount") == 3
    assert policy.in_sync()
    policy.update("Groups", Roles=[])
    assert policy.read()["Users"] == holders["Users"]
    assert (policy.read()["Roles"], policy.read()["Groups"]) == ([], [])
    policy.delete()
    policy.delete()
    assert policy.read() is None
    assert (
        boto3.client("iam").list_attached_user_policies(UserName=holders["Users"][0])["AttachedPolicies"]
        == []
    )


def test_every_change_of_a_managed_policy_is_a_version_and_the_oldest_makes_room(sandbox: Sandbox) -> None:
    iam, policy = boto3.client("iam"), managed()
    sandbox.advance(seconds=1)
    for number in range(6):
        policy.update(PolicyDocument=document(f"s3:Action{number}"))
    versions = iam.list_policy_versions(PolicyArn=policy.id)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v3", "v4", "v5", "v6", "v7"]
    assert policy.attribute("DefaultVersionId") == "v7"
    assert policy.attribute("UpdateDate") > policy.attribute("CreateDate")
    policy.update(Users=[made("AWS::IAM::User").id])
    assert policy.attribute("DefaultVersionId") == "v7"
    iam.set_default_policy_version(PolicyArn=policy.id, VersionId="v5")
    assert policy.read()["PolicyDocument"] == document("s3:Action3")


def full_user() -> Staged:
    return made(
        "AWS::IAM::User",
        UserName="ada",
        Path="/labs/",
        PermissionsBoundary=managed().id,
        LoginProfile={"Password": "Correct-Horse-1", "PasswordResetRequired": True},
        Groups=[made("AWS::IAM::Group", GroupName="readers").id],
        ManagedPolicyArns=[READ_ONLY],
        Policies=[{"PolicyName": "own", "PolicyDocument": document()}],
        Tags=[{"Key": "lab", "Value": "lake"}],
    )


def test_a_user_has_everything_its_template_says(sandbox: Sandbox) -> None:
    user = full_user()
    told = user.read()
    assert told.pop("LoginProfile") == {"PasswordResetRequired": True}
    assert told == {name: value for name, value in user.properties.items() if name != "LoginProfile"}
    found = boto3.client("iam").get_user(UserName="ada")["User"]
    assert (found["Path"], found["Arn"]) == ("/labs/", user.attribute("Arn"))


def test_an_updated_user_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    user = full_user()
    made("AWS::IAM::Group", GroupName="writers")
    user.update("Path", "ManagedPolicyArns", "Policies", "PermissionsBoundary", Groups=["writers"])
    told = user.read()
    assert (told["Path"], told["Groups"], told["Policies"], told["ManagedPolicyArns"]) == (
        "/",
        ["writers"],
        [],
        [],
    )
    assert "PermissionsBoundary" not in told
    assert told["Tags"] == user.properties["Tags"]
    assert user.attribute("Arn").endswith(":user/ada")
    user.update(LoginProfile={"Password": "Correct-Horse-2"})
    assert user.read()["LoginProfile"] == {"PasswordResetRequired": False}
    user.update("LoginProfile", "Tags")
    assert not {"LoginProfile", "Tags"} & set(user.read())


def test_the_boundary_of_a_user_limits_it(sandbox: Sandbox) -> None:
    user = made(
        "AWS::IAM::User",
        PermissionsBoundary=managed().id,
        Policies=[{"PolicyName": "all", "PolicyDocument": document("*")}],
    )
    key = made("AWS::IAM::AccessKey", UserName=user.id)
    kinesis = boto3.client(
        "kinesis", aws_access_key_id=key.id, aws_secret_access_key=key.attribute("SecretAccessKey")
    )
    with pytest.raises(ClientError, match="no permissions boundary allows"):
        kinesis.create_stream(StreamName="s", ShardCount=1)
    user.update("PermissionsBoundary")
    kinesis.create_stream(StreamName="s", ShardCount=1)


def test_refuses_a_boundary_that_does_not_exist(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        made("AWS::IAM::User", PermissionsBoundary="arn:aws:iam::123456789012:policy/none")


def test_a_user_is_deleted_with_its_memberships_and_its_password(sandbox: Sandbox) -> None:
    user = full_user()
    user.delete()
    user.delete()
    assert user.read() is None
    assert boto3.client("iam").get_group(GroupName="readers")["Users"] == []


def test_a_group_moves_gains_and_loses_policies(sandbox: Sandbox) -> None:
    group = made(
        "AWS::IAM::Group",
        GroupName="readers",
        Path="/a/",
        ManagedPolicyArns=[READ_ONLY],
        Policies=[{"PolicyName": "own", "PolicyDocument": document()}],
    )
    assert group.read() == group.properties
    group.update("ManagedPolicyArns", "Policies", Path="/b/")
    assert (group.read()["Path"], group.read()["Policies"]) == ("/b/", [])
    assert group.attribute("Arn").endswith(":group/b/readers")
    group.delete()
    group.delete()
    assert group.read() is None


def test_users_join_a_group_and_leave_it(sandbox: Sandbox) -> None:
    iam, group = boto3.client("iam"), made("AWS::IAM::Group").id
    first, second = (made("AWS::IAM::User", name=name).id for name in ("First", "Second"))
    addition = made("AWS::IAM::UserToGroupAddition", GroupName=group, Users=[first])
    addition.update(Users=[second])
    assert [user["UserName"] for user in iam.get_group(GroupName=group)["Users"]] == [second]
    addition.delete()
    addition.delete()
    assert iam.get_group(GroupName=group)["Users"] == []


def test_an_instance_profile_changes_its_role(sandbox: Sandbox) -> None:
    first, second = role("First"), role("Second")
    profile = made("AWS::IAM::InstanceProfile", InstanceProfileName="i", Path="/labs/", Roles=[first.id])
    assert profile.in_sync()
    profile.update(Roles=[second.id])
    assert profile.read()["Roles"] == [second.id]
    profile.delete()
    profile.delete()
    assert profile.read() is None


def test_an_access_key_is_switched_off_and_on(sandbox: Sandbox) -> None:
    iam, user = boto3.client("iam"), made("AWS::IAM::User").id
    key = made("AWS::IAM::AccessKey", UserName=user, Serial=1, Status="Inactive")
    [found] = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert (found["AccessKeyId"], found["Status"]) == (key.attribute("Id"), "Inactive")
    key.update("Status")
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"][0]["Status"] == "Active"
    key.delete()
    key.delete()
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []


def test_a_service_linked_role_comes_changes_and_goes(sandbox: Sandbox) -> None:
    linked = made(
        "AWS::IAM::ServiceLinkedRole",
        AWSServiceName="autoscaling.amazonaws.com",
        Description="d",
        CustomSuffix="x",
    )
    assert linked.attribute("RoleName") == "AWSServiceRoleForAutoScaling_x"
    assert linked.read() == {"Description": "d"}
    linked.update("Description")
    assert linked.read() == {}
    linked.delete()
    linked.delete()
    assert linked.read() is None


HALFWAY: dict[str, dict[str, Any]] = {
    "AWS::IAM::Role": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [READ_ONLY + "No"]},
    "AWS::IAM::User": {"Groups": ["none"]},
    "AWS::IAM::Group": {"ManagedPolicyArns": [READ_ONLY + "No"]},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": document(), "Roles": ["none"]},
    "AWS::IAM::InstanceProfile": {"Roles": ["none"]},
    "AWS::IAM::Policy": {"PolicyName": "p", "PolicyDocument": document(), "Roles": ["none"]},
}


def test_what_fails_halfway_leaves_nothing(sandbox: Sandbox) -> None:
    for kind, properties in HALFWAY.items():
        assert failing(kind, **properties).response["Error"]["Code"] == "NoSuchEntity"
    assert leftovers() == []
