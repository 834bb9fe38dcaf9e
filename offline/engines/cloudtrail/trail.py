"""A trail: what it has heard becomes log files every few minutes, and every hour a digest that is signed.

Source: AWS CloudTrail User Guide, "Finding your CloudTrail log files", "CloudTrail digest file structure" and
"Custom implementations of CloudTrail log file integrity validation".
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import string
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError
from moto.cloudtrail.models import Trail as MotoTrail
from moto.cloudtrail.models import cloudtrail_backends

from facts import limits
from offline import changes
from offline.clock import clock
from offline.engine import client_of_role, client_of_service
from offline.engines import log_events
from offline.engines.cloudtrail import selectors
from offline.engines.s3.deliveries import Deliverer

PRINCIPAL = "cloudtrail.amazonaws.com"
ALGORITHM = "SHA256withRSA"
RETRY = timedelta(hours=1)
"""After which a delivery is tried again that the bucket or the key did not let through."""


class Signer(Protocol):
    """Who signs digests; signature and fingerprint of the key are hexadecimal digits."""

    def sign(self, text: bytes) -> str: ...
    def fingerprint(self) -> str: ...


def interval() -> timedelta:
    """How long a trail collects events before it writes them."""
    return timedelta(minutes=float(limits.value("cloudtrail-delivery-minutes")))


def digest_interval() -> timedelta:
    return timedelta(minutes=float(limits.value("cloudtrail-digest-minutes")))


class Status:
    """Whether a trail is logging, and how its last deliveries went."""

    def __init__(self) -> None:
        self.is_logging = False
        self.started: datetime | None = None
        self.stopped: datetime | None = None
        self.times: dict[str, datetime] = {}
        """When something was last done, by the member that tells it."""
        self.errors: dict[str, str] = {}

    def start_logging(self) -> None:
        self.is_logging, self.started = True, clock.now()

    def stop_logging(self) -> None:
        self.is_logging, self.stopped = False, clock.now()

    def note(self, what: str, error: str) -> None:
        """A delivery was tried: of log files (empty), digests or to CloudWatch Logs."""
        self.errors.pop(f"Latest{what}DeliveryError", None)
        if error:
            self.errors[f"Latest{what}DeliveryError"] = error
        else:
            self.times[f"Latest{what}DeliveryTime"] = clock.now()

    def description(self) -> dict[str, Any]:
        known = {"StartLoggingTime": self.started, "StopLoggingTime": self.stopped, **self.times}
        told = {name: int(moment.timestamp()) for name, moment in known.items() if moment}
        return {"IsLogging": self.is_logging, **told, **self.errors}


@dataclass
class Chain:
    """The digests of one region so far: each holds its predecessor's hash and signature."""

    since: datetime
    files: list[dict[str, str]] = field(default_factory=list)
    """Log files that the next digest will name."""
    previous: dict[str, str | None] = field(default_factory=dict)


