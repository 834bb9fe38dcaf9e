"""A real account: the session the learner's own configuration gives, and how to empty what was deployed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from labs import served
from labs.context import Context, Progress, pages, silent
from labs.errors import DeployError, UsageError
from labs.flights import TOTAL
from labs.options import Where

CDK_CLI = "aws-cdk@2.1148.1"
"""The CDK command line that the stacks were tried with; npm's `latest` is another program."""


SANDBOX_KEYS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
"""Keys that no account gave out: the sandbox takes whoever has them for its root user."""


def context(rows: int, progress: Progress) -> Context:
    """Clients of the account that the environment names."""
    from botocore.exceptions import BotoCoreError

    try:
        configured = session()
        identity = configured.get_credentials()
    except BotoCoreError as error:
        raise UsageError(f"{error}; set AWS_PROFILE to a profile that exists") from None
    if not configured.region_name or identity is None:
        raise UsageError("an AWS account needs credentials and a region: set AWS_PROFILE and AWS_REGION")
    # Libraries that make clients of their own, as the Encryption SDK does, read the environment.
    os.environ["AWS_DEFAULT_REGION"] = configured.region_name
    return Context(configured.client, time.sleep, configured.region_name, rows, progress)


def session() -> Any:
    """What the environment configures; AWS_REGION counts, as for the CDK and every SDK but boto3."""
    import boto3

    return boto3.Session(region_name=os.environ.get("AWS_REGION"))


def configured_region() -> str:
    """The region of the environment or of its profile; empty where none is, or no such profile."""
    from botocore.exceptions import BotoCoreError

    try:
        return session().region_name or ""
    except BotoCoreError:
        return ""


def sandbox(rows: int, progress: Progress) -> Context:
    """Clients of the account that `labs sandbox` serves; waiting moves its clock."""
    import boto3

    endpoint = served.endpoint()
    served.clock(endpoint)  # refused where nothing answers
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    os.environ |= {**SANDBOX_KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": region}
    client = boto3.Session(region_name=region).client
    return Context(client, partial(served.advance, endpoint), region, rows, progress)


def at(where: Where, rows: int = TOTAL, progress: Progress = silent) -> Context:
    """The account that outlives this process: the one of the environment, or the one that is served."""
    return (sandbox if where is Where.sandbox else context)(rows, progress)


def deployed(found: Context, nouns: Iterable[str]) -> list[str]:
    """Those of the labs whose stacks exist."""
    summaries = pages(found.client("cloudformation"), "list_stacks", "StackSummaries")
    existing = {one["StackName"] for one in summaries if one["StackStatus"] != "DELETE_COMPLETE"}
    return [noun for noun in nouns if f"{found.prefix}-{noun}" in existing]


def stacks(found: Context, nouns: Iterable[str]) -> list[dict[str, Any]]:
    """What is deployed, as reports keep it, each stack behind those whose exports it imports."""
    from labs.report.resources import views

    cloudformation, records = found.client("cloudformation"), {}
    for noun in deployed(found, nouns):
        name = f"{found.prefix}-{noun}"
        body = cloudformation.get_template(StackName=name)["TemplateBody"]
        template = json.loads(body) if isinstance(body, str) else body
        records[name] = {"name": name, "noun": noun, "template": template}
    needs = {view.name: view.needs for view in views(list(records.values()))}
    return [records[name] for name in TopologicalSorter(needs).static_order()]


def destroy(found: Context, nouns: list[str], on_stack: Callable[[str, str], None]) -> list[str]:
    """Every stack is deleted with what its buckets hold, importers first; what could not be, and why."""
    from botocore.exceptions import ClientError

    cloudformation, left = found.client("cloudformation"), []
    for name in [stack["name"] for stack in reversed(stacks(found, nouns))]:
        on_stack(name, "deleting")
        for bucket in _buckets(cloudformation, name):
            empty_bucket(found.client("s3"), bucket)
        try:
            cloudformation.delete_stack(StackName=name)
        except ClientError as error:
            left.append(f"{name}: {error.response['Error']['Message']}")
            continue
        left += _waited(found, cloudformation, name)
        on_stack(name, "deleted")
    return left


def _buckets(cloudformation: Any, stack: str) -> list[str]:
    resources = pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return [
        one["PhysicalResourceId"]
        for one in resources
        if one["ResourceType"] == "AWS::S3::Bucket" and one["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def empty_bucket(s3: Any, bucket: str, prefix: str = "") -> int:
    """Every version and delete marker under a prefix is gone; how many there were."""
    gone = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        gone += len(found)
    return gone


def _waited(found: Context, cloudformation: Any, name: str) -> list[str]:
    """Nothing once the stack is gone; its name and reason where AWS could not delete it."""
    stack = found.until(
        lambda: next((one for one in _all(cloudformation) if one["StackName"] == name), None),
        lambda one: one is None or one["StackStatus"] == "DELETE_FAILED",
        every=10,
        what=f"deleting stack {name}",
    )
    return [] if stack is None else [f"{name}: {stack.get('StackStatusReason', 'DELETE_FAILED')}"]


def _all(cloudformation: Any) -> list[dict[str, Any]]:
    return pages(cloudformation, "describe_stacks", "Stacks")


def require_deployed(found: Context, nouns: list[str]) -> None:
    """All stacks that the labs need exist, or an error says how to deploy the missing ones."""
    missing = sorted(set(nouns) - set(deployed(found, nouns)))
    if missing:
        names = " ".join(f"{found.prefix}-{noun}" for noun in missing)
        raise DeployError(f"not deployed: {names}; deploy with `npx {CDK_CLI} deploy {names}`")
