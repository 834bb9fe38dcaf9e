"""The doors by which other people's buckets were emptied, tried on the lake; and the one meant for guests.

Whatever is let through is taken back at once, and opens no more than one object of the step's own.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal, holds
from labs.security.encryption import FOLDER, TEXT, refusal

SECONDS = 5
"""How long the presigned URL is good."""
EXPIRED = "Request has expired"


def try_doors(context: Context) -> Evidence:
    """ACLs, a public policy and no signature open nothing; a presigned URL opens one object, for its time."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    name = f"{FOLDER}door-{uuid4().hex[:8]}"
    s3.put_object(Bucket=bucket, Key=name, Body=TEXT)
    try:
        parts = [*_acls(s3, bucket, name), *_everybody(context, bucket, name), *_guest(context, bucket, name)]
    finally:
        _forget(s3, bucket, name)
    return Evidence(
        figures={"doors": len(parts)},
        table=Table(["door", "tried", "S3 says"], [row for row, _ in parts]),
        checks=[check for _, checks in parts for check in checks],
    )


Part = tuple[list[str], list[Check]]


def _acls(s3: Any, bucket: str, name: str) -> list[Part]:
    """The owner's policies are the only word: nothing of the bucket takes an ACL."""
    of_object = refusal(lambda: s3.put_object(Bucket=bucket, Key=name, Body=TEXT, ACL="public-read"))
    of_bucket = refusal(lambda: s3.put_bucket_acl(Bucket=bucket, ACL="public-read"))
    if not of_bucket:
        s3.put_bucket_acl(Bucket=bucket, ACL="private")
    return [
        (
            ["ACL", f"{what} that everybody may read", said or "done"],
            [equal(f"{what} takes no ACL", said, "AccessControlListNotSupported")],
        )
        for what, said in (("an object", of_object), ("the bucket", of_bucket))
    ]


def _everybody(context: Context, bucket: str, name: str) -> list[Part]:
    """A policy for everybody is not taken, and who signs nothing is nobody."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    s3 = context.client("s3")
    nobody = boto3.client("s3", region_name=context.region, config=Config(signature_version=UNSIGNED))
    before = _policy(s3, bucket)
    statement = {
        "Sid": "Everybody",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/{name}",
    }
    wider = json.dumps({**before, "Statement": [*before["Statement"], statement]})
    policy = refusal(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=wider))
    if not policy:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(before))
    read = refusal(lambda: nobody.get_object(Bucket=bucket, Key=name))
    return [
        (
            ["policy", "one more statement, for everybody", policy or "done"],
            [
                equal("a public policy is blocked", policy, "AccessDenied"),
                equal("the policy is the one it was", _policy(s3, bucket), before),
            ],
        ),
        (
            ["no signature", "GetObject", read or "done"],
            [equal("who signs nothing reads nothing", read, "AccessDenied")],
        ),
    ]


def _policy(s3: Any, bucket: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    return found


def _guest(context: Context, bucket: str, name: str) -> list[Part]:
    """Whoever holds a presigned URL reads as its signer; KMS wants the signature to be of version 4."""
    old, new = (_presigned(context, bucket, name, version) for version in ("s3", "s3v4"))
    status, text = _got(new)
    older, _ = _got(old)
    end, _ = context.until(
        lambda: _got(new),
        lambda got: EXPIRED in got[1].decode(),
        every=1,
        at_most=600,
        what=f"the presigned URL was good for {SECONDS} seconds",
    )
    return [
        (
            ["presigned URL", f"within its {SECONDS} seconds", str(status)],
            [holds("a presigned URL opens its object to who signs nothing", text == TEXT, status, 200)],
        ),
        (
            ["presigned URL", "signed the old way", str(older)],
            [equal("the older signature opens nothing under a key of KMS", older, 400)],
        ),
        (
            ["presigned URL", "when its time is over", f"{end} {EXPIRED}"],
            [equal("a presigned URL ends", end, 403)],
        ),
    ]


def _presigned(context: Context, bucket: str, name: str, version: str) -> str:
    """A URL of the region's own endpoint: the global one may answer a new bucket's with a redirection."""
    import boto3
    from botocore.config import Config

    signer = boto3.client(
        "s3",
        region_name=context.region,
        endpoint_url=context.client("s3").meta.endpoint_url,
        config=Config(signature_version=version),
    )
    asked = {"Bucket": bucket, "Key": name}
    return str(signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=SECONDS))


def _got(url: str) -> tuple[int, bytes]:
    import requests

    answer = requests.get(url, timeout=30)
    return answer.status_code, answer.content


def _forget(s3: Any, bucket: str, name: str) -> None:
    """Remove every version of an object: one with an ACL would stay open behind a delete marker."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=name)
    for version in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