class Trail(MotoTrail):
    """A trail that logs. `pending` holds (region, time, record) of every event not yet delivered."""

    pending: list[tuple[str, str, str]]
    since: datetime | None
    """When the oldest event was heard."""
    again: datetime | None
    """When a delivery that failed is tried again."""
    chains: dict[str, Chain]

    @classmethod
    def of(cls, trail: MotoTrail) -> Trail:
        """moto's trail, made one that logs."""
        trail.__class__ = cls
        assert isinstance(trail, cls)
        trail.status = Status()
        trail.pending, trail.since, trail.again, trail.chains = [], None, None, {}
        return trail

    @property
    def deliverer(self) -> Deliverer:
        return Deliverer(PRINCIPAL, self.arn, self.account_id, self.region_name)

    def hear(self, event: dict[str, Any]) -> None:
        """Keep an event if the trail logs such."""
        region = event["awsRegion"]
        if region != self.region_name and not self.is_multi_region:
            return
        if not selectors.wants(event, self.event_selectors, self.advanced_event_selectors):
            return
        self.pending.append((region, event["eventTime"], json.dumps(event, default=str)))
        self.since = self.since or clock.now()
        changes.note(cloudtrail_backends[self.account_id][self.region_name])

    def due(self) -> datetime | None:
        """When something is next to be written."""
        moments = [] if self.since is None else [self.again or self.since + interval()]
        moments += [chain.since + digest_interval() for chain in self._chains().values()]
        return min(moments, default=None)

    def _chains(self) -> dict[str, Chain]:
        """The chains of digests, where any are wanted."""
        if not self.log_validation or not self.status.is_logging:
            return {}
        if not self.chains:
            self.chains[self.region_name] = Chain(self.status.started or clock.now())
        return self.chains

    def settle(self, signer: Signer) -> bool:
        """Write what is due."""
        now, done = clock.now(), False
        if self.since is not None and (self.again or self.since + interval()) <= now:
            done = self._deliver()
        for region, chain in self._chains().items():
            if chain.since + digest_interval() <= now:
                self._digest(region, chain, now, signer)
                done = True
        return done

    # -- log files ----------------------------------------------------------------------------------------

    def _deliver(self) -> bool:
        """Write a log file for each region; where the bucket does not let us, try again later."""
        files: dict[str, list[tuple[str, str]]] = {}
        for region, time, text in self.pending:
            files.setdefault(region, []).append((time, text))
        keys = {region: self._key(region) for region in files}
        error = self.refusal(next(iter(keys.values())))
        self.status.note("", error)
        if error:
            self.again = clock.now() + RETRY
            return False
        for region, records in files.items():
            body = '{"Records":[' + ",".join(text for _, text in records) + "]}"
            self._put(keys[region], body.encode())
            if self.log_validation:
                times = sorted(time for time, _ in records)
                self._name(region, keys[region], body.encode(), times)
        self._send_on(files)
        self._announce(list(keys.values()))
        self.pending.clear()
        self.since = self.again = None
        return True

    def refusal(self, key: str) -> str:
        """Why CloudTrail may not write an object; empty where it may."""
        deliverer = self.deliverer
        if not deliverer.may("s3:PutObject", self.bucket_name, key):
            return "AccessDenied"
        context = {
            "aws:cloudtrail:arn": self.arn,
            "aws:s3:arn": f"arn:{self.partition}:s3:::{self.bucket_name}/{key}",
        }
        if self.kms_key_id and not deliverer.may_use(self.kms_key_id, context):
            return "KMS.AccessDenied"
        return ""

    def folder(self, kind: str, region: str) -> str:
        prefix = f"{self.s3_key_prefix}/" if self.s3_key_prefix else ""
        return f"{prefix}AWSLogs/{self.account_id}/{kind}/{region}/{clock.now():%Y/%m/%d}/"

    def _key(self, region: str) -> str:
        unique = "".join(random.choices(string.ascii_letters + string.digits, k=16))
        name = f"{self.account_id}_CloudTrail_{region}_{clock.now():%Y%m%dT%H%MZ}_{unique}.json.gz"
        return self.folder("CloudTrail", region) + name

    def _put(self, key: str, text: bytes, metadata: dict[str, str] | None = None) -> None:
        body = gzip.compress(text, mtime=0)
        self.deliverer.put(self.bucket_name, key, body, self.kms_key_id or "", metadata)

    def _name(self, region: str, key: str, text: bytes, times: list[str]) -> None:
        """Have the region's next digest name a log file."""
        chain = self.chains.setdefault(region, Chain(self.status.started or clock.now()))
        chain.files.append(
            {
                "s3Bucket": self.bucket_name,
                "s3Object": key,
                "hashValue": hashlib.sha256(text).hexdigest(),
                "hashAlgorithm": "SHA-256",
                "newestEventTime": times[-1],
                "oldestEventTime": times[0],
            }
        )

    def _send_on(self, files: dict[str, list[tuple[str, str]]]) -> None:
        """The same events to a log group, where the trail has one, under the trail's role."""
        if not self.cw_log_group_arn:
            return
        group, error = self.cw_log_group_arn.split(":log-group:")[1].removesuffix(":*"), ""
        for region, records in files.items():
            stream = f"{self.account_id}_CloudTrail_{region}"
            try:
                logs = client_of_role("logs", self.cw_role_arn, self.region_name)
                with suppress(logs.exceptions.ResourceAlreadyExistsException):
                    logs.create_log_stream(logGroupName=group, logStreamName=stream)
                log_events.put(logs, group, stream, [text for _, text in records])
            except ClientError as problem:
                error = problem.response["Error"]["Code"]
        self.status.note("CloudWatchLogs", error)

    def _announce(self, keys: list[str]) -> None:
        """Tell the trail's topic which log files there are."""
        if self.topic_arn:
            message = json.dumps({"s3Bucket": self.bucket_name, "s3ObjectKey": keys})
            client_of_service("sns", self.region_name).publish(TopicArn=self.topic_arn, Message=message)

    # -- digests ------------------------------------------------------------------------------------------

    def _digest(self, region: str, chain: Chain, now: datetime, signer: Signer) -> None:
        """Write and sign the digest of the hour that has passed."""
        end = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        name = f"{self.account_id}_CloudTrail-Digest_{region}_{self.trail_name}_{self.region_name}"
        key = f"{self.folder('CloudTrail-Digest', region)}{name}_{now:%Y%m%dT%H%M%SZ}.json.gz"
        error = self.refusal(key)
        self.status.note("Digest", error)
        if error:
            chain.since = now
            return
        times = sorted(
            time for file in chain.files for time in (file["oldestEventTime"], file["newestEventTime"])
        )
        text = json.dumps(
            {
                "awsAccountId": self.account_id,
                "digestStartTime": f"{chain.since:%Y-%m-%dT%H:%M:%SZ}",
                "digestEndTime": end,
                "digestS3Bucket": self.bucket_name,
                "digestS3Object": key,
                "digestPublicKeyFingerprint": signer.fingerprint(),
                "digestSignatureAlgorithm": ALGORITHM,
                "newestEventTime": times[-1] if times else None,
                "oldestEventTime": times[0] if times else None,
                "previousDigestS3Bucket": chain.previous.get("bucket"),
                "previousDigestS3Object": chain.previous.get("key"),
                "previousDigestHashValue": chain.previous.get("hash"),
                "previousDigestHashAlgorithm": "SHA-256" if chain.previous else None,
                "previousDigestSignature": chain.previous.get("signature"),
                "logFiles": chain.files,
            }
        ).encode()
        hashed, before = hashlib.sha256(text).hexdigest(), chain.previous.get("signature") or "null"
        signature = signer.sign(f"{end}\n{self.bucket_name}/{key}\n{hashed}\n{before}".encode())
        self._put(key, text, {"signature": signature, "signature-algorithm": ALGORITHM})
        chain.previous = {
            "bucket": self.bucket_name,
            "key": key,
            "hash": hashed,
            "signature": signature,
        }
        chain.since, chain.files = now, []
