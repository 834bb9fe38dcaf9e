"""Play Amazon S3: default encryption and bucket policies as AWS applies them, on moto's object store.

moto ignores the conditions of a bucket policy, does not encrypt by default, and keeps lifecycle rules
without applying them; all three are mended here. Requests that arrive over the loopback endpoint count as
TLS: it stands for AWS's own. Object contents lie unencrypted in this process's memory; the headers say
what AWS would store.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import xmltodict
from moto.core.responses import ActionResult
from moto.s3 import urls as moto_urls
from moto.s3.exceptions import NoSuchLifecycleConfiguration, S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from offline.clock import clock
from offline.engine import Engine
from offline.engines.s3 import customer_keys, lifecycle
from offline.engines.s3.access import Access, may_delete
from offline.iam.callers import caller_of, calling, enter
from offline.iam.gatekeeper import AccessDeniedError


class DeniedError(S3ClientError):
    """A policy denies the request, or none allows it."""

    code = "AccessDenied"


class MalformedPolicyError(S3ClientError):
    """A bucket policy that S3 does not keep."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicy", message)


_DELETING_MANY: ContextVar[frozenset[str] | None] = ContextVar("deleting_many", default=None)
"""Within one DeleteObjects, where moto asks key by key: those of which a version is deleted."""


class S3Api(S3Response):
    """One request: it passes the gate before moto serves it."""

    def bucket_response(self, *args: Any, **kwargs: Any) -> Any:
        with calling(None):
            return super().bucket_response(*args, **kwargs)

    def key_response(self, *args: Any, **kwargs: Any) -> Any:
        with calling(None):
            return super().key_response(*args, **kwargs)

    def setup_class(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup_class(request, *args, **kwargs)
        account, query = self.current_account, dict(parse_qsl(self.parsed_url.query, keep_blank_values=True))
        self.caller = enter(caller_of(self.headers, query, account, self.region))
        engine = self.backend
        if request.method not in ("GET", "HEAD") and isinstance(engine, S3Engine):
            engine.changed = True

    def _authenticate_and_authorize_s3_action(
        self, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        if self.data.get("Action") == "DeleteObject" and self.method == "POST":
            return  # DeleteObjects is decided key by key.
        try:
            self.access(bucket_name, key_name).check()
        except AccessDeniedError as error:
            raise DeniedError(error.message) from None
        if bucket_name in s3_backends.bucket_accounts and key_name:
            query = dict(parse_qsl(self.parsed_url.query, keep_blank_values=True))
            bucket = self.backend.get_bucket(str(bucket_name))
            customer_keys.check(self.method, self.headers, query, bucket, key_name)

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:
        named = xmltodict.parse(self.body).get("Delete", {}).get("Object") or []
        listed = named if isinstance(named, list) else [named]
        token = _DELETING_MANY.set(frozenset(one["Key"] for one in listed if one.get("VersionId")))
        try:
            return super()._bucket_response_delete_keys(bucket_name, authenticated)
        finally:
            _DELETING_MANY.reset(token)

    def access(self, bucket_name: str | None, key_name: str | None) -> Access:
        bucket = None
        if bucket_name and bucket_name in s3_backends.bucket_accounts:
            bucket = self.backend.get_bucket(bucket_name)
        return Access(self, self.caller, bucket, bucket_name, key_name)

    def get_bucket_lifecycle(self) -> Any:
        """The rules with their sizes, which moto forgets."""
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        rules = self.backend.get_bucket(self.bucket_name).lifecycle
        if not rules:
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"Rules": lifecycle.answer(rules)}))


class Bucket(FakeBucket):
    """A bucket whose policy was already asked, with its conditions, by `S3Api`, and its lifecycle rules."""

    lifecycle: tuple[lifecycle.Rule, ...] = ()

    def get_permission(self, action: str, resource: str) -> Any:
        from moto.iam.access_control import PermissionResult

        versions = _DELETING_MANY.get()
        if versions is None:
            return PermissionResult.PERMITTED  # The gate has decided.
        key = resource.partition("/")[2]
        may = may_delete(self, f"{action}Version" if key in versions else action, resource)
        return PermissionResult.PERMITTED if may else PermissionResult.DENIED

    def _log_permissions_enabled_policy(self, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        """AWS looks at the policy when it delivers logs: logging may be set before it."""
        return True


class S3Engine(Engine, S3Backend):
    """The buckets of the partition."""

    service = "s3"
    clocks = ("moto.s3.models.utcnow",)

    @property
    def _url_module(self) -> Any:
        return Urls

    def create_bucket(self, *args: Any, **kwargs: Any) -> FakeBucket:
        bucket = super().create_bucket(*args, **kwargs)
        bucket.__class__ = Bucket
        return bucket

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.changed = False
        """Whether anything was written since lifecycle rules were last held against the objects."""
        self._next: datetime | None = None

    def put_bucket_lifecycle_configuration(self, bucket_name: str, rules: list[dict[str, Any]]) -> None:
        self.get_bucket(bucket_name).lifecycle = lifecycle.parse(rules)

    def delete_bucket_lifecycle(self, bucket_name: str) -> None:
        self.get_bucket(bucket_name).lifecycle = ()

    def create_multipart_upload(self, *args: Any, **kwargs: Any) -> Any:
        upload = super().create_multipart_upload(*args, **kwargs)
        upload.initiated = clock.now()
        return upload

    def _ruled(self) -> list[Bucket]:
        """The buckets that have lifecycle rules."""
        return [bucket for bucket in self.buckets.values() if bucket.lifecycle]

    def due(self) -> datetime | None:
        """S3 looks at lifecycle rules once a day: after a change, at the next midnight."""
        if self.changed and self._ruled():
            midnight = lifecycle.midnight_after(clock.now() + timedelta(microseconds=1), 0)
            return midnight if self._next is None else min(midnight, self._next)
        return self._next

    def settle(self) -> bool:
        now = clock.now()
        if not (self._next is not None and self._next <= now) and not (self.changed and _is_midnight(now)):
            return False
        passes = [lifecycle.Pass(bucket, bucket.lifecycle, now, self._tags_of) for bucket in self._ruled()]
        for one in passes:
            one.run()
        self.changed = False
        self._next = min((one.next for one in passes if one.next is not None), default=None)
        return any(one.done for one in passes)

    def _tags_of(self, key: FakeKey) -> dict[str, str]:
        found: dict[str, str] = self.tagger.get_tag_dict_for_resource(key.arn)
        return found

    def put_bucket_policy(self, bucket_name: str, policy: bytes) -> None:
        check_policy(policy)
        super().put_bucket_policy(bucket_name, policy)

    def put_object(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        if kwargs.get("encryption") is None:
            kwargs |= default_encryption(self.get_bucket(bucket_name).encryption)
        return customer_keys.sealed(super().put_object(bucket_name, *args, **kwargs))


def _is_midnight(moment: datetime) -> bool:
    return moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)


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
