"""SSE-C: objects encrypted with a key that comes with each request and that S3 does not keep.

S3 stores a salted HMAC of the key to recognise it by, and since April 2026 takes such objects only where
the bucket's encryption configuration says BlockedEncryptionTypes NONE (S3 User Guide, "Blocking or
unblocking SSE-C"). Uploads in parts and copies under such keys are refused here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey

from offline.engines.s3.archive import Key

HEADER = "x-amz-server-side-encryption-customer-"
KEY_BYTES = 32


class CustomerKeyError(S3ClientError):
    """What is wrong with the key of a request."""


class SealedKey(Key):
    """An object under a customer's key."""

    seal: tuple[bytes, bytes]
    """Salt, and the HMAC of the key under it."""
    key_md5: str

    @property
    def response_dict(self) -> dict[str, Any]:
        return {
            **super().response_dict,
            f"{HEADER}algorithm": "AES256",
            f"{HEADER}key-MD5": self.key_md5,
        }


_WRITING: ContextVar[bytes | None] = ContextVar("customer_key", default=None)


def check(
    method: str, headers: Mapping[str, Any], query: Mapping[str, str], bucket: FakeBucket, key: str
) -> None:
    """Let a request pass that brings the right key, or none where none is due."""
    _WRITING.set(None)
    brought = _key_of(headers)
    if method in ("PUT", "POST") and brought:
        if not allows(bucket):
            raise CustomerKeyError(
                "AccessDenied",
                "Server-side encryption with customer-provided keys is blocked for this bucket",
            )
        if "uploads" in query or "uploadId" in query or headers.get("x-amz-copy-source"):
            raise CustomerKeyError(
                "NotImplemented", "SSE-C is offline for PutObject only, not for parts or copies"
            )
        _WRITING.set(brought)
    elif method in ("GET", "HEAD") and not set(query) - {"versionId", "partNumber", "response-content-type"}:
        _check_reading(brought, _found(bucket, key, query.get("versionId")))


def sealed(made: FakeKey) -> FakeKey:
    """The object just made, under the key of the request if it brought one."""
    key = _WRITING.get()
    if key is not None:
        made.__class__ = SealedKey
        assert isinstance(made, SealedKey)
        salt = os.urandom(16)
        made.seal, made.key_md5 = (salt, _proof(salt, key)), base64.b64encode(_md5(key)).decode()
        made.encryption = made.kms_key_id = made.bucket_key_enabled = None
    return made


def allows(bucket: FakeBucket) -> bool:
    rule = (bucket.encryption or {}).get("Rule") or {}
    blocked = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType")
    return "NONE" in (blocked if isinstance(blocked, list) else [blocked])


def _found(bucket: FakeBucket, key: str, version: str | None) -> Any:
    versions = bucket.keys.getlist(key, [])
    chosen = [one for one in versions if str(one.version_id) == version] if version else versions[-1:]
    return next(iter(chosen), None)


def _check_reading(brought: bytes | None, found: Any) -> None:
    if not isinstance(found, SealedKey):
        if brought and isinstance(found, FakeKey):
            raise CustomerKeyError(
                "InvalidRequest", "The encryption parameters are not applicable to this object."
            )
        return
    if brought is None:
        raise CustomerKeyError(
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be "
            "provided to retrieve the object.",
        )
    salt, proof = found.seal
    if not hmac.compare_digest(proof, _proof(salt, brought)):
        raise CustomerKeyError("AccessDenied", "Access Denied because of a wrong encryption key")


def _key_of(headers: Mapping[str, Any]) -> bytes | None:
    algorithm, text, md5 = (headers.get(f"{HEADER}{part}") for part in ("algorithm", "key", "key-MD5"))
    if not (algorithm or text or md5):
        return None
    if algorithm != "AES256":
        raise CustomerKeyError(
            "InvalidEncryptionAlgorithmError",
            f"The encryption request you specified is not valid: {algorithm}",
        )
    try:
        key = base64.b64decode(text or "", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise CustomerKeyError("InvalidArgument", "The secret key was invalid for the specified algorithm.")
    if base64.b64encode(_md5(key)).decode() != md5:
        raise CustomerKeyError(
            "InvalidArgument",
            "The calculated MD5 hash of the key did not match the hash that was provided.",
        )
    return key


def _proof(salt: bytes, key: bytes) -> bytes:
    return hmac.new(salt, key, hashlib.sha256).digest()


def _md5(key: bytes) -> bytes:
    return hashlib.md5(key, usedforsecurity=False).digest()
