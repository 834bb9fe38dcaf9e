"""Play Amazon S3: default encryption and bucket policies as AWS applies them, on moto's object store.

moto ignores the conditions of a bucket policy, does not encrypt by default, keeps lifecycle rules without
applying them, restores archived objects at once, knows no tiers and takes any checksum and any key; all
that is mended here and in `api.py`. Requests that arrive over the loopback endpoint count as
TLS: it stands for AWS's own. Object contents lie unencrypted in this process's memory; the headers say
what AWS would store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.s3.exceptions import ObjectNotInActiveTierError, S3ClientError
from moto.s3.models import CorsRule, FakeBucket, FakeKey, S3Backend, s3_backends

from facts import limits
from offline.clock import clock
from offline.engine import Engine, Row
from offline.engines.s3 import archive, cors, customer_keys, lifecycle, notifications, public, server_logs
from offline.engines.s3.access import may_delete
from offline.engines.s3.api import DELETING_MANY, DeniedError, Urls
from offline.engines.s3.days import midnight_after
from offline.iam.callers import current_caller
from offline.iam.conditions import matches
from offline.iam.document import written

DEFAULT_ENCRYPTION = str(limits.value("s3-default-encryption"))
"""Of every bucket that sets none."""


class MalformedPolicyError(S3ClientError):
    """A bucket policy that S3 does not keep."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicy", message)


