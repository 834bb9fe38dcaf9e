"""Event sources and layers of functions come from a template, change and leave with it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.deploy import leftovers
from offline.resources.coverage import Change, Status, coverage
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role as lambda_role
from tests.offline.engines.test_lambda_layers import packed
from tests.offline.engines.test_lambda_sources import QUEUE, STREAM, function, got, put
from tests.offline.resources.stage import made

MAPPING = "AWS::Lambda::EventSourceMapping"
TAGS = [{"Key": "lab", "Value": "streaming"}]


def functions() -> Any:
    return boto3.client("lambda")


@pytest.fixture
def kinesis(sandbox: Sandbox) -> Any:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="flights", ShardCount=1)
    boto3.client("sqs").create_queue(QueueName="flights", Attributes={"VisibilityTimeout": "60"})
    boto3.client("sqs").create_queue(QueueName="lost")
    function()
    return client


def test_a_mapping_changes_in_place_and_what_is_left_out_is_as_usual_again(
    kinesis: Any, sandbox: Sandbox
) -> None:
    lost = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:lost"}}
    staged = made(
        MAPPING,
        EventSourceArn=STREAM,
        FunctionName="reads",
        StartingPosition="TRIM_HORIZON",
        BatchSize=5,
        BisectBatchOnFunctionError=True,
        DestinationConfig=lost,
        Enabled=False,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumBatchingWindowInSeconds=20,
        MaximumRecordAgeInSeconds=600,
        MaximumRetryAttempts=4,
        ParallelizationFactor=2,
        Tags=TAGS,
    )
    assert staged.attribute("EventSourceMappingArn").endswith(f":event-source-mapping:{staged.id}")
    assert staged.in_sync()
    staged.update(BatchSize=7, Enabled=True, Tags=[{"Key": "lab", "Value": "other"}])
    assert staged.in_sync()
    put(kinesis, "a")
    sandbox.advance(seconds=30)
    assert got() == [["a"]]
    staged.update(
        *("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "FunctionResponseTypes"),
        *("MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "Tags"),
    )
    found = functions().get_event_source_mapping(UUID=staged.id)
    assert (found["BatchSize"], found["MaximumRetryAttempts"], found["MaximumRecordAgeInSeconds"]) == (
        100, -1, -1
    )  # fmt: skip
    assert (found["DestinationConfig"], found["FunctionResponseTypes"]) == ({}, [])
    assert functions().list_tags(Resource=staged.attribute("EventSourceMappingArn"))["Tags"] == {}
    functions().update_event_source_mapping(UUID=staged.id, BatchSize=9)
    assert staged.read()["BatchSize"] == 9
    staged.delete()
    assert staged.read() is None
    staged.delete()


def test_a_mapping_of_a_queue_has_the_batches_of_a_queue(kinesis: Any) -> None:
    staged = made(
        MAPPING,
        EventSourceArn=QUEUE,
        FunctionName="reads",
        BatchSize=5,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    assert staged.in_sync()
    staged.update("BatchSize")
    assert functions().get_event_source_mapping(UUID=staged.id)["BatchSize"] == 10


def test_coverage_of_a_mapping_says_what_is_done_and_what_is_not() -> None:
    found = {one.path: one for one in coverage(MAPPING).properties}
    assert (found["BatchSize"].status, found["BatchSize"].change) == (Status.honoured, Change.in_place)
    assert found["StartingPosition"].change is Change.replaces
    assert found["ParallelizationFactor"].status is Status.inert
    assert found["FilterCriteria"].status is Status.unsupported
    assert coverage(MAPPING).unanswered == ()


def test_how_a_function_logs_changes_in_place_and_drifts(sandbox: Sandbox) -> None:
    staged = made(
        "AWS::Lambda::Function",
        Handler="index.handler",
        Runtime="python3.13",
        Role=lambda_role("logs-role", "lambda.amazonaws.com"),
        Code={"ZipFile": "def handler(event, context): pass"},
        LoggingConfig={
            "LogFormat": "JSON",
            "ApplicationLogLevel": "FATAL",
            "SystemLogLevel": "WARN",
            "LogGroup": "flights",
        },
    )
    assert staged.in_sync()
    own = {"LogGroup": f"/aws/lambda/{staged.id}"}
    usual = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    staged.update(LoggingConfig={"LogFormat": "JSON"})
    assert staged.read()["LoggingConfig"] == {"LogFormat": "JSON", **usual, **own}
    staged.update(LoggingConfig={"LogGroup": "others"})
    assert staged.read()["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "others"}
    staged.update("LoggingConfig")
    assert staged.read()["LoggingConfig"] == {"LogFormat": "Text", **own}
    staged.update(LoggingConfig={"LogFormat": "Text", "LogGroup": "others"})
    assert staged.in_sync()
    functions().update_function_configuration(FunctionName=staged.id, LoggingConfig={"LogFormat": "JSON"})
    assert not staged.in_sync()


def role(*actions: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]}}
            ],
        },
    }


def stack(resources: dict[str, Any], change: str = "create") -> dict[str, Any]:
    """The stack that comes of a template, or of its update."""
    stacks = boto3.client("cloudformation")
    body = json.dumps({"Resources": resources})
    call = getattr(stacks, f"{change}_stack")
    call(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    return dict(stacks.describe_stacks(StackName="s")["Stacks"][0])


def reads_a_stream(*actions: str, source: str = "Stream", start: str = "TRIM_HORIZON") -> dict[str, Any]:
    code = (
        "import json\ndef handler(event, context):\n    print('got ' + json.dumps(len(event['Records'])))\n"
    )
    return {
        "Role": role("logs:*", *actions),
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "flights", "ShardCount": 1}},
        "Other": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "reads",
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": code},
            },
        },
        "Mapping": {
            "Type": MAPPING,
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": [source, "Arn"]},
                "FunctionName": {"Ref": "Function"},
                "StartingPosition": start,
            },
        },
    }


def test_a_stack_reads_its_stream_and_leaves_nothing(sandbox: Sandbox) -> None:
    found = stack(reads_a_stream("kinesis:*"))
    assert found["StackStatus"] == "CREATE_COMPLETE", found.get("StackStatusReason")
    put(boto3.client("kinesis"), "a", "b")
    sandbox.settle()
    assert got() == [2]
    assert leftovers().count(f"lambda event source {STREAM}") == 1
    found = stack(reads_a_stream("kinesis:*", source="Other"), "update")
    assert found["StackStatus"] == "UPDATE_COMPLETE", found.get("StackStatusReason")
    [mapping] = functions().list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] != STREAM
    boto3.client("cloudformation").delete_stack(StackName="s")
    assert functions().list_event_source_mappings()["EventSourceMappings"] == []
    assert leftovers() == ["logs group /aws/lambda/reads"]


def test_a_mapping_cannot_be_replaced_by_one_of_the_same_source(sandbox: Sandbox) -> None:
    """What replaces is created first, and Lambda has one mapping of a source and a function."""
    stack(reads_a_stream("kinesis:*"))
    found = stack(reads_a_stream("kinesis:*", start="LATEST"), "update")
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "already exists" in found["StackStatusReason"]
    [mapping] = functions().list_event_source_mappings()["EventSourceMappings"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_a_role_that_may_not_read_the_stream_fails_the_stack(sandbox: Sandbox) -> None:
    found = stack(reads_a_stream("kinesis:DescribeStream"))
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Please ensure the role can perform the GetRecords" in found["StackStatusReason"]


def packed_layer(text: str = "NAME = 'layer'") -> dict[str, str]:
    """Where in S3 a layer's archive lies."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="l.zip", Body=packed(("python/shared.py", text)))
    return {"S3Bucket": "assets", "S3Key": "l.zip"}


