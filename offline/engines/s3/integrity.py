"""What S3 checks of a request before it keeps anything: the key's length, the tags, the body's checksum."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping

from moto.s3.exceptions import BadRequest, S3ClientError

from facts import limits

CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda body: binascii.crc32(body).to_bytes(4, "big"),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}
"""What can be computed here without a package of its own."""
ALGORITHMS = (*CHECKSUMS, "CRC32C", "CRC64NVME")
TRAILER = re.compile(rb"x-amz-checksum-(\w+):([A-Za-z0-9+/]+={0,2})\s*$")


class KeyTooLongError(S3ClientError):
    """A key of more bytes than S3 keeps."""

    code = "KeyTooLongError"

    def __init__(self) -> None:
        super().__init__("Your key is too long")


class BadDigestError(S3ClientError):
    """The body is not what the checksum is of."""

    code = "BadDigest"

    def __init__(self, algorithm: str) -> None:
        super().__init__(f"The {algorithm} you specified did not match the calculated checksum.")


class NotImplementedHereError(S3ClientError):
    """Something that S3 would do and this engine cannot."""

    code = "NotImplemented"


def check_key(name: str) -> None:
    """A key has at most 1,024 bytes of UTF-8."""
    if len(name.encode()) > limits.number("s3-key-bytes-highest"):
        raise KeyTooLongError


def check_tags(tags: dict[str, str]) -> None:
    """An object has at most ten tags."""
    most = int(limits.number("s3-object-tags"))
    if len(tags) > most:
        raise BadRequest(f"Object tags cannot be greater than {most}")


def stated(headers: Mapping[str, str], raw: bytes) -> tuple[str, str | None]:
    """The algorithm of a request's checksum and its value, from a header or from behind the body."""
    for algorithm in ALGORITHMS:
        if value := headers.get(f"x-amz-checksum-{algorithm.lower()}"):
            return algorithm, value
    if headers.get("x-amz-trailer") and (found := TRAILER.search(raw)):
        return found.group(1).decode().upper(), found.group(2).decode()
    return headers.get("x-amz-sdk-checksum-algorithm", "").upper(), None


def checked(body: bytes, algorithm: str, value: str | None) -> str:
    """The body's checksum, which is the one that was stated if one was."""
    if algorithm not in CHECKSUMS:
        raise NotImplementedHereError(
            f"got checksum algorithm {algorithm}, which cannot be verified offline; use one of "
            f"{', '.join(CHECKSUMS)}"
        )
    found = base64.b64encode(CHECKSUMS[algorithm](body)).decode()
    if value not in (None, found):
        raise BadDigestError(algorithm)
    return found


def check_md5(body: bytes, stated: str | None) -> None:
    """The same of Content-MD5."""
    found = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if stated is not None and found != stated:
        raise BadDigestError("Content-MD5")
