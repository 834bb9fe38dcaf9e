"""Who is let in that nobody named: public policies and ACLs, Block Public Access, and ACLs that are off.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public", and
"Controlling ownership of objects and disabling ACLs". New buckets block all of it and take no ACLs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import OWNER, FakeAcl, FakeBucket, PublicAccessBlock

from facts import limits

FIXING = (
    *("aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner"),
    *("aws:sourceaccount", "aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:userid"),
    *("s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
)
"""Condition keys by which a policy names somebody after all, where their values are fixed."""
ANYWHERE = ("0.0.0.0/0", "::/0")
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
OWNER_ALONE = "BucketOwnerEnforced"
"""Of a bucket whose objects have no ACLs."""
ALLOWED_ACL = "bucket-owner-full-control"


class AccessControlListNotSupportedError(S3ClientError):
    """An ACL for what has none."""

    code = "AccessControlListNotSupported"

    def __init__(self) -> None:
        super().__init__("The bucket does not allow ACLs")


class InvalidBucketAclWithObjectOwnershipError(S3ClientError):
    """A new bucket cannot have what its ownership rules out."""

    code = "InvalidBucketAclWithObjectOwnership"

    def __init__(self) -> None:
        super().__init__("Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")


def close(bucket: FakeBucket) -> None:
    """Make a new bucket as closed as AWS makes it."""
    bucket.ownership_rule = limits.value("s3-object-ownership-default")
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)


def is_public(policy: str | bytes) -> bool:
    """Whether a bucket policy lets somebody in whom it does not name.

    >>> is_public('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}')
    True
    """
    statements = json.loads(policy).get("Statement") or []
    found = statements if isinstance(statements, list) else [statements]
    return any(_lets_anybody(one) for one in found if one.get("Effect") == "Allow")


def _lets_anybody(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    everyone = named == "*" or (isinstance(named, list) and "*" in named) or "NotPrincipal" in statement
    return everyone and not any(
        _fixes(operator, key, values)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    )


def _fixes(operator: str, key: str, values: Any) -> bool:
    """Whether a condition holds for some fixed callers or ways alone."""
    kind = operator.lower().removeprefix("forallvalues:").removeprefix("foranyvalue:")
    if kind.startswith(("null", "bool", "numeric", "date")) or "not" in kind or kind.endswith("ifexists"):
        return False
    listed = [str(value) for value in (values if isinstance(values, list) else [values])]
    if key.lower() not in FIXING:
        return False
    return not any("*" in value or "?" in value or "${" in value or value in ANYWHERE for value in listed)


def blocked(who: str, action: str, resource: str, what: str, setting: str) -> str:
    """What S3 says of a request that Block Public Access refuses."""
    return (
        f"User: {who} is not authorized to perform: {action} on resource: {resource} because {what} "
        f"blocked by the {setting} block public access setting."
    )


def blocks_policy(bucket: FakeBucket, policy: str | bytes) -> bool:
    """Whether a bucket takes no such policy."""
    block = bucket.public_access_block
    return bool(block and block.block_public_policy and is_public(policy))


def is_restricted(bucket: FakeBucket) -> bool:
    """Whether a bucket's public policy lets in its own account alone."""
    block = bucket.public_access_block
    if not block or not block.restrict_public_buckets or not bucket.policy:
        return False
    return is_public(bucket.policy)


def check_acl(bucket: FakeBucket, headers: Mapping[str, str], acl: FakeAcl | None) -> bool:
    """Whether Block Public Access lets an ACL be set; where the bucket has none, it is refused.

    `headers`, by small names, may ask for one; `acl` is what the body of a PutBucketAcl or PutObjectAcl says.
    """
    canned = headers.get("x-amz-acl")
    granted = any(name.startswith("x-amz-grant-") for name in headers)
    stated = acl is not None and not _is_the_owners(acl)
    asked = granted or stated or canned not in (None, ALLOWED_ACL)
    if asked and bucket.ownership_rule == OWNER_ALONE:
        raise AccessControlListNotSupportedError
    block = bucket.public_access_block
    if not block or not block.block_public_acls:
        return True
    groups = " ".join(value for name, value in headers.items() if name.startswith("x-amz-grant-"))
    public = canned in PUBLIC_ACLS or "global/AllUsers" in groups or "global/AuthenticatedUsers" in groups
    return not (public or (acl is not None and acl.public_read))


def _is_the_owners(acl: FakeAcl) -> bool:
    """Whether an ACL says of the owner what holds without any."""
    grants = [(grantee.id, grant.permissions) for grant in acl.grants for grantee in grant.grantees]
    return all(id == OWNER and permissions == ["FULL_CONTROL"] for id, permissions in grants)


def check_new(headers: Mapping[str, str]) -> None:
    """A bucket is made with an ACL only where its ownership has ACLs."""
    canned = headers.get("x-amz-acl")
    ownership = headers.get("x-amz-object-ownership") or OWNER_ALONE
    if ownership == OWNER_ALONE and canned not in (None, "private", ALLOWED_ACL):
        raise InvalidBucketAclWithObjectOwnershipError
