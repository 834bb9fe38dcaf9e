"""Play Amazon S3: default encryption and bucket policies as AWS applies them, on moto's object store.

moto ignores the conditions of a bucket policy and does not encrypt by default; both are mended
here. Requests that arrive over the loopback endpoint count as TLS: it stands for AWS's own.
Object contents lie unencrypted in this process's memory; the headers say what AWS would store.
"""

from __future__ import annotations

import json
from typing import Any

from moto.s3 import urls as moto_urls
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response

from offline.engine import Engine
from offline.iam.policy import Request, deciding

CONDITION_HEADERS = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-acl",
    "x-amz-storage-class",
    "x-amz-object-ownership",
)


class AccessDeniedError(S3ClientError):
    """A bucket policy denies the request."""

    code = "AccessDenied"


class MalformedPolicyError(S3ClientError):
    """A bucket policy that S3 does not keep."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicy", message)


class S3Api(S3Response):
    """One request, held against the bucket's policy before moto serves it."""

    def _authenticate_and_authorize_s3_action(
        self, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        super()._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        bucket = self.backend.buckets.get(bucket_name) if bucket_name else None
        if bucket is None or bucket.policy is None:
            return
        resource = f"arn:{bucket.partition}:s3:::{bucket_name}" + (f"/{key_name}" if key_name else "")
        action = f"s3:{self.data['Action']}"
        caller = f"arn:{bucket.partition}:iam::{self.current_account}:root"
        request = Request(action, resource, caller, self._context())
        statement = deciding(bucket.policy.decode(), request)
        if statement is not None and statement["Effect"] == "Deny":
            sid = statement.get("Sid", "without Sid")
            raise AccessDeniedError(
                f"User: {caller} is not authorized to perform: {action} on resource: "
                f'"{resource}" with an explicit deny in a resource-based policy (statement {sid})'
            )

    def _context(self) -> dict[str, str]:
        context = {
            f"s3:{name}": self.headers[name]
            for name in CONDITION_HEADERS
            if self.headers.get(name) is not None
        }
        return context | {"aws:securetransport": "true", "aws:principalaccount": self.current_account}


class Bucket(FakeBucket):
    """A bucket whose policy was already asked, with its conditions, by `S3Api`."""

    def get_permission(self, action: str, resource: str) -> Any:
        from moto.iam.access_control import PermissionResult

        return PermissionResult.NEUTRAL

    def _log_permissions_enabled_policy(self, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        """AWS looks at the policy when it delivers logs: logging may be set before it."""
        return True


class S3Engine(Engine, S3Backend):
    """The buckets of the partition."""

    service = "s3"

    @property
    def _url_module(self) -> Any:
        return Urls

    def create_bucket(self, *args: Any, **kwargs: Any) -> FakeBucket:
        bucket = super().create_bucket(*args, **kwargs)
        bucket.__class__ = Bucket
        return bucket

    def put_bucket_policy(self, bucket_name: str, policy: bytes) -> None:
        check_policy(policy)
        super().put_bucket_policy(bucket_name, policy)

    def put_object(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        if kwargs.get("encryption") is None:
            kwargs |= default_encryption(self.get_bucket(bucket_name).encryption)
        return super().put_object(bucket_name, *args, **kwargs)


def check_policy(policy: bytes) -> None:
    """A bucket policy is JSON with statements that have an effect, a principal, actions and resources."""
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise MalformedPolicyError("Policies must be valid JSON and the first byte must be '{'")
    if not document.get("Statement"):
        raise MalformedPolicyError("Missing required field Statement")
    found = document["Statement"]
    for statement in found if isinstance(found, list) else [found]:
        for field in ("Effect", "Principal", "Action", "Resource"):
            if not {field, f"Not{field}"} & set(statement):
                raise MalformedPolicyError(f"Missing required field {field}")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise MalformedPolicyError(f"Invalid effect: {statement['Effect']}")


def default_encryption(configuration: dict[str, Any] | None) -> dict[str, str]:
    """What a bucket's default encryption adds to a request that names none; SSE-S3 where nothing is set.

    >>> default_encryption(None)
    {'encryption': 'AES256'}
    """
    if not configuration:
        return {"encryption": "AES256"}
    rule = configuration["Rule"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    added = {"encryption": default["SSEAlgorithm"]}
    if default.get("KMSMasterKeyID"):
        added["kms_key_id"] = default["KMSMasterKeyID"]
    if rule.get("BucketKeyEnabled"):
        added["bucket_key_enabled"] = str(rule["BucketKeyEnabled"]).lower()
    return added


class Urls:
    """moto's routes of S3, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = {path: getattr(S3Api, handler.__name__) for path, handler in moto_urls.url_paths.items()}
