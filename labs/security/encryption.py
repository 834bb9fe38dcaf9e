"""One text under each of the four methods: who encrypts, with whose key, and what opens it again.

Where a method is refused, that is shown: the lake takes SSE-KMS only, and a bucket made today takes no
SSE-C until its owner allows it. For that one, and for SSE-S3, the step makes a bucket and removes it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal
from labs.objects import listed

TEXT = b"The quick brown fox jumps over the lazy dog. " * 20
FOLDER = "lab/security/"


def four_methods(context: Context) -> Evidence:
    """SSE-S3, SSE-KMS, SSE-C and client-side: put, get, and fail where the key is missing or wrong."""
    s3, lake, key = (
        context.client("s3"),
        context.output("lake", "LakeBucketName"),
        context.output("lake", "KeyArn"),
    )
    with scratch_bucket(context) as scratch:
        parts = [
            _sse_s3(s3, scratch),
            _sse_kms(s3, lake, key),
            _sse_c(s3, lake, scratch),
            _client_side(context, lake, key),
        ]
    empty(s3, lake, FOLDER)
    return Evidence(
        figures={"methods": len(parts), "bytes of text": len(TEXT)},
        table=Table(
            ["method", "who encrypts", "whose key", "what HeadObject says"], [row for row, _ in parts]
        ),
        checks=[check for _, checks in parts for check in checks],
    )


Part = tuple[list[Any], list[Check]]


def _sse_s3(s3: Any, bucket: str) -> Part:
    name = f"{FOLDER}sse-s3"
    s3.put_object(Bucket=bucket, Key=name, Body=TEXT, ServerSideEncryption="AES256")
    head = s3.head_object(Bucket=bucket, Key=name)
    row = ["SSE-S3", "Amazon S3", "Amazon S3's", head.get("ServerSideEncryption", "nothing")]
    return row, [
        equal("SSE-S3: HeadObject says AES256", head.get("ServerSideEncryption"), "AES256"),
        equal("SSE-S3: the text comes back", _read(s3, bucket, name), TEXT),
    ]


def _sse_kms(s3: Any, bucket: str, key: str) -> Part:
    name = f"{FOLDER}sse-kms"
    s3.put_object(Bucket=bucket, Key=name, Body=TEXT, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    head = s3.head_object(Bucket=bucket, Key=name)
    row = [
        "SSE-KMS",
        "Amazon S3, by AWS KMS",
        "the account's, with its policy",
        head.get("ServerSideEncryption"),
    ]
    return row, [
        equal("SSE-KMS: HeadObject names the lake's key", head.get("SSEKMSKeyId"), key),
        equal("SSE-KMS: the text comes back to who may decrypt", _read(s3, bucket, name), TEXT),
    ]


def _sse_c(s3: Any, lake: str, bucket: str) -> Part:
    name, mine, other = f"{FOLDER}sse-c", customer_key(), customer_key()
    blocked = refusal(lambda: s3.put_object(Bucket=lake, Key=name, Body=TEXT, **mine))
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key=name, Body=TEXT, **mine)
    head = s3.head_object(Bucket=bucket, Key=name, **mine)
    row = [
        "SSE-C",
        "Amazon S3",
        "the caller's, sent with each request",
        f"customer {head.get('SSECustomerAlgorithm')}",
    ]
    return row, [
        equal("SSE-C: a bucket that nobody opened to it refuses it", blocked, "AccessDenied"),
        equal("SSE-C: the text comes back with the key", _read(s3, bucket, name, **mine), TEXT),
        equal(
            "SSE-C: without the key there is nothing to read",
            refusal(lambda: s3.get_object(Bucket=bucket, Key=name)),
            "InvalidRequest",
        ),
        equal(
            "SSE-C: another key does not open it",
            refusal(lambda: s3.get_object(Bucket=bucket, Key=name, **other)),
            "AccessDenied",
        ),
    ]


def _client_side(context: Context, bucket: str, key: str) -> Part:
    """The AWS Encryption SDK: a data key from KMS encrypts here, and S3 only ever sees what comes out."""
    import aws_encryption_sdk
    from aws_encryption_sdk.identifiers import CommitmentPolicy

    s3, name = context.client("s3"), f"{FOLDER}client-side"
    sdk = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    provider = _master_key(key)
    sealed, _ = sdk.encrypt(source=TEXT, key_provider=provider, encryption_context={"lab": "security"})
    s3.put_object(Bucket=bucket, Key=name, Body=sealed)
    stored = _read(s3, bucket, name)
    opened, header = sdk.decrypt(source=stored, key_provider=provider)
    spoiled = stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:]
    row = [
        "client-side",
        "the caller, before it is sent",
        "a data key, sealed by the account's",
        "as SSE-KMS, around it",
    ]
    return row, [
        equal("client-side: what S3 holds does not contain the text", TEXT[:40] in stored, False),
        equal("client-side: the text comes back to who may decrypt", opened, TEXT),
        equal(
            "client-side: the context it was sealed with is told",
            header.encryption_context.get("lab"),
            "security",
        ),
        equal("client-side: one changed bit is noticed", _opens(sdk, provider, spoiled), False),
    ]


def _master_key(key: str) -> Any:
    import aws_encryption_sdk
    import botocore.session

    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(
        key_ids=[key], botocore_session=botocore.session.get_session()
    )


def _opens(sdk: Any, provider: Any, sealed: bytes) -> bool:
    from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
    from cryptography.exceptions import InvalidSignature, InvalidTag

    # The library logs what it also raises.
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)
    try:
        sdk.decrypt(source=sealed, key_provider=provider)
    except (AWSEncryptionSDKClientError, InvalidSignature, InvalidTag):
        return False
    return True


def old_and_new(context: Context) -> Evidence:
    """The old way denies what asks for too little, the new way has a default; the lake has both."""
    s3, lake = context.client("s3"), context.output("lake", "LakeBucketName")
    rows = [[asked, _asked(s3, lake, asked)] for asked in ("", "aws:kms", "AES256")]
    empty(s3, lake, FOLDER)

    return Evidence(
        table=Table(["the request asks for", "it gets"], [[asked or "nothing", got] for asked, got in rows]),
        checks=[
            equal("new way: a request that names none gets the default", rows[0][1], "aws:kms"),
            equal("what asks for the default gets it", rows[1][1], "aws:kms"),
            equal("old way: what asks for less is denied", rows[2][1], "AccessDenied"),
        ],
    )


def _asked(s3: Any, bucket: str, encryption: str) -> str:
    """What becomes of a PutObject that asks for an encryption: the one it gets, or the refusal."""
    name, header = f"{FOLDER}asked", {"ServerSideEncryption": encryption} if encryption else {}
    refused = refusal(lambda: s3.put_object(Bucket=bucket, Key=name, Body=TEXT, **header))
    return refused or str(s3.head_object(Bucket=bucket, Key=name)["ServerSideEncryption"])


def customer_key() -> dict[str, Any]:
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}


def refusal(call: Callable[[], Any]) -> str:
    """The code of the error that a call ends with; empty where it succeeds."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@contextmanager
def scratch_bucket(context: Context) -> Iterator[str]:
    """A bucket that is gone afterwards, whatever happens."""
    s3, name = context.client("s3"), f"{context.prefix}-security-{uuid4().hex[:12]}"
    place = {} if context.region == "us-east-1" else {"LocationConstraint": context.region}
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
    try:
        yield name
    finally:
        empty(s3, name, "")
        s3.delete_bucket(Bucket=name)


def empty(s3: Any, bucket: str, prefix: str) -> None:
    """Delete the objects under a prefix; in a versioned bucket their versions go by its lifecycle rules."""
    for item in listed(s3, bucket, prefix):
        s3.delete_object(Bucket=bucket, Key=item["Key"])


def _read(s3: Any, bucket: str, name: str, **key: Any) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=name, **key)["Body"].read()
    return body
