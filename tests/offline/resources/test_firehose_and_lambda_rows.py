"""Delivery streams and functions come from a template and leave with it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.resources import row_of
from offline.resources.row import Physical, Properties, Resource
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role


def create(kind: str, properties: dict[str, Any]) -> tuple[Resource, Physical]:
    given = Properties(properties)
    resource = Resource(
        kind, "Thing", "stack", "stack-id", ACCOUNT_ID, "us-east-1", given, {"lab": "streaming"}
    )
    physical = row_of(kind).create(resource)
    assert list(given.unread()) == []
    return resource, physical


def test_a_function_from_source_text_runs_and_is_deleted(sandbox: Sandbox) -> None:
    source = "def handler(event, context): return event"
    settings = {
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": role("function", "lambda.amazonaws.com"),
        "Code": {"ZipFile": source},
    }
    resource, function = create("AWS::Lambda::Function", settings)
    functions = boto3.client("lambda")
    assert functions.invoke(FunctionName=function.id, Payload=b"7")["Payload"].read() == b"7"
    assert functions.list_tags(Resource=function.attributes["Arn"])["Tags"] == {"lab": "streaming"}
    row_of(resource.type).delete(resource, function)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_function(FunctionName=function.id)


def test_a_delivery_stream_takes_text_for_numbers_and_is_deleted(sandbox: Sandbox) -> None:
    boto3.client("s3").create_bucket(Bucket="lake")
    hints = {"SizeInMBs": "1", "IntervalInSeconds": "60"}
    destination = {
        "RoleARN": role("delivery", "firehose.amazonaws.com"),
        "BucketARN": "arn:aws:s3:::lake",
        "BufferingHints": hints,
    }
    resource, stream = create(
        "AWS::KinesisFirehose::DeliveryStream", {"ExtendedS3DestinationConfiguration": destination}
    )
    firehose = boto3.client("firehose")
    described = firehose.describe_delivery_stream(DeliveryStreamName=stream.id)["DeliveryStreamDescription"]
    assert described["DeliveryStreamARN"] == stream.attributes["Arn"]
    row_of(resource.type).delete(resource, stream)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []
