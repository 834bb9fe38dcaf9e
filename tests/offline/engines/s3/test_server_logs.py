"""Amazon S3's server access logs: which lines there are, where they go, and who may write them."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from stacks.constructs.audit import REQUEST, line_pattern

LOGS, LAKE = "log-bucket", "lake"


def logged(principal: str = "logging.s3.amazonaws.com", **condition: Any) -> Any:
    """A bucket that logs into another one, which lets this principal write."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=LOGS)
    s3.create_bucket(Bucket=LAKE)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOGS}/access/*",
        **condition,
    }
    s3.put_bucket_policy(Bucket=LOGS, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    target = {"TargetBucket": LOGS, "TargetPrefix": "access/"}
    s3.put_bucket_logging(Bucket=LAKE, BucketLoggingStatus={"LoggingEnabled": target})
    return s3


def records(s3: Any) -> list[dict[str, str]]:
    """Every delivered line, field by field, as AWS's own pattern for Athena takes it apart."""
    found = s3.list_objects_v2(Bucket=LOGS).get("Contents", [])
    lines = [
        line
        for one in found
        for line in s3.get_object(Bucket=LOGS, Key=one["Key"])["Body"].read().decode().splitlines()
    ]
    taken = [re.fullmatch(line_pattern(), line) for line in lines]
    return [dict(zip(REQUEST, one.groups(), strict=True)) for one in taken if one is not None]


@pytest.mark.claim("c-1.3-028")
def test_every_request_is_a_line_an_hour_later(sandbox: Sandbox) -> None:
    s3 = logged()
    s3.put_object(Bucket=LAKE, Key="a b/ü", Body=b"12345")
    s3.get_object(Bucket=LAKE, Key="a b/ü")["Body"].read()
    s3.head_object(Bucket=LAKE, Key="a b/ü")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=LAKE, Key="none")
    s3.list_objects_v2(Bucket=LAKE, Prefix="a")
    s3.delete_objects(Bucket=LAKE, Delete={"Objects": [{"Key": "a b/ü"}]})
    s3.get_bucket_encryption(Bucket=LAKE)
    sandbox.advance(minutes=59)
    assert records(s3) == []
    sandbox.advance(minutes=1)
    found = records(s3)
    assert [(one["operation"], one["key"], one["httpstatus"], one["errorcode"]) for one in found] == [
        ("REST.PUT.LOGGING_STATUS", "-", "200", "-"),
        ("REST.PUT.OBJECT", "a%20b/%C3%BC", "200", "-"),
        ("REST.GET.OBJECT", "a%20b/%C3%BC", "200", "-"),
        ("REST.HEAD.OBJECT", "a%20b/%C3%BC", "200", "-"),
        ("REST.GET.OBJECT", "none", "404", "NoSuchKey"),
        ("REST.GET.BUCKET", "-", "200", "-"),
        ("REST.POST.MULTI_OBJECT_DELETE", "-", "200", "-"),
        ("BATCH.DELETE.OBJECT", "a%20b/%C3%BC", "204", "-"),
        ("REST.GET.ENCRYPTION", "-", "200", "-"),
    ]
    put, got, head = found[1:4]
    assert (put["objectsize"], got["bytessent"], got["objectsize"]) == ("5", "5", "5")
    assert head["bytessent"] == "-"
    assert got["request_uri"] == '"GET /a%20b/%C3%BC HTTP/1.1"'
    assert {one["requester"] for one in found} == {"arn:aws:iam::123456789012:root"}
    assert {one["tlsversion"] for one in found} == {"TLSv1.3"}


def test_a_line_tells_how_a_request_was_signed(sandbox: Sandbox) -> None:
    s3 = logged()
    s3.put_object(Bucket=LAKE, Key="a", Body=b"1")
    for version in ("s3", "s3v4"):
        signer = boto3.client("s3", config=Config(signature_version=version))
        url = signer.generate_presigned_url("get_object", {"Bucket": LAKE, "Key": "a"})
        assert requests.get(url, timeout=5).content == b"1"
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client("s3", config=Config(signature_version=UNSIGNED)).get_object(Bucket=LAKE, Key="a")
    sandbox.advance(hours=1)
    assert [(one["sigv"], one["authtype"]) for one in records(s3)][1:] == [
        ("SigV4", "AuthHeader"),
        ("SigV2", "QueryString"),
        ("SigV4", "QueryString"),
        ("-", "-"),
    ]


def test_parts_of_an_upload_have_names_of_their_own(sandbox: Sandbox) -> None:
    s3 = logged()
    upload = s3.create_multipart_upload(Bucket=LAKE, Key="big")["UploadId"]
    of = {"Bucket": LAKE, "Key": "big", "UploadId": upload}
    part = s3.upload_part(**of, PartNumber=1, Body=b"1")
    s3.list_parts(**of)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**of, MultipartUpload=parts)
    s3.copy_object(Bucket=LAKE, Key="copy", CopySource={"Bucket": LAKE, "Key": "big"})
    sandbox.advance(hours=1)
    assert [one["operation"] for one in records(s3)][1:] == [
        "REST.POST.UPLOADS",
        "REST.PUT.PART",
        "REST.GET.UPLOAD",
        "REST.POST.UPLOAD",
        "REST.COPY.OBJECT",
    ]


@pytest.mark.parametrize(
    "policy",
    [
        {"principal": "cloudtrail.amazonaws.com"},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}},
    ],
)
def test_a_bucket_that_does_not_let_the_logging_service_write_gets_nothing(
    sandbox: Sandbox, policy: dict[str, Any]
) -> None:
    s3 = logged(**policy)
    sandbox.advance(hours=1)
    assert records(s3) == []


def test_a_bucket_that_encrypts_with_kms_gets_nothing(sandbox: Sandbox) -> None:
    s3 = logged()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=LOGS, ServerSideEncryptionConfiguration={"Rules": [rule]})
    sandbox.advance(hours=1)
    assert records(s3) == []


def test_a_bucket_that_does_not_log_has_no_lines(sandbox: Sandbox) -> None:
    s3 = logged()
    s3.put_bucket_logging(Bucket=LAKE, BucketLoggingStatus={})
    s3.put_object(Bucket=LAKE, Key="a", Body=b"1")
    sandbox.advance(hours=2)
    assert "REST.PUT.OBJECT" not in {one["operation"] for one in records(s3)}


def test_a_preflight_is_a_line_too(sandbox: Sandbox) -> None:
    s3 = logged()
    requests.options(f"https://{LAKE}.s3.amazonaws.com/a", headers={"Origin": "https://a"}, timeout=9)
    sandbox.advance(hours=1)
    [line] = [one for one in records(s3) if one["operation"] == "REST.OPTIONS.PREFLIGHT"]
    assert (line["key"], line["httpstatus"], line["errorcode"]) == ("a", "403", "AccessForbidden")
