"""Event notifications: what a bucket tells functions, queues, topics and EventBridge of its objects.

A message leaves when the account settles, in S3's own name: the destination's policy is asked when a
configuration is put, and again by each message. moto says when something happens to an object.
Source: Amazon S3 User Guide, "Amazon S3 Event Notifications", "Event message structure" and "Using
EventBridge".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError
from moto.s3 import notifications as of_moto
from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import OWNER, FakeBucket, FakeDeleteMarker, FakeKey, s3_backends

from offline.clock import clock
from offline.engine import client_of_service
from offline.iam.callers import Caller, current_caller
from offline.iam.gatekeeper import decided
from offline.iam.needs import Need, Place
from offline.iam.principals import service

if TYPE_CHECKING:
    from offline.engines.s3.engine import Bucket, S3Engine

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being served; empty where S3 does something by itself."""
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
DELETED, MARKED = "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated"
EXPIRED, EXPIRED_MARKED = "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated"
SENT = tuple(
    f"s3:{kind}:"
    for kind in ("ObjectCreated", "ObjectRemoved", "ObjectTagging", "ObjectAcl", "LifecycleExpiration")
)
"""How the events begin that somebody here tells of."""
OF_VERSION_2_3 = ("Lifecycle", "ObjectAcl", "ObjectTagging")
REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
    "LifecycleExpiration:Delete": "Lifecycle Expiration",
    "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
}
"""Event → why EventBridge says that it came about."""


@dataclass(frozen=True)
class Message:
    """What waits to be sent."""

    bucket: str
    arn: str
    """The destination; empty where it is EventBridge."""
    content: dict[str, Any]


def tell(account: str, event: of_moto.S3NotificationEvent, bucket: Bucket, key: FakeKey) -> None:
    """What moto says of an object that is made; of the others it says too much, or too little."""
    if event.value.startswith("s3:ObjectCreated"):
        happened(bucket, event.value, key)


def happened(bucket: Bucket, event: str, key: FakeKey | FakeDeleteMarker, version: str | None = None) -> None:
    """Something happened to an object: whoever is to be told of it will be."""
    configuration = bucket.notification_configuration
    if configuration is None:
        return
    engine = engine_of(bucket)
    engine.sequence += 1
    told = Happening(bucket, event.removeprefix("s3:"), key, version, f"{engine.sequence:016X}")
    for one in _all(configuration):
        if one.matches(event, key.name):
            engine.unsent.append(Message(bucket.name, one.arn, told.record(one.id)))
    if configuration.event_bridge is not None:
        engine.unsent.append(Message(bucket.name, "", told.event()))


def engine_of(bucket: FakeBucket) -> S3Engine:
    found: S3Engine = s3_backends[bucket.account_id][bucket.partition]
    return found


def answer(configuration: Any) -> dict[str, Any]:
    """A configuration as GetBucketNotificationConfiguration gives it."""
    told: dict[str, Any] = {} if configuration.event_bridge is None else {"EventBridgeConfiguration": {}}
    for kind, name in (("topic", "Topic"), ("queue", "Queue"), ("cloud_function", "LambdaFunction")):
        told[f"{name}Configurations"] = [
            {"Id": one.id, f"{name}Arn": one.arn, "Events": one.events, **_filter(one)}
            for one in getattr(configuration, kind)
        ]
    return told


def _filter(notification: Any) -> dict[str, Any]:
    rules = _rules(notification)
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _rules(notification: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = notification.filters.get("S3Key", {}).get("FilterRule", [])
    return found


def now() -> str:
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _all(configuration: Any) -> Iterator[Any]:
    for kind in ("cloud_function", "queue", "topic"):
        yield from getattr(configuration, kind)


@dataclass(frozen=True)
class Happening:
    """One event, in the forms that it is told in."""

    bucket: Bucket
    name: str
    key: FakeKey | FakeDeleteMarker
    version: str | None
    sequencer: str

    def _object(self, name: str, etag: str, version: str) -> dict[str, Any]:
        found: dict[str, Any] = {"key": name}
        if not self.name.startswith(("ObjectRemoved", "LifecycleExpiration")):
            found |= {"size": self.key.size, etag: self.key.etag.strip('"')}
        if self.bucket.is_versioned:
            found[version] = self.version or str(self.key.version_id)
        return found | {"sequencer": self.sequencer}

    def record(self, configuration_id: str) -> dict[str, Any]:
        caller = current_caller()
        return {
            "eventVersion": "2.3" if self.name.startswith(OF_VERSION_2_3) else "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.bucket.region_name,
            "eventTime": now(),
            "eventName": self.name,
            "userIdentity": {"principalId": caller.principal.text if caller else "s3.amazonaws.com"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": REQUEST_ID.get()},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration_id,
                "bucket": {
                    "name": self.bucket.name,
                    "ownerIdentity": {"principalId": OWNER},
                    "arn": self.bucket.arn,
                },
                "object": self._object(quote_plus(self.key.name, safe="/"), "eTag", "versionId"),
            },
        }

    def event(self) -> dict[str, Any]:
        """An entry of PutEvents."""
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": self.bucket.name},
            "object": self._object(self.key.name, "etag", "version-id"),
            "request-id": REQUEST_ID.get(),
            "requester": self.bucket.account_id,
        }
        if self.name in REASONS:
            detail["reason"] = REASONS[self.name]
        if self.name.startswith(("ObjectRemoved", "LifecycleExpiration")):
            marked = self.name.endswith("DeleteMarkerCreated")
            detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
        return {
            "Source": "aws.s3",
            "DetailType": of_moto._detail_type(f"s3:{self.name}"),
            "Detail": json.dumps(detail),
            "Resources": [self.bucket.arn],
            "Time": clock.epoch(),
        }


