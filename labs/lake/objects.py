"""Try, against the lake itself, what S3 guards: tags, keys, checksums, parts of an upload, conditions."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

from facts import limits
from labs.account import empty_bucket
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal
from labs.objects import body, listed

PREFIX = "lab/lake/objects/"


def try_the_guards(context: Context) -> Evidence:
    """Ten tags, 1,024 bytes of key, the right checksum and the version you saw: anything else is refused."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    tried = [try_it(s3, bucket) for try_it in (_prefixes, _tags, _keys, _checksums, _multipart, _conditional)]
    empty_bucket(s3, bucket, PREFIX)
    rows = [row for found, _ in tried for row in found]
    checks = [check for _, found in tried for check in found]
    return Evidence(
        figures={"tried": len(rows), "refused": sum(row[2] != "done" for row in rows)},
        table=Table(["guard", "tried", "S3 says"], rows),
        checks=[*checks, equal("nothing of it is left in the lake", len(listed(s3, bucket, PREFIX)), 0)],
    )


Tried = tuple[list[list[str]], list[Check]]


def said(call: Callable[[], Any]) -> str:
    """`done`, or the code of S3's error."""
    from botocore.exceptions import ClientError

    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def _expecting(guard: str, *tries: tuple[str, Callable[[], Any], str]) -> Tried:
    """What S3 said to each try, and a check that it was what it should say."""
    answers = [(tried, said(call), due) for tried, call, due in tries]
    return (
        [[guard, tried, answer] for tried, answer, _ in answers],
        [equal(f"{guard}: {tried}: {due}", answer, due) for tried, answer, due in answers],
    )


def _prefixes(s3: Any, bucket: str) -> Tried:
    """Folders are what a listing makes of keys."""
    for name in ("a/1", "a/2", "b/3"):
        s3.put_object(Bucket=bucket, Key=f"{PREFIX}{name}", Body=b"")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX, Delimiter="/")
    folders = [one["Prefix"].removeprefix(PREFIX) for one in found.get("CommonPrefixes", [])]
    statement = "prefix: three keys show as two folders, though no folder was made"
    return [["prefix", "list by /", " ".join(folders)]], [equal(statement, folders, ["a/", "b/"])]


def _tags(s3: Any, bucket: str) -> Tried:
    key, most = f"{PREFIX}tagged", int(limits.number("s3-object-tags"))
    s3.put_object(Bucket=bucket, Key=key, Body=b"")

    def tag(count: int) -> Callable[[], Any]:
        tags = [{"Key": f"tag-{n}", "Value": "x"} for n in range(count)]
        return lambda: s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tags})

    return _expecting(
        "tags", (f"{most} tags", tag(most), "done"), (f"{most + 1} tags", tag(most + 1), "BadRequest")
    )


def _keys(s3: Any, bucket: str) -> Tried:
    most = int(limits.number("s3-key-bytes-highest"))

    def put(length: int) -> Callable[[], Any]:
        return lambda: s3.put_object(Bucket=bucket, Key=PREFIX.ljust(length, "k"), Body=b"")

    return _expecting(
        "key",
        (f"{most:,} bytes", put(most), "done"),
        (f"{most + 1:,} bytes", put(most + 1), "KeyTooLongError"),
    )


def _checksums(s3: Any, bucket: str) -> Tried:
    data = b"what was measured"
    right = {
        "ChecksumCRC32": encoded(zlib.crc32(data).to_bytes(4, "big")),
        "ChecksumSHA256": encoded(hashlib.sha256(data).digest()),
    }

    def put(sent: bytes, name: str) -> Callable[[], Any]:
        return lambda: s3.put_object(Bucket=bucket, Key=f"{PREFIX}sum", Body=sent, **{name: right[name]})

    return _expecting(
        "checksum",
        *((f"{name} of the body", put(data, name), "done") for name in right),
        *((f"{name} of another body", put(b"what was not", name), "BadDigest") for name in right),
    )


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _multipart(s3: Any, bucket: str) -> Tried:
    """An object in two parts comes back whole, with the checksum of its parts' checksums."""
    key = f"{PREFIX}large"
    parts = [b"0" * int(limits.number("s3-part-bytes-lowest")), b"the rest"]
    upload(s3, bucket, key, parts)
    head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    due = encoded(hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest())
    rows, checks = _expecting(
        "parts", ("a first part of 8 bytes", lambda: upload(s3, bucket, key, parts[::-1]), "EntityTooSmall")
    )
    return [["parts", f"{len(parts)} parts", "done"], *rows], [
        equal("parts: what comes back is what was sent", body(s3, bucket, key) == b"".join(parts), True),
        equal(
            "parts: the checksum is that of the parts' checksums",
            head.get("ChecksumSHA256", "").partition("-")[0],
            due,
        ),
        *checks,
    ]


def upload(s3: Any, bucket: str, key: str, parts: list[bytes]) -> None:
    """An object in parts, each with its own checksum; an upload that fails is aborted."""
    from botocore.exceptions import ClientError

    named = {"Bucket": bucket, "Key": key}
    started = s3.create_multipart_upload(**named, ChecksumAlgorithm="SHA256")
    named["UploadId"] = started["UploadId"]
    done = []
    try:
        for number, part in enumerate(parts, start=1):
            digest = {"ChecksumSHA256": encoded(hashlib.sha256(part).digest())}
            answer = s3.upload_part(**named, PartNumber=number, Body=part, **digest)
            done.append({"PartNumber": number, "ETag": answer["ETag"], **digest})
        s3.complete_multipart_upload(**named, MultipartUpload={"Parts": done})
    except ClientError:
        s3.abort_multipart_upload(**named)
        raise


def _conditional(s3: Any, bucket: str) -> Tried:
    """Two writers of one key: the second does not overwrite what it has not seen."""
    key = f"{PREFIX}once"
    etag = s3.put_object(Bucket=bucket, Key=key, Body=b"first", IfNoneMatch="*")["ETag"]

    def put(**condition: str) -> Callable[[], Any]:
        return lambda: s3.put_object(Bucket=bucket, Key=key, Body=b"second", **condition)

    rows, checks = _expecting(
        "condition",
        ("If-None-Match: * where an object is", put(IfNoneMatch="*"), "PreconditionFailed"),
        ("If-Match with another ETag", put(IfMatch='"0"'), "PreconditionFailed"),
        ("If-Match with the ETag seen", put(IfMatch=etag), "done"),
    )
    return rows, [
        *checks,
        equal("condition: the last write that was let through stands", body(s3, bucket, key), b"second"),
    ]
