"""Play Amazon SQS: a dead-letter queue says whose it is, and changing one attribute keeps the others.

Source: Amazon SQS API Reference, "SetQueueAttributes".
"""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, SQSBackend

from offline.engine import Engine

ALLOW = "RedriveAllowPolicy"


class SqsEngine(Engine, SQSBackend):
    """moto's queues, with what it forgets of their attributes."""

    service = "sqs"

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **attributes: Any) -> Queue:
        arn = f"arn:{self.partition}:sqs:{self.region_name}:{self.account_id}:{name}"
        self._refuse_dead_letters(arn, attributes)
        return super().create_queue(name, tags, **_one_encryption(attributes))

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Queue:
        """moto takes a policy that is not named for one that is removed."""
        queue = self.get_queue(queue_name)
        self._refuse_dead_letters(queue.queue_arn, attributes)
        return super().set_queue_attributes(
            queue_name, {"Policy": queue.policy, **_one_encryption(attributes)}
        )

    def get_queue_attributes(self, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        others = [name for name in attribute_names if name != ALLOW]
        found = dict(super().get_queue_attributes(queue_name, others))
        policy = getattr(self.get_queue(queue_name), "redrive_allow_policy", None)
        return found | ({ALLOW: policy} if policy and {"All", ALLOW} & set(attribute_names) else {})

    def _refuse_dead_letters(self, source: str, attributes: dict[str, Any]) -> None:
        """A queue may send its dead letters only where it is allowed to."""
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        target = redrive.get("deadLetterTargetArn", "").rsplit(":", 1)[-1]
        policy = json.loads(getattr(self.queues.get(target), "redrive_allow_policy", None) or "{}")
        permission = policy.get("redrivePermission", "allowAll")
        if permission == "allowAll" or source in policy.get("sourceQueueArns", []):
            return
        raise SQSException(
            "InvalidParameterValue",
            f"Value {attributes['RedrivePolicy']} for parameter RedrivePolicy is invalid. Reason: the "
            f"RedriveAllowPolicy of {target} is {permission} and does not allow {source}.",
        )


def _one_encryption(attributes: dict[str, Any]) -> dict[str, Any]:
    """SSE-KMS takes the place of SSE-SQS: a queue has one of them."""
    if not attributes.get("KmsMasterKeyId"):
        return attributes
    if str(attributes.get("SqsManagedSseEnabled")).lower() == "true":
        raise SQSException(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption at one time. "
            "You can either enable KMS encryption or SQS encryption.",
        )
    return {**attributes, "SqsManagedSseEnabled": "false"}
