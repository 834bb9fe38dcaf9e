"""What S3 refuses before it keeps anything."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox

PART = b"p" * 5 * 1024**2


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def error_of(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket="lake").get("Contents", [])]


def test_refuses_a_key_of_more_than_1024_bytes(s3: Any) -> None:
    s3.put_object(Bucket="lake", Key="k" * 1024, Body=b"")
    assert error_of(lambda: s3.put_object(Bucket="lake", Key="k" * 1025, Body=b"")) == (
        "KeyTooLongError",
        400,
    )
    umlauts = "ä" * 513
    assert error_of(lambda: s3.put_object(Bucket="lake", Key=umlauts, Body=b"")) == ("KeyTooLongError", 400)
    assert keys(s3) == ["k" * 1024]


def test_refuses_eleven_tags_and_keeps_nothing_of_the_object(s3: Any) -> None:
    tagging = "&".join(f"k{n}=v" for n in range(11))
    refused = error_of(lambda: s3.put_object(Bucket="lake", Key="a", Body=b"", Tagging=tagging))
    assert refused == ("BadRequest", 400)
    assert keys(s3) == []


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("ChecksumSHA256", lambda body: hashlib.sha256(body).digest()),
        ("ChecksumSHA1", lambda body: hashlib.sha1(body).digest()),
        ("ChecksumCRC32", lambda body: zlib.crc32(body).to_bytes(4, "big")),
        ("ContentMD5", lambda body: hashlib.md5(body).digest()),
    ],
)
def test_refuses_a_body_that_is_not_what_its_checksum_is_of(
    s3: Any, name: str, digest: Callable[[bytes], bytes]
) -> None:
    right = base64.b64encode(digest(b"body")).decode()
    s3.put_object(Bucket="lake", Key="a", Body=b"body", **{name: right})
    if name != "ContentMD5":
        head = s3.head_object(Bucket="lake", Key="a", ChecksumMode="ENABLED")
        assert head[name] == right
    wrong = error_of(lambda: s3.put_object(Bucket="lake", Key="b", Body=b"other", **{name: right}))
    assert wrong == ("BadDigest", 400)
    assert keys(s3) == ["a"]


def test_refuses_a_checksum_that_it_could_not_verify(s3: Any) -> None:
    body = {"Bucket": "lake", "Key": "a", "Body": b"body", "ChecksumCRC32C": "AAAAAA=="}
    assert error_of(lambda: s3.put_object(**body))[0] == "NotImplemented"


def upload(s3: Any, parts: list[bytes], **completed: Any) -> Any:
    started = s3.create_multipart_upload(Bucket="lake", Key="big", ChecksumAlgorithm="SHA256")
    named = {"Bucket": "lake", "Key": "big", "UploadId": started["UploadId"]}
    done = []
    for number, body in enumerate(parts, start=1):
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        answer = s3.upload_part(**named, PartNumber=number, Body=body, ChecksumSHA256=digest)
        done.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": digest})
    return s3.complete_multipart_upload(**named, MultipartUpload={"Parts": done}, **completed)


def test_the_checksum_of_an_upload_is_the_checksum_of_its_parts_checksums(s3: Any) -> None:
    upload(s3, [PART, b"end"])
    digests = b"".join(hashlib.sha256(part).digest() for part in (PART, b"end"))
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
    found = s3.get_object(Bucket="lake", Key="big", ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == expected
    assert found["Body"].read() == PART + b"end"


def test_refuses_a_part_that_is_too_small_or_not_what_its_checksum_is_of(s3: Any) -> None:
    assert error_of(lambda: upload(s3, [b"small", b"end"])) == ("EntityTooSmall", 400)
    started = s3.create_multipart_upload(Bucket="lake", Key="big", ChecksumAlgorithm="SHA256")
    part = {"Bucket": "lake", "Key": "big", "UploadId": started["UploadId"], "PartNumber": 1}
    digest = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    wrong = error_of(lambda: s3.upload_part(**part, Body=b"two", ChecksumSHA256=digest))
    assert wrong == ("BadDigest", 400)


def test_a_conditional_write_does_not_overwrite(s3: Any) -> None:
    first = s3.put_object(Bucket="lake", Key="a", Body=b"1", IfNoneMatch="*")
    again = {"Bucket": "lake", "Key": "a", "Body": b"2"}
    assert error_of(lambda: s3.put_object(**again, IfNoneMatch="*")) == ("PreconditionFailed", 412)
    assert error_of(lambda: s3.put_object(**again, IfMatch='"other"')) == ("PreconditionFailed", 412)
    s3.put_object(**again, IfMatch=first["ETag"])
    assert s3.get_object(Bucket="lake", Key="a")["Body"].read() == b"2"
    assert error_of(lambda: s3.put_object(Bucket="lake", Key="b", Body=b"", IfMatch="x")) == (
        "NoSuchKey",
        404,
    )


def test_a_conditional_upload_does_not_overwrite(s3: Any) -> None:
    first = upload(s3, [b"1"], IfNoneMatch="*")
    assert error_of(lambda: upload(s3, [b"2"], IfNoneMatch="*")) == ("PreconditionFailed", 412)
    assert error_of(lambda: upload(s3, [b"2"], IfMatch='"other"')) == ("PreconditionFailed", 412)
    upload(s3, [b"2"], IfMatch=first["ETag"])
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == b"2"