def test_a_layer_is_published_shared_and_deleted(sandbox: Sandbox) -> None:
    staged = made(
        "AWS::Lambda::LayerVersion",
        LayerName="shared",
        Content=packed_layer(),
        CompatibleArchitectures=["x86_64"],
        CompatibleRuntimes=["python3.13"],
        Description="d",
        LicenseInfo="MIT",
    )
    assert staged.id == "arn:aws:lambda:us-east-1:123456789012:layer:shared:1"
    assert staged.in_sync()
    grant = made(
        "AWS::Lambda::LayerVersionPermission",
        LayerVersionArn=staged.id,
        Action="lambda:GetLayerVersion",
        Principal="*",
        OrganizationId="o-0123456789",
    )
    policy = functions().get_layer_version_policy(LayerName="shared", VersionNumber=1)["Policy"]
    [statement] = json.loads(policy)["Statement"]
    assert grant.id == f"{staged.id}#{statement['Sid']}"
    grant.delete()
    grant.delete()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions().get_layer_version_policy(LayerName="shared", VersionNumber=1)
    assert "lambda layer shared" in leftovers()
    staged.delete()
    assert staged.read() is None
    staged.delete()


def uses_a_layer(description: str) -> dict[str, Any]:
    return {
        "Role": role("logs:*"),
        "Layer": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {
                "Content": {"S3Bucket": "assets", "S3Key": "l.zip"},
                "LayerName": "shared",
                "Description": description,
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "uses",
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Layers": [{"Ref": "Layer"}],
                "Code": {"ZipFile": "import shared\ndef handler(event, context):\n    return shared.NAME\n"},
            },
        },
    }


def test_a_stack_replaces_a_layer_and_its_function_follows(sandbox: Sandbox) -> None:
    packed_layer()
    found = stack(uses_a_layer("first"))
    assert found["StackStatus"] == "CREATE_COMPLETE", found.get("StackStatusReason")
    invoke = functions().invoke
    assert json.load(invoke(FunctionName="uses", Payload=b"{}")["Payload"]) == "layer"
    newer = packed(("python/shared.py", "NAME = 'newer'"))
    boto3.client("s3").put_object(Bucket="assets", Key="l.zip", Body=newer)
    found = stack(uses_a_layer("second"), "update")
    assert found["StackStatus"] == "UPDATE_COMPLETE", found.get("StackStatusReason")
    assert json.load(invoke(FunctionName="uses", Payload=b"{}")["Payload"]) == "newer"
    [version] = functions().list_layer_versions(LayerName="shared")["LayerVersions"]
    assert version["Version"] == 2
