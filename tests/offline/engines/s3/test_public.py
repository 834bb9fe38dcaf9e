"""Block Public Access, ownership without ACLs, and URLs that were presigned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from offline.clock import clock
from offline.engines.s3.public import is_public
from offline.sandbox import Sandbox

LAKE = "lake"
EVERYONE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{LAKE}/*",
}
ALL = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def policy(**changes: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**EVERYONE, **changes}]})


def anybody() -> Any:
    return boto3.client("s3", config=Config(signature_version=UNSIGNED))


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=LAKE)
    client.put_object(Bucket=LAKE, Key="a", Body=b"a")
    return client


def open_door(s3: Any, *closed: str) -> None:
    """Block Public Access of these settings alone."""
    settings = {name: name in closed for name in ALL}
    s3.put_public_access_block(Bucket=LAKE, PublicAccessBlockConfiguration=settings)


def test_a_new_bucket_is_closed_and_knows_no_acls(s3: Any) -> None:
    block = s3.get_public_access_block(Bucket=LAKE)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(ALL, True)
    rules = s3.get_bucket_ownership_controls(Bucket=LAKE)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    with pytest.raises(ClientError, match="InvalidBucketAclWithObjectOwnership"):
        s3.create_bucket(Bucket="another", ACL="public-read")
    s3.create_bucket(Bucket="another", ACL="public-read", ObjectOwnership="ObjectWriter")


@pytest.mark.parametrize(
    ("changes", "public"),
    [
        ({}, True),
        ({"Principal": {"AWS": ["*"]}}, True),
        ({"Effect": "Deny"}, False),
        ({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}, False),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceVpce": "vpce-*"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}}}, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Condition": {"StringEquals": {"s3:prefix": "public/"}}}, True),
    ],
)
def test_a_policy_is_public_unless_fixed_values_name_who(changes: dict[str, Any], public: bool) -> None:
    assert is_public(policy(**changes)) is public


def test_a_public_policy_is_taken_only_where_nothing_blocks_it(s3: Any) -> None:
    with pytest.raises(
        ClientError, match=r"AccessDenied.*s3:PutBucketPolicy.*BlockPublicPolicy block public"
    ):
        s3.put_bucket_policy(Bucket=LAKE, Policy=policy())
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=LAKE)
    open_door(s3, "RestrictPublicBuckets")
    s3.put_bucket_policy(Bucket=LAKE, Policy=policy())
    with pytest.raises(ClientError, match="AccessDenied"):
        anybody().get_object(Bucket=LAKE, Key="a")
    open_door(s3)
    assert anybody().get_object(Bucket=LAKE, Key="a")["Body"].read() == b"a"


def test_where_ownership_has_no_acls_only_the_owners_is_taken(s3: Any) -> None:
    for refused in (
        lambda: s3.put_object(Bucket=LAKE, Key="b", Body=b"b", ACL="public-read"),
        lambda: s3.put_object_acl(Bucket=LAKE, Key="a", ACL="private"),
        lambda: s3.put_bucket_acl(Bucket=LAKE, GrantRead='id="someone"'),
        lambda: s3.create_multipart_upload(Bucket=LAKE, Key="b", ACL="authenticated-read"),
    ):
        with pytest.raises(ClientError, match="AccessControlListNotSupported"):
            refused()
    s3.put_object(Bucket=LAKE, Key="b", Body=b"b", ACL="bucket-owner-full-control")
    owner = s3.get_bucket_acl(Bucket=LAKE)
    said = {"Owner": owner["Owner"], "Grants": owner["Grants"]}
    s3.put_bucket_acl(Bucket=LAKE, AccessControlPolicy=said)


def test_a_public_acl_is_blocked_or_ignored(s3: Any) -> None:
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=LAKE, OwnershipControls=rules)
    with pytest.raises(ClientError, match=r"AccessDenied.*s3:PutObjectAcl.*by the BlockPublicAcls block"):
        s3.put_object_acl(Bucket=LAKE, Key="a", ACL="public-read")
    s3.put_object_acl(Bucket=LAKE, Key="a", ACL="private")
    open_door(s3, "IgnorePublicAcls")
    s3.put_object_acl(Bucket=LAKE, Key="a", ACL="public-read")
    with pytest.raises(ClientError, match="AccessDenied"):
        anybody().get_object(Bucket=LAKE, Key="a")
    open_door(s3)
    assert anybody().get_object(Bucket=LAKE, Key="a")["Body"].read() == b"a"


def test_an_acl_in_the_body_counts_as_one_in_the_headers(s3: Any) -> None:
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=LAKE, OwnershipControls=rules)
    everyone = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    grants = [{"Grantee": everyone, "Permission": "READ"}]
    said = {"Owner": s3.get_bucket_acl(Bucket=LAKE)["Owner"], "Grants": grants}
    with pytest.raises(ClientError, match="BlockPublicAcls"):
        s3.put_object_acl(Bucket=LAKE, Key="a", AccessControlPolicy=said)
    open_door(s3)
    s3.put_object_acl(Bucket=LAKE, Key="a", AccessControlPolicy=said)
    assert anybody().get_object(Bucket=LAKE, Key="a")["Body"].read() == b"a"


def test_a_presigned_url_is_good_until_its_time_is_over(sandbox: Sandbox, s3: Any) -> None:
    url = signed(60, "s3v4")
    sandbox.advance(seconds=59)
    assert requests.get(url, timeout=5).content == b"a"
    sandbox.advance(seconds=2)
    assert expired(requests.get(url, timeout=5))


def test_the_older_signature_names_its_end(s3: Any) -> None:
    assert requests.get(signed(60, "s3"), timeout=5).content == b"a"
    assert expired(requests.get(signed(-1, "s3"), timeout=5))


def test_what_a_key_of_kms_protects_is_opened_by_version_4_alone(s3: Any) -> None:
    open_door(s3)
    s3.put_bucket_policy(Bucket=LAKE, Policy=policy(Action="s3:*"))
    s3.put_object(Bucket=LAKE, Key="a", Body=b"a", ServerSideEncryption="aws:kms")
    assert requests.get(signed(60, "s3v4"), timeout=5).content == b"a"
    older = requests.get(signed(60, "s3"), timeout=5)
    assert (older.status_code, "require AWS Signature Version 4." in older.text) == (400, True)
    for refused in (
        lambda: anybody().get_object(Bucket=LAKE, Key="a"),
        lambda: anybody().put_object(Bucket=LAKE, Key="b", Body=b"b", ServerSideEncryption="aws:kms"),
    ):
        with pytest.raises(ClientError, match=r"InvalidArgument.*require AWS Signature Version 4"):
            refused()


def signed(seconds: int, version: str) -> str:
    signer = boto3.client("s3", config=Config(signature_version=version))
    asked = {"Bucket": LAKE, "Key": "a"}
    return str(signer.generate_presigned_url("get_object", asked, ExpiresIn=seconds))


def expired(answer: requests.Response) -> bool:
    said = "<Code>AccessDenied</Code><Message>Request has expired</Message>"
    return answer.status_code == 403 and said in answer.text


def test_a_url_cannot_be_good_for_more_than_a_week(s3: Any) -> None:
    answer = requests.get(signed(604_801, "s3v4"), timeout=5)
    assert "AuthorizationQueryParametersError" in answer.text
    assert "less than 604800 seconds" in answer.text


def test_who_signs_elsewhere_signs_by_the_machine_however_far_the_account_is_ahead() -> None:
    clock.run(timedelta(days=60))
    try:
        assert abs(clock.signing_now() - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        clock.reset()
