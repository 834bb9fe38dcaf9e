"""Objects that AWS's own services write into a bucket: the bucket's policy, and the key's, must let them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from offline.engines.s3.access import decide_on
from offline.iam.callers import Caller
from offline.iam.gatekeeper import decided, encryption_context
from offline.iam.keys import arn_of
from offline.iam.needs import Need, Place
from offline.iam.principals import service


@dataclass(frozen=True)
class Deliverer:
    """A service at work for a resource of an account: `principal` is such as `cloudtrail.amazonaws.com`."""

    principal: str
    source: str
    """ARN of the resource it works for."""
    account: str
    region: str

    @property
    def _place(self) -> Place:
        return Place(self.account, self.region, get_partition(self.region))

    @property
    def _context(self) -> dict[str, str | list[str]]:
        return {"aws:sourcearn": self.source, "aws:sourceaccount": self.account}

    def may(self, action: str, bucket: str, key: str = "") -> bool:
        """Whether the bucket's policy lets the service do this; False where there is no such bucket."""
        buckets = s3_backends[self.account][self._place.partition].buckets
        if bucket not in buckets:
            return False
        arn = f"arn:{self._place.partition}:s3:::{bucket}" + (f"/{key}" if key else "")
        context = self._context | {"s3:x-amz-acl": "bucket-owner-full-control"}
        caller = Caller(service(self.principal))
        return decide_on(buckets[bucket], caller, Need(action, arn, context), self._place).allowed

    def may_use(self, key: str, context: Mapping[str, str]) -> bool:
        """Whether the key's policy lets the service encrypt with it."""
        need = Need(
            "kms:GenerateDataKey", arn_of(key, self._place), {**self._context, **encryption_context(context)}
        )
        return decided(Caller(service(self.principal)), need, self._place).allowed

    def put(
        self, bucket: str, key: str, body: bytes, kms_key: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        """Write the object; whoever may do so was asked before."""
        backend = s3_backends[self.account][self._place.partition]
        asked = {"encryption": "aws:kms", "kms_key_id": arn_of(kms_key, self._place)} if kms_key else {}
        written = backend.put_object(bucket, key, body, **asked)
        if metadata:
            written.set_metadata({f"x-amz-meta-{name}": value for name, value in metadata.items()})
        backend.changed = True
