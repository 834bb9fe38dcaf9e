"""Play AWS CloudFormation: stacks are resolved here and created by the resource rows.

moto's own CloudFormation skips unknown types and drops properties; none of it is used but the
request layer. What a row cannot create fails the stack, which is rolled back.

Offline differs: a stack is done when its request is answered, unless it waits for signals; change sets
tell of a nested stack that it changes, not what changes in it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlparse

import boto3
from moto.cloudformation.exceptions import ValidationError
from moto.core.base_backend import BaseBackend

from offline.cloudformation import drift, urls
from offline.cloudformation.planning import ChangeSets
from offline.cloudformation.stack import Stack
from offline.engine import Engine


class CloudFormationEngine(ChangeSets, Engine, BaseBackend):
    """The stacks of one region."""

    service = "cloudformation"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.detections: dict[str, drift.Detection] = {}

    @property
    def _url_module(self) -> Any:
        return urls

    def resume(self) -> bool:
        """A stack that was being worked on has failed where it stood; deleting it works as ever."""
        midst = [
            stack
            for stack in self.stacks.values()
            if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS"
        ]
        for stack in midst:
            stack.interrupt()
        return bool(midst)

    def detect_drift(self, name: str, logical_ids: list[str] | None = None) -> drift.Detection:
        stack = self.stack(name)
        unknown = sorted(set(logical_ids or []) - set(stack.resources))
        if unknown:
            raise ValidationError(message=f"Resource {unknown[0]} does not exist for stack {stack.name}")
        detection = drift.detect(stack, logical_ids)
        self.detections[detection.id] = detection
        return detection

    def drifts_of(self, stack: Stack) -> list[drift.ResourceDrift]:
        """What the newest detection of each resource found."""
        found = {
            one.logical_id: one
            for detection in self.detections.values()
            if detection.stack is stack
            for one in detection.drifts
        }
        return [one for id, one in found.items() if id in stack.resources]

    def template_at(self, url: str) -> str:
        """The template that lies at an S3 address, path style or virtual-hosted."""
        parsed = urlparse(url)
        path = unquote(parsed.path).lstrip("/")
        if parsed.netloc.startswith(("s3.", "s3-", "localhost", "127.0.0.1")):
            bucket, _, key = path.partition("/")
        else:
            bucket, key = parsed.netloc.split(".s3", 1)[0], path
        if not bucket or not key:
            raise ValidationError(message=f"S3 error: got {url}, which names no object of a bucket")
        s3 = boto3.client("s3", region_name=self.region_name)
        try:
            return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
        except s3.exceptions.ClientError as error:
            raise ValidationError(message=f"S3 error: {error.response['Error']['Message']}") from None
