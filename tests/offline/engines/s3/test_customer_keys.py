"""SSE-C: blocked unless a bucket allows it, and then nobody reads without the key."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox

KEY, OTHER = b"k" * 32, b"o" * 32


def with_key(key: bytes) -> dict[str, Any]:
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def allow(s3: Any) -> None:
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    s3.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration={"Rules": [rule]})


def test_a_new_bucket_takes_no_object_under_a_customers_key(s3: Any) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied.*customer-provided keys is blocked"):
        s3.put_object(Bucket="lake", Key="a", Body=b"a", **with_key(KEY))


def test_only_the_key_opens_the_object(s3: Any) -> None:
    allow(s3)
    made = s3.put_object(Bucket="lake", Key="a", Body=b"secret", **with_key(KEY))
    assert made["SSECustomerAlgorithm"] == "AES256"
    assert made["SSECustomerKeyMD5"] == base64.b64encode(hashlib.md5(KEY).digest()).decode()
    read = s3.get_object(Bucket="lake", Key="a", **with_key(KEY))
    assert (read["Body"].read(), read.get("ServerSideEncryption")) == (b"secret", None)
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.get_object(Bucket="lake", Key="a")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="lake", Key="a", **with_key(OTHER))
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.head_object(Bucket="lake", Key="a")


def test_a_key_where_none_is_due_is_refused(s3: Any) -> None:
    s3.put_object(Bucket="lake", Key="plain", Body=b"a")
    with pytest.raises(ClientError, match="not applicable"):
        s3.get_object(Bucket="lake", Key="plain", **with_key(KEY))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"short"}, "secret key was invalid"),
        ({"SSECustomerAlgorithm": "DES", "SSECustomerKey": KEY}, "InvalidEncryptionAlgorithmError"),
    ],
)
def test_refuses_what_is_no_key(s3: Any, key: dict[str, Any], said: str) -> None:
    allow(s3)
    with pytest.raises(ClientError, match=said):
        s3.put_object(Bucket="lake", Key="a", Body=b"a", **key)


def test_refuses_parts_and_copies_under_such_a_key(s3: Any) -> None:
    allow(s3)
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.create_multipart_upload(Bucket="lake", Key="a", **with_key(KEY))