class Bucket(FakeBucket):
    """A bucket whose policy was already asked, with its conditions, by `S3Api`, and its lifecycle rules."""

    unlogged: list[str]
    """Lines of its access log that were not delivered yet."""
    unlogged_since: datetime | None = None
    lifecycle: tuple[lifecycle.Rule, ...] = ()
    notification_configuration: Any
    cors: list[CorsRule]
    tierings: dict[str, archive.Tiering]
    tags_of: Callable[[FakeKey], dict[str, str]]

    def archive_days(self, key: FakeKey) -> dict[str, int]:
        """After how many days the optional tiers of Intelligent-Tiering take an object."""
        if not self.tierings:
            return {}
        tags = self.tags_of(key)
        chosen = [one for one in self.tierings.values() if one.holds_for(str(key.name), tags)]
        return {name: days for one in chosen for name, days in one.days}

    def set_cors(self, rules: list[dict[str, Any]]) -> None:
        """What is refused leaves the rules as they were."""
        former = self.cors
        try:
            cors.check(rules)
            super().set_cors(rules)
        except S3ClientError:
            self.cors = former
            raise

    def set_notification_configuration(self, notification_config: dict[str, Any] | None) -> None:
        """What is refused leaves the configuration as it was."""
        former = self.notification_configuration
        try:
            super().set_notification_configuration(notification_config)
        except S3ClientError:
            self.notification_configuration = former
            raise

    def get_permission(self, action: str, resource: str) -> Any:
        from moto.iam.access_control import PermissionResult

        versions = DELETING_MANY.get()
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

    @property
    def _url_module(self) -> Any:
        return Urls

    def create_bucket(self, *args: Any, **kwargs: Any) -> FakeBucket:
        bucket = super().create_bucket(*args, **kwargs)
        bucket.__class__ = Bucket
        bucket.creation_date = clock.now()
        public.close(bucket)
        bucket.tierings, bucket.tags_of, bucket.unlogged = {}, self._tags_of, []
        return bucket

    def log_incoming_request(self, request: Any, bucket_name: str) -> None:
        """moto would write a line of its own making for each request; `S3Api` tells what was answered."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._changed_since: datetime | None = None
        self._next: datetime | None = None
        self.sequence = 0
        """Of the events of objects, in the order in which they happened."""
        self.unsent: list[notifications.Message] = []

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in self.buckets:  # moto finds a bucket's owner here, whatever its partition
            s3_backends.bucket_accounts[name] = (self.partition, self.account_id)

    def reset(self) -> None:
        # moto copies objects when it lists versions, and disposes only of copies of its own class.
        for key in (*archive.Key.instances_tracked, *customer_keys.SealedKey.instances_tracked):
            key.dispose()
        super().reset()

    @property
    def changed(self) -> bool:
        """Whether anything was written since lifecycle rules were last held against the objects."""
        return self._changed_since is not None

    @changed.setter
    def changed(self, changed: bool) -> None:
        self._changed_since = (self._changed_since or clock.now()) if changed else None

    def put_bucket_lifecycle_configuration(self, bucket_name: str, rules: list[dict[str, Any]]) -> None:
        self.get_bucket(bucket_name).lifecycle = lifecycle.parse(rules)
        self._changed_since = clock.now()

    def delete_bucket_lifecycle(self, bucket_name: str) -> None:
        self.get_bucket(bucket_name).lifecycle = ()

    def create_multipart_upload(self, *args: Any, **kwargs: Any) -> Any:
        upload = super().create_multipart_upload(*args, **kwargs)
        upload.initiated = clock.now()
        return upload

    def _ruled(self) -> list[Bucket]:
        """The buckets that have lifecycle rules."""
        return [bucket for bucket in self.buckets.values() if bucket.lifecycle]

    def status(self) -> dict[str, list[Row]]:
        """Buckets, with how many objects they have."""
        buckets = self.buckets.values()
        return {"buckets": [{"bucket": one.name, "objects": len(one.keys)} for one in buckets]}

    def due(self) -> datetime | None:
        """S3 looks at lifecycle rules once a day: after a change, at the next midnight; and delivers logs."""
        moments = [server_logs.due(bucket) for bucket in self.buckets.values()]
        moments.append(clock.now() if self.unsent else None)
        moments.append(self._next_pass() if self._ruled() else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def _next_pass(self) -> datetime | None:
        changed = midnight_after(self._changed_since, 0) if self._changed_since else None
        return min((moment for moment in (changed, self._next) if moment is not None), default=None)

    def settle(self) -> bool:
        return self._send() | self._deliver_logs() | self._apply_rules()

    def _send(self) -> bool:
        messages, self.unsent = self.unsent, []
        for message in messages:
            bucket = self.buckets.get(message.bucket)
            region = bucket.region_name if bucket else self.region_name
            notifications.send(bucket, message, region, self.account_id)
        return bool(messages)

    def _deliver_logs(self) -> bool:
        now = clock.now()
        ready = [
            one for one in self.buckets.values() if (due := server_logs.due(one)) is not None and due <= now
        ]
        for bucket in ready:
            server_logs.deliver(bucket, self._encryption_of)
        return bool(ready)

    def _encryption_of(self, name: str) -> str:
        """The default encryption of a bucket; empty where there is none of that name."""
        if name not in self.buckets:
            return ""
        return default_encryption(self.buckets[name].encryption)["encryption"]

    def _apply_rules(self) -> bool:
        now, due = clock.now(), self._next_pass()
        if due is None or due > now:
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

    def get_bucket_encryption(self, bucket_name: str) -> dict[str, Any]:
        """Every bucket has one since 2023: SSE-S3 where nobody set another."""
        default = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": DEFAULT_ENCRYPTION},
            "BucketKeyEnabled": False,
        }
        return super().get_bucket_encryption(bucket_name) or {"Rule": default}

    def put_bucket_policy(self, bucket_name: str, policy: bytes) -> None:
        check_policy(bucket_name, policy)
        if public.blocks_policy(self.get_bucket(bucket_name), policy):
            caller, arn = current_caller(), f"arn:{self.partition}:s3:::{bucket_name}"
            who = caller.principal.text if caller else "anonymous"
            what = ("s3:PutBucketPolicy", arn, "public policies are", "BlockPublicPolicy")
            raise DeniedError(public.blocked(who, *what))
        super().put_bucket_policy(bucket_name, policy)

    def put_object(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        if kwargs.get("encryption") is None:
            kwargs |= default_encryption(self.get_bucket(bucket_name).encryption)
        if kwargs.get("multipart") is not None:
            kwargs["disable_notification"] = True  # moto tells that it is complete
        return customer_keys.sealed(archive.Key.of(super().put_object(bucket_name, *args, **kwargs)))

    def delete_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        bucket = self.get_bucket(bucket_name)
        former = bucket.keys.get(key_name) if bucket.notification_configuration is not None else None
        done, told = super().delete_object(bucket_name, key_name, version_id, bypass)
        if done and former is not None:
            marked = bucket.is_versioned and version_id is None
            event = notifications.MARKED if marked else notifications.DELETED
            notifications.happened(bucket, event, former, told.get("version-id"))
        return done, told

    def copy_object(self, src_key: archive.Key, *args: Any, **kwargs: Any) -> None:
        if src_key.closed():
            raise ObjectNotInActiveTierError(src_key)
        src_key.read()
        super().copy_object(src_key, *args, **kwargs)


def check_policy(bucket: str, policy: bytes) -> None:
    """A bucket's policy names principals, actions of S3, and the bucket or what is in it."""
    found = written(policy, principals=True, resources=True, refusal=MalformedPolicyError)
    for one in found.statements:
        if any(text != "*" and not text.lower().startswith("s3:") for text in one.action + one.not_action):
            raise MalformedPolicyError("Policy has invalid action")
        if not all(_is_of(bucket, text) for text in one.resource + one.not_resource):
            raise MalformedPolicyError("Policy has invalid resource")


def _is_of(bucket: str, arn: str) -> bool:
    head, _, name = arn.rpartition(":::")
    return arn == "*" or (head.endswith(":s3") and matches(bucket, name.partition("/")[0]))


def default_encryption(configuration: dict[str, Any] | None) -> dict[str, str]:
    """What a bucket's default encryption adds to a request that names none; SSE-S3 where nothing is set.

    >>> default_encryption(None)
    {'encryption': 'AES256'}
    """
    if not configuration:
        return {"encryption": DEFAULT_ENCRYPTION}
    rule = configuration["Rule"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    added = {"encryption": default["SSEAlgorithm"]}
    if default.get("KMSMasterKeyID"):
        added["kms_key_id"] = default["KMSMasterKeyID"]
    if rule.get("BucketKeyEnabled"):
        added["bucket_key_enabled"] = str(rule["BucketKeyEnabled"]).lower()
    return added
