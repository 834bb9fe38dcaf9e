"""Server access logs: a line for each request to a bucket that logs, delivered into another bucket.

Source: Amazon S3 User Guide, "Logging requests with server access logging" and "Amazon S3 server access log
format". AWS delivers on best effort, most lines within hours; here all of them, an hour after the first.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from moto.s3.models import OWNER

from facts import limits
from offline.clock import clock
from offline.engines.s3.deliveries import Deliverer
from offline.engines.s3.served import Served

PRINCIPAL = "logging.s3.amazonaws.com"
ABSENT = "-"
CIPHER, TLS = "TLS_AES_128_GCM_SHA256", "TLSv1.3"
"""What the loopback endpoint stands for."""


class Logged(Protocol):
    """A bucket that may log: `unlogged` holds the lines that were not delivered yet."""

    name: str
    account_id: str
    region_name: str
    partition: str
    logging: dict[str, Any]
    unlogged: list[str]
    unlogged_since: datetime | None


def hear(bucket: Logged, served: Served) -> bool:
    """Keep the lines of a request, if the bucket logs."""
    if not bucket.logging:
        return False
    bucket.unlogged.append(line(served))
    for key in served.deleted:
        bucket.unlogged.append(line(served, key))
    bucket.unlogged_since = bucket.unlogged_since or clock.now()
    return True


def due(bucket: Logged) -> datetime | None:
    """When a bucket's lines are to be delivered."""
    return bucket.unlogged_since + _interval() if bucket.unlogged_since else None


def _interval() -> timedelta:
    return timedelta(minutes=float(limits.value("s3-access-log-delivery-minutes")))


def deliver(bucket: Logged, encryption_of: Any) -> None:
    """Write what has collected; it is lost where the target does not take it, as on AWS."""
    lines = list(bucket.unlogged)
    bucket.unlogged.clear()
    bucket.unlogged_since = None
    target, prefix = bucket.logging.get("TargetBucket"), bucket.logging.get("TargetPrefix") or ""
    if not target or encryption_of(target) != "AES256":
        return
    source = f"arn:{bucket.partition}:s3:::{bucket.name}"
    deliverer = Deliverer(PRINCIPAL, source, bucket.account_id, bucket.region_name)
    key = f"{prefix}{clock.now():%Y-%m-%d-%H-%M-%S}-{random.randbytes(8).hex().upper()}"
    if deliverer.may("s3:PutObject", target, key):
        deliverer.put(target, key, "".join(lines).encode())


def line(served: Served, deleted: str = "") -> str:
    """One record: of the request, or of one key that a DeleteObjects deleted."""
    caller, headers = served.caller.principal, served.headers
    operation, key = served.names[1], served.key
    if deleted:
        operation, key = "BATCH.DELETE.OBJECT", deleted
    version, way = served.signature
    fields = [
        OWNER,
        served.bucket,
        f"[{served.at:%d/%b/%Y:%H:%M:%S +0000}]",
        "127.0.0.1",
        caller.arn or ABSENT,
        served.id,
        operation,
        quote(key) if key else ABSENT,
        ABSENT if deleted else f'"{served.method} {served.target} HTTP/1.1"',
        "204" if deleted else str(served.status),
        served.error or ABSENT,
        str(served.sent or ABSENT),
        ABSENT if served.object_size is None else str(served.object_size),
        str(round(served.seconds * 1000)),
        str(round(served.seconds * 1000)),
        _quoted(headers.get("referer")),
        _quoted(headers.get("user-agent")),
        served.query.get("versionId") or served.answer.get("x-amz-version-id") or ABSENT,
        served.id,
        version or ABSENT,
        CIPHER,
        way or ABSENT,
        headers.get("host") or ABSENT,
        TLS,
        ABSENT,
        ABSENT,
    ]
    return " ".join(fields) + "\n"


def _quoted(text: str | None) -> str:
    """
    >>> _quoted('a "b"'), _quoted(None)
    ('"a %22b%22"', '"-"')
    """
    return '"' + (text or ABSENT).replace('"', "%22").replace("\n", " ") + '"'
