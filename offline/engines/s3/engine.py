"""Play Amazon S3: default encryption and bucket policies as AWS applies them, on moto's object store.

moto ignores the conditions of a bucket policy, does not encrypt by default, keeps lifecycle rules without
applying them, restores archived objects at once, knows no tiers and takes any checksum and any key; all
that is mended here. Requests that arrive over the loopback endpoint count as
TLS: it stands for AWS's own. Object contents lie unencrypted in this process's memory; the headers say
what AWS would store.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import xmltodict
from moto.core.responses import ActionResult
from moto.s3 import urls as moto_urls
from moto.s3.exceptions import (
    InvalidObjectState,
    MissingKey,
    MissingVersion,
    NoSuchLifecycleConfiguration,
    ObjectNotInActiveTierError,
    PreconditionFailed,
    S3ClientError,
)
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response

from offline.clock import clock
from offline.engine import Engine
from offline.engines.s3 import archive, integrity, lifecycle
from offline.engines.s3.days import midnight_after
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

    def setup_class(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup_class(request, *args, **kwargs)
        engine = self.backend
        if request.method not in ("GET", "HEAD") and isinstance(engine, S3Engine):
            engine.changed = True

    def _key_response(self, request: Any, full_url: str) -> Any:
        integrity.check_key(self.parse_key_name())
        return super()._key_response(request, full_url)

    def put_object(self) -> Any:
        integrity.check_tags(self._tagging_from_headers(self.headers))
        integrity.check_md5(self.body or b"", self.headers.get("Content-MD5"))
        return super().put_object()

    def upload_part(self) -> Any:
        integrity.check_md5(self.body or b"", self.headers.get("Content-MD5"))
        self._get_checksum({})
        return super().upload_part()

    def _get_checksum(self, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        """The checksum that came with the body, verified; moto reads only those that the SDK chose."""
        body = self.body or b""
        algorithm, value = integrity.stated(self.headers, self.raw_body)
        if algorithm:
            value = integrity.checked(body, algorithm, value)
            response_headers[f"x-amz-checksum-{algorithm.lower()}"] = value
        return algorithm, value

    def _get_key(self, validate_storage_class: bool = True) -> tuple[FakeKey, bool]:
        """The object; only reading its contents needs it out of the archive, and counts as access."""
        key, not_modified = super()._get_key(validate_storage_class=False)
        if self.data["Action"] in ("GetObject", "GetObjectVersion"):
            if key.closed():
                raise InvalidObjectState(storage_class=key.storage_class)
            key.read()
        return key, not_modified

    def _key_response_post(
        self, request: Any, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str
    ) -> Any:
        if "restore" in query:
            return self._restore(body, bucket_name, query, key_name)
        if query.get("uploadId"):
            self._check_still_the_same(bucket_name, key_name)
        return super()._key_response_post(request, body, bucket_name, query, key_name)

    def _check_still_the_same(self, bucket_name: str, key_name: str) -> None:
        """An upload completed with If-Match replaces only the object it names."""
        wanted, found = self.headers.get("If-Match"), self.backend.get_object(bucket_name, key_name)
        if wanted and found is None:
            raise MissingKey(key=key_name)
        if wanted and found.etag.strip('"') != wanted.strip('"'):
            raise PreconditionFailed("If-Match")

    def _restore(self, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str) -> Any:
        self._set_action("KEY", "POST", query)
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        asked = xmltodict.parse(body)["RestoreRequest"] or {}
        if set(asked) - {"@xmlns", "Days", "Tier", "GlacierJobParameters"}:
            raise integrity.NotImplementedHereError(
                f"of RestoreObject only Days and Tier, got {sorted(asked)}"
            )
        version = query.get("versionId", [None])[0]
        key = self.backend.get_object(bucket_name, key_name, version_id=version)
        if key is None:
            raise MissingVersion() if version else MissingKey(key=key_name)
        speed = (asked.get("GlacierJobParameters") or asked).get("Tier") or "Standard"
        again = key.bring_back(int(asked["Days"]) if "Days" in asked else None, speed)
        return (200 if again else 202), {}, ""

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        query = self._get_querystring(request, full_url)
        if "intelligent-tiering" not in query:
            return super()._bucket_response(request, full_url)
        name = self.parse_bucket_name_from_url(request, full_url)
        self.data |= {
            "BucketName": name,
            "Action": f"{request.method.capitalize()}IntelligentTieringConfiguration",
        }
        self._authenticate_and_authorize_s3_action(bucket_name=name)
        return self._tierings(
            request.method, self.backend.get_bucket(name).tierings, query.get("id", [""])[0]
        )

    def _tierings(self, method: str, tierings: dict[str, archive.Tiering], id: str) -> Any:
        if method == "PUT":
            parsed = xmltodict.parse(self.body)["IntelligentTieringConfiguration"]
            tierings[id] = archive.parse(parsed, id)
        elif method == "GET" and not id:
            self.data["Action"] = "ListBucketIntelligentTieringConfigurations"
            found = [archive.answer(one) for one in tierings.values()]
            return self.serialized(
                ActionResult({"IsTruncated": False, "IntelligentTieringConfigurationList": found})
            )
        elif id not in tierings:
            raise archive.NoSuchConfigurationError
        elif method == "GET":
            self.data["Action"] = "GetBucketIntelligentTieringConfiguration"
            return self.serialized(
                ActionResult({"IntelligentTieringConfiguration": archive.answer(tierings[id])})
            )
        else:
            del tierings[id]
            return 204, {}, ""
        return 200, {}, ""

    def get_bucket_lifecycle(self) -> Any:
        """The rules with their sizes, which moto forgets."""
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        rules = self.backend.get_bucket(self.bucket_name).lifecycle
        if not rules:
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"Rules": lifecycle.answer(rules)}))

    def _context(self) -> dict[str, str]:
        context = {
            f"s3:{name}": self.headers[name]
            for name in CONDITION_HEADERS
            if self.headers.get(name) is not None
        }
        return context | {"aws:securetransport": "true", "aws:principalaccount": self.current_account}


class Bucket(FakeBucket):
    """A bucket whose policy was already asked, with its conditions, by `S3Api`, and its lifecycle rules."""

    lifecycle: tuple[lifecycle.Rule, ...] = ()
    tierings: dict[str, archive.Tiering]
    tags_of: Callable[[FakeKey], dict[str, str]]

    def archive_days(self, key: FakeKey) -> dict[str, int]:
        """After how many days the optional tiers of Intelligent-Tiering take an object."""
        if not self.tierings:
            return {}
        tags = self.tags_of(key)
        chosen = [one for one in self.tierings.values() if one.holds_for(str(key.name), tags)]
        return {name: days for one in chosen for name, days in one.days}

    def get_permission(self, action: str, resource: str) -> Any:
        from moto.iam.access_control import PermissionResult

        return PermissionResult.NEUTRAL

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
        bucket.tierings, bucket.tags_of = {}, self._tags_of
        return bucket

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.changed = False
        """Whether anything was written since lifecycle rules were last held against the objects."""
        self._next: datetime | None = None

    def reset(self) -> None:
        # moto copies objects when it lists versions, and disposes only of copies of its own class.
        for key in archive.Key.instances_tracked:
            key.dispose()
        super().reset()

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
            midnight = midnight_after(clock.now() + timedelta(microseconds=1), 0)
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
        key = super().put_object(bucket_name, *args, **kwargs)
        return archive.Key.of(key)

    def copy_object(self, src_key: archive.Key, *args: Any, **kwargs: Any) -> None:
        if src_key.closed():
            raise ObjectNotInActiveTierError(src_key)
        src_key.read()
        super().copy_object(src_key, *args, **kwargs)


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