def check(bucket: Bucket) -> None:
    """The destinations of a new configuration are there and let S3 tell them; no two share an event."""
    found = list(_all(bucket.notification_configuration))
    for event in (event for one in found for event in one.events if not event.startswith(SENT)):
        raise InvalidArgumentError("This offline account sends no such event", "Event", event)
    for first, second in combinations(found, 2):
        if _overlap(first, second):
            raise InvalidArgumentError(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                "Event",
                first.events[0],
            )
    for arn in dict.fromkeys(one.arn for one in found):
        if problem := _problem(bucket, arn):
            raise InvalidArgumentError(
                "Unable to validate the following destination configurations", arn, problem
            )


def _problem(bucket: Bucket, arn: str) -> str:
    from offline.iam.resources import resource_of  # as everything of other services: loaded when it is asked

    kind = {"sqs": "queue", "sns": "topic"}.get(arn.split(":")[2], "function")
    if resource_of(arn) is None:
        return f"The destination {kind} does not exist"
    if may_tell(bucket, arn):
        return ""
    if kind == "function":
        return f"Not authorized to invoke function [{arn}]"
    return f"Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket"


def may_tell(bucket: FakeBucket, arn: str) -> bool:
    """Whether the destination's policy lets S3 tell it of this bucket."""
    from offline.iam.resources import policy_of

    _, partition, kind, region, account, _ = arn.split(":", 5)
    context: dict[str, str | list[str]] = {
        "aws:sourcearn": bucket.arn,
        "aws:sourceaccount": bucket.account_id,
    }
    need = Need(ACTIONS[kind], arn, context)
    place = Place(account, region, partition)
    return decided(Caller(service("s3.amazonaws.com")), need, place, policy_of(arn)).allowed


def _overlap(first: Any, second: Any) -> bool:
    """Whether an event could concern both, of an object whose key both filters let pass."""
    events = [(a.rstrip("*"), b.rstrip("*")) for a in first.events for b in second.events]
    if not any(a.startswith(b) or b.startswith(a) for a, b in events):
        return False
    one, other = ({rule["Name"].lower(): rule["Value"] for rule in _rules(each)} for each in (first, second))
    prefixes, suffixes = ((one.get(name, ""), other.get(name, "")) for name in ("prefix", "suffix"))
    starts = prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])
    return starts and (suffixes[0].endswith(suffixes[1]) or suffixes[1].endswith(suffixes[0]))


def announce(account_id: str, bucket: Bucket) -> None:
    """Queues and topics get a test message, once they are told to be destinations."""
    check(bucket)
    told = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": now(), "Bucket": bucket.name}
    arns = dict.fromkeys(one.arn for one in _all(bucket.notification_configuration))
    engine_of(bucket).unsent += [
        Message(bucket.name, arn, told | {"RequestId": REQUEST_ID.get()})
        for arn in arns
        if ":lambda:" not in arn
    ]


def send(bucket: FakeBucket | None, message: Message, region: str, account: str) -> None:
    """A message that nobody may take, or that nobody is there to take, is lost, as on AWS."""
    if not message.arn:
        from moto.events.models import events_backends

        events_backends[account][region].put_events([message.content])
        return
    from offline.engines.targets import call_of

    call = call_of(message.arn)
    if call is None or bucket is None or not may_tell(bucket, message.arn):
        return
    told = message.content if "Event" in message.content else {"Records": [message.content]}
    own = partial(client_of_service, region=message.arn.split(":")[3])
    try:
        call({"Arn": message.arn}, json.dumps(told), own)
    except ClientError:
        return


of_moto.send_event, of_moto.send_test_event = tell, announce
