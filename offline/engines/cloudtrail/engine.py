"""Play AWS CloudTrail: moto keeps the trails' settings; here they log.

Differs: an event is delivered some minutes after it happened, always the same; insights are not found, and
the history of events is not looked up (moto has no LookupEvents).
"""

from __future__ import annotations

import hashlib
import sys
from datetime import datetime
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse
from moto.cloudtrail.urls import url_bases
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from offline.clock import clock
from offline.engine import Engine
from offline.engines.cloudtrail import selectors
from offline.engines.cloudtrail.trail import Trail
from offline.errors import EngineError

__all__ = ["CloudTrailEngine", "url_bases", "url_paths"]


class InsufficientS3BucketPolicyError(JsonRESTError):
    """The bucket does not let CloudTrail write."""

    def __init__(self, bucket: str) -> None:
        message = f"Incorrect S3 bucket policy is detected for bucket: {bucket}"
        super().__init__("InsufficientS3BucketPolicyException", message)


class InsufficientEncryptionPolicyError(JsonRESTError):
    """The key does not let CloudTrail encrypt."""

    def __init__(self, bucket: str, key: str) -> None:
        message = f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key}."
        super().__init__("InsufficientEncryptionPolicyException", message)


class OrganizationsNotInUseError(JsonRESTError):
    """A trail of an organization, in an account that is in none."""

    def __init__(self) -> None:
        message = (
            "The request could not be processed because your account is not a member of an organization."
        )
        super().__init__("OrganizationsNotInUseException", message)


class CloudTrailApi(CloudTrailResponse):
    """moto's responses, and the keys that digests are signed with."""

    def list_public_keys(self) -> Any:
        return ActionResult({"PublicKeyList": self.cloudtrail_backend.public_keys()})


url_paths = {"{0}/$": CloudTrailApi.dispatch}


class CloudTrailEngine(Engine, CloudTrailBackend):
    """The trails whose home is one region."""

    service = "cloudtrail"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._key: Any = None
        self._key_since: datetime | None = None

    @property
    def _url_module(self) -> Any:
        return sys.modules[__name__]

    def create_trail(self, *args: Any, **kwargs: Any) -> Trail:
        """A trail; its bucket and key must let CloudTrail in."""
        trail = Trail.of(super().create_trail(*args, **kwargs))
        try:
            _check(trail)
        except JsonRESTError:
            del self.trails[trail.trail_name]
            raise
        return trail

    def update_trail(self, name: str, **kwargs: Any) -> Trail:
        trail = self.get_trail(name)
        before = dict(vars(trail))
        super().update_trail(name, **kwargs)
        try:
            trail.check_bucket_exists()
            _check(trail)
        except JsonRESTError:
            vars(trail).update(before)
            raise
        return trail

    def put_event_selectors(
        self,
        trail_name: str,
        event_selectors: list[dict[str, Any]],
        advanced_event_selectors: list[dict[str, Any]],
    ) -> Any:
        """Selectors of one kind take the place of those of the other."""
        selectors.check(event_selectors or [], advanced_event_selectors or [])
        trail = self.get_trail(trail_name)
        trail.advanced_event_selectors = []
        return super().put_event_selectors(trail_name, event_selectors, advanced_event_selectors)

    def put_insight_selectors(self, trail_name: str, insight_selectors: list[dict[str, str]]) -> Any:
        """None: what would be found is not looked for."""
        if insight_selectors:
            kinds = ", ".join(str(one.get("InsightType")) for one in insight_selectors)
            raise EngineError(
                f"CloudTrail finds no insights offline, got {kinds}; leave InsightSelectors empty"
            )
        return super().put_insight_selectors(trail_name, insight_selectors)

    def due(self) -> datetime | None:
        """When the next log file or digest is to be written."""
        moments = [moment for trail in self.trails.values() if (moment := trail.due()) is not None]
        return min(moments, default=None)

    def settle(self) -> bool:
        return any(trail.settle(self) for trail in self.trails.values())

    def public_keys(self) -> list[dict[str, Any]]:
        """The key that digests are signed with, once one is."""
        if self._key is None:
            return []
        valid = {"ValidityStartTime": self._key_since, "ValidityEndTime": clock.now().replace(year=9999)}
        return [{"Value": self._public(), "Fingerprint": self.fingerprint(), **valid}]

    def sign(self, text: bytes) -> str:
        """The signature of a text, in hexadecimal digits."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        signature: bytes = self._private().sign(text, padding.PKCS1v15(), hashes.SHA256())
        return signature.hex()

    def _private(self) -> Any:
        """The key of the region, made when the first digest is signed."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            self._key_since = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._key

    def _public(self) -> bytes:
        """The public key in PKCS #1, as DER."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        found: bytes = self._private().public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        return found

    def fingerprint(self) -> str:
        """What tells the public key from others."""
        return hashlib.md5(self._public(), usedforsecurity=False).hexdigest()


def _check(trail: Trail) -> None:
    """What CloudTrail looks at before it takes a trail's settings: its bucket and key among them."""
    if trail.is_org_trail:
        raise OrganizationsNotInUseError
    key = trail.folder("CloudTrail", trail.region_name) + "check"
    if not trail.deliverer.may("s3:GetBucketAcl", trail.bucket_name):
        raise InsufficientS3BucketPolicyError(trail.bucket_name)
    refusal = trail.refusal(key)
    if refusal == "AccessDenied":
        raise InsufficientS3BucketPolicyError(trail.bucket_name)
    if refusal:
        raise InsufficientEncryptionPolicyError(trail.bucket_name, str(trail.kms_key_id))
