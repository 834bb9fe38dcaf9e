"""A policy that cannot be read is refused where it is put, in its service's words, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.iam.document import MalformedPolicyError, written
from offline.sandbox import Sandbox

TRUST = {"Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
UNKNOWN = {"Condition": {"StringSounds": {"aws:username": "ana"}}}


def policy(**elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **elements}})


IDENTITY = policy(Action="s3:GetObject", Resource="*")
OF_IDENTITY = {
    "Has prohibited field Principal": policy(Action="s3:GetObject", Resource="*", Principal="*"),
    "must contain resources": policy(Action="s3:GetObject"),
    "Syntax errors in policy": policy(Action="s3:GetObject", Resource="*", **UNKNOWN),
}
OF_TRUST = {
    "Has prohibited field Resource": policy(**TRUST, Resource="*"),
    "Missing required field Principal": policy(Action="sts:AssumeRole"),
    "Invalid Condition type : StringSounds": policy(**TRUST, **UNKNOWN),
    "must be valid JSON": "trust me",
}
OF_BUCKET = {
    "Missing required field Resource": policy(Principal="*", Action="s3:GetObject"),
    "Policy has invalid action": policy(Principal="*", Action="kms:Decrypt", Resource="arn:aws:s3:::box/*"),
    "Policy has invalid resource": policy(Principal="*", Action="s3:*", Resource="arn:aws:s3:::other/*"),
    "Invalid Condition type : StringSounds": policy(
        Principal="*", Action="s3:*", Resource="arn:aws:s3:::box/*", **UNKNOWN
    ),
}
OF_RESOURCE = {
    "Missing required field Principal": IDENTITY,
    "Invalid Condition type : StringSounds": policy(Principal="*", Action="*", Resource="*", **UNKNOWN),
}


def bucket(text: str) -> None:
    boto3.client("s3").create_bucket(Bucket="box")
    boto3.client("s3").put_bucket_policy(Bucket="box", Policy=text)


def user(text: str) -> None:
    boto3.client("iam").create_user(UserName="ana")
    boto3.client("iam").put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=text)


def group(text: str) -> None:
    boto3.client("iam").create_group(GroupName="readers")
    boto3.client("iam").put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=text)


def role(text: str) -> None:
    boto3.client("iam").create_role(RoleName="crawler", AssumeRolePolicyDocument=text)


def trusted_anew(text: str) -> None:
    role(policy(**TRUST))
    boto3.client("iam").update_assume_role_policy(RoleName="crawler", PolicyDocument=text)


def of_role(text: str) -> None:
    role(policy(**TRUST))
    boto3.client("iam").put_role_policy(RoleName="crawler", PolicyName="p", PolicyDocument=text)


def managed(text: str) -> None:
    boto3.client("iam").create_policy(PolicyName="p", PolicyDocument=text)


def version(text: str) -> None:
    iam = boto3.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=IDENTITY)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text)


def key(text: str) -> None:
    boto3.client("kms").create_key(Policy=text)


def key_anew(text: str) -> None:
    kms = boto3.client("kms")
    kms.put_key_policy(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Policy=text)


def endpoint(text: str) -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", PolicyDocument=text)


def endpoint_anew(text: str) -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PolicyDocument=text)


def session(text: str) -> None:
    role(policy(**TRUST | {"Principal": {"AWS": ACCOUNT_ID}}))
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/crawler"
    boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="ana", Policy=text)


@pytest.mark.parametrize(
    ("put", "code", "said", "text"),
    [
        (put, code, said, text)
        for puts, code, texts in (
            ([bucket], "MalformedPolicy", OF_BUCKET),
            ([user, group, of_role, managed, version], "MalformedPolicyDocument", OF_IDENTITY),
            ([role, trusted_anew], "MalformedPolicyDocument", OF_TRUST),
            ([key, key_anew], "MalformedPolicyDocumentException", OF_RESOURCE),
            ([endpoint, endpoint_anew], "InvalidPolicyDocument", OF_RESOURCE),
            (
                [session],
                "MalformedPolicyDocument",
                {"prohibited field Principal": policy(**TRUST, Resource="*")},
            ),
        )
        for put in puts
        for said, text in texts.items()
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_where_it_is_put(
    sandbox: Sandbox, put: Callable[[str], None], code: str, said: str, text: str
) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\).*{said}"):
        put(text)


def test_a_refused_policy_leaves_the_old_one_at_work(sandbox: Sandbox) -> None:
    bucket(policy(Principal={"AWS": ACCOUNT_ID}, Action="s3:*", Resource="arn:aws:s3:::box/*"))
    s3 = boto3.client("s3")
    for text in OF_BUCKET.values():
        with pytest.raises(ClientError):
            s3.put_bucket_policy(Bucket="box", Policy=text)
    s3.put_object(Bucket="box", Key="a", Body=b"x")
    assert json.loads(s3.get_bucket_policy(Bucket="box")["Policy"])["Statement"]["Action"] == "s3:*"


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_sessions_may_be_tagged_and_named(sandbox: Sandbox, action: str) -> None:
    role(policy(**TRUST | {"Action": ["sts:AssumeRole", action]}))


def test_what_its_place_asks_for_is_kept() -> None:
    assert written(IDENTITY, principals=False, resources=True).statements[0].resource == ("*",)
    with pytest.raises(MalformedPolicyError, match="prohibited field Resource"):
        written(IDENTITY, principals=False, resources=False)


def test_bytes_that_are_no_text_are_no_policy(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="box")
    s3.meta.events.register(
        "before-sign.s3.PutBucketPolicy", lambda request, **_: setattr(request, "data", b"{\xff}")
    )
    with pytest.raises(ClientError, match=r"MalformedPolicy.*valid JSON"):
        s3.put_bucket_policy(Bucket="box", Policy="{}")
    s3.put_object(Bucket="box", Key="a", Body=b"x")
