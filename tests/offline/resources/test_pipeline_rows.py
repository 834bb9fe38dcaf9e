"""Rows of the pipeline's services: changed in place, back at their defaults, read, and gone twice."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import boto3
import pytest

from offline.sandbox import Sandbox
from tests.offline.resources.stage import made

KEY = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
TAG = [{"Key": "lab", "Value": "lake"}]
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    },
}
OPEN = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
}


def role() -> str:
    return str(made("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST).attribute("Arn"))


def handler(text: str) -> str:
    return f"def handler(event, context):\n    return {text!r}\n"


def test_a_stream_changes_in_place_and_is_read(sandbox: Sandbox) -> None:
    stream = made("AWS::Kinesis::Stream", ShardCount=2, RetentionPeriodHours=48, Tags=TAG)
    stream.update("Tags", ShardCount=3, RetentionPeriodHours=36, StreamEncryption=KEY)
    summary = boto3.client("kinesis").describe_stream_summary(StreamName=stream.id)[
        "StreamDescriptionSummary"
    ]
    assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (3, 36)
    assert summary["EncryptionType"] == "KMS"
    assert stream.in_sync()
    stream.update("StreamEncryption", "RetentionPeriodHours")
    assert stream.read() == {
        "RetentionPeriodHours": 24,
        "ShardCount": 3,
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "Tags": [],
    }
    boto3.client("kinesis").increase_stream_retention_period(StreamName=stream.id, RetentionPeriodHours=72)
    assert stream.read()["RetentionPeriodHours"] == 72


def test_a_consumer_has_its_attributes(sandbox: Sandbox) -> None:
    stream = made("AWS::Kinesis::Stream", ShardCount=1)
    arn = stream.attribute("Arn")
    consumer = made("AWS::Kinesis::StreamConsumer", ConsumerName="reader", StreamARN=arn)
    found = boto3.client("kinesis").list_stream_consumers(StreamARN=arn)["Consumers"]
    assert [one["ConsumerARN"] for one in found] == [consumer.id]
    consumer.delete()
    assert boto3.client("kinesis").list_stream_consumers(StreamARN=arn)["Consumers"] == []


def test_a_bucket_changes_in_place_and_back(sandbox: Sandbox) -> None:
    block = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    bucket = made("AWS::S3::Bucket", AccessControl="Private", Tags=TAG)
    bucket.update(
        VersioningConfiguration={"Status": "Enabled"},
        PublicAccessBlockConfiguration=block,
        LifecycleConfiguration={"Rules": [{"Id": "r", "Status": "Enabled", "ExpirationInDays": 9}]},
    )
    s3 = boto3.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket.id)["Status"] == "Enabled"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket.id)["Rules"][0]["Expiration"]["Days"] == 9
    assert bucket.in_sync()
    s3.delete_public_access_block(Bucket=bucket.id)
    assert bucket.read()["PublicAccessBlockConfiguration"] == {}
    bucket.update("VersioningConfiguration", "PublicAccessBlockConfiguration", "LifecycleConfiguration")
    assert s3.get_bucket_versioning(Bucket=bucket.id)["Status"] == "Suspended"
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket.id)


def test_a_bucket_that_names_no_other_keeps_its_own_log(sandbox: Sandbox) -> None:
    bucket, s3 = made("AWS::S3::Bucket", LoggingConfiguration={"LogFilePrefix": "log/"}), boto3.client("s3")
    told = s3.get_bucket_logging(Bucket=bucket.id)["LoggingEnabled"]
    assert (told["TargetBucket"], told["TargetPrefix"]) == (bucket.id, "log/")
    bucket.update(LoggingConfiguration={})
    assert s3.get_bucket_logging(Bucket=bucket.id)["LoggingEnabled"]["TargetPrefix"] == ""
    assert bucket.read()["LoggingConfiguration"] == {"DestinationBucketName": bucket.id, "LogFilePrefix": ""}
    bucket.update("LoggingConfiguration")
    assert bucket.read()["LoggingConfiguration"] == {}


CORS = {"CorsRules": [{
    "Id": "site",
    "AllowedHeaders": ["*"],
    "AllowedMethods": ["GET", "PUT"],
    "AllowedOrigins": ["https://example.com"],
    "ExposedHeaders": ["ETag"],
    "MaxAge": 60,
}]}  # fmt: skip


def test_a_bucket_has_the_rules_of_cors_of_its_template(sandbox: Sandbox) -> None:
    bucket, s3 = made("AWS::S3::Bucket", CorsConfiguration=CORS), boto3.client("s3")
    [rule] = s3.get_bucket_cors(Bucket=bucket.id)["CORSRules"]
    assert (rule["ID"], rule["ExposeHeaders"], rule["MaxAgeSeconds"]) == ("site", ["ETag"], 60)
    assert bucket.in_sync()
    plain = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    bucket.update(CorsConfiguration={"CorsRules": [plain]})
    assert s3.get_bucket_cors(Bucket=bucket.id)["CORSRules"] == [plain]
    assert bucket.in_sync()
    bucket.update("CorsConfiguration")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket.id)


@pytest.mark.parametrize(
    ("name", "value", "drop", "arguments"),
    [
        ("CorsConfiguration", CORS, "delete_bucket_cors", {}),
        ("LoggingConfiguration", {"LogFilePrefix": "a"}, "put_bucket_logging", {"BucketLoggingStatus": {}}),
    ],
)
def test_a_configuration_that_was_taken_away_by_hand_is_drift(
    sandbox: Sandbox, name: str, value: dict[str, Any], drop: str, arguments: dict[str, Any]
) -> None:
    cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
    body = {"Resources": {"It": {"Type": "AWS::S3::Bucket", "Properties": {name: value}}}}
    cloudformation.create_stack(StackName="one", TemplateBody=json.dumps(body))

    def drift() -> Any:
        told = cloudformation.detect_stack_resource_drift(StackName="one", LogicalResourceId="It")
        return told["StackResourceDrift"]

    assert drift()["StackResourceDriftStatus"] == "IN_SYNC"
    getattr(s3, drop)(Bucket=drift()["PhysicalResourceId"], **arguments)
    assert drift()["StackResourceDriftStatus"] == "MODIFIED"
    [difference] = drift()["PropertyDifferences"]
    assert difference["DifferenceType"] == "REMOVE"
    assert difference["PropertyPath"].startswith(f"/{name}/")


def test_a_bucket_tells_whom_its_template_names(sandbox: Sandbox) -> None:
    queue = made("AWS::SQS::Queue", QueueName="q")
    arn = queue.attribute("Arn")
    allowed = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Statement": [{**allowed, "Resource": arn}]}
    made("AWS::SQS::QueuePolicy", Queues=[queue.id], PolicyDocument=policy)
    rules = [{"Name": "prefix", "Value": "in/"}]
    told = {"Event": "s3:ObjectCreated:*", "Queue": arn, "Filter": {"S3Key": {"Rules": rules}}}
    bucket = made("AWS::S3::Bucket", NotificationConfiguration={"QueueConfigurations": [told]})
    assert bucket.in_sync()
    s3 = boto3.client("s3")
    [found] = s3.get_bucket_notification_configuration(Bucket=bucket.id)["QueueConfigurations"]
    assert (found["QueueArn"], found["Events"]) == (arn, ["s3:ObjectCreated:*"])
    bucket.update(NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}})
    assert bucket.in_sync()
    bucket.update("NotificationConfiguration")
    told = s3.get_bucket_notification_configuration(Bucket=bucket.id)
    assert not {"QueueConfigurations", "EventBridgeConfiguration"} & told.keys()


def test_a_bucket_policy_is_read_and_gone(sandbox: Sandbox) -> None:
    bucket = made("AWS::S3::Bucket")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    statement |= {"Resource": f"arn:aws:s3:::{bucket.id}/*"}
    policy = made(
        "AWS::S3::BucketPolicy",
        Bucket=bucket.id,
        PolicyDocument={"Version": "2012-10-17", "Statement": [statement]},
    )
    assert policy.in_sync()
    boto3.client("s3").delete_bucket_policy(Bucket=bucket.id)
    assert policy.read() is None


def test_a_log_group_changes_its_retention(sandbox: Sandbox) -> None:
    group = made("AWS::Logs::LogGroup", RetentionInDays=7)
    group.update(RetentionInDays=14, Tags=TAG)
    assert group.in_sync()
    group.update("RetentionInDays", "Tags")
    assert group.read() == {"LogGroupName": group.id}


def test_a_key_changes_its_description_rotation_and_state(sandbox: Sandbox) -> None:
    key = made("AWS::KMS::Key", KeyPolicy=OPEN, Description="lake", EnableKeyRotation=True)
    assert key.in_sync()
    key.update("EnableKeyRotation", Description="other", Enabled=False)
    about = boto3.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert (about["Description"], about["KeyState"]) == ("other", "Disabled")
    assert key.read()["EnableKeyRotation"] is False


def test_a_function_runs_its_new_code_with_its_new_settings(sandbox: Sandbox) -> None:
    function = made(
        "AWS::Lambda::Function",
        Role=role(),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": handler("old")},
        Timeout=5,
        Environment={"Variables": {"A": "1"}},
        Tags=TAG,
    )
    assert function.in_sync()
    function.update("Environment", Code={"ZipFile": handler("new")}, Timeout=9)
    answer = boto3.client("lambda").invoke(FunctionName=function.id)
    assert json.loads(answer["Payload"].read()) == "new"
    configuration = boto3.client("lambda").get_function_configuration(FunctionName=function.id)
    assert configuration["Timeout"] == 9
    assert not configuration.get("Environment", {}).get("Variables")


def test_a_function_without_its_settings_has_those_of_aws(sandbox: Sandbox) -> None:
    given = {
        "Timeout": 9,
        "MemorySize": 512,
        "EphemeralStorage": {"Size": 1024},
        "TracingConfig": {"Mode": "Active"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "flights"},
    }
    code = {"ZipFile": handler("one")}
    function = made(
        "AWS::Lambda::Function",
        Role=role(),
        Runtime="python3.12",
        Handler="index.handler",
        Code=code,
        **given,
    )
    function.update(*given)
    told = boto3.client("lambda").get_function_configuration(FunctionName=function.id)
    assert {name: told[name] for name in given} == {
        "Timeout": 3,
        "MemorySize": 128,
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.id}"},
    }


def test_a_state_machine_takes_another_definition(sandbox: Sandbox) -> None:
    def passing(word: str) -> str:
        state = {"Type": "Pass", "Result": {"word": word}, "End": True}
        return json.dumps({"StartAt": "P", "States": {"P": state}})

    machine = made("AWS::StepFunctions::StateMachine", RoleArn=role(), DefinitionString=passing("one"))
    machine.update(DefinitionString=passing("two"), Tags=TAG)
    assert machine.in_sync()
    states = boto3.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine.id)["executionArn"]
    sandbox.settle()
    assert json.loads(states.describe_execution(executionArn=execution)["output"]) == {"word": "two"}


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Kinesis::Stream", {"ShardCount": 1}),
        ("AWS::S3::Bucket", {}),
        ("AWS::Logs::LogGroup", {}),
        ("AWS::KMS::Key", {"KeyPolicy": OPEN}),
    ],
)
def test_what_was_deleted_by_hand_is_told_and_no_error(
    sandbox: Sandbox, kind: str, properties: dict[str, Any]
) -> None:
    resource = made(kind, **properties)
    resource.delete()
    assert resource.read() is None
    if kind != "AWS::KMS::Key":
        resource.delete()


def test_a_failing_creation_leaves_nothing_behind(sandbox: Sandbox) -> None:
    rule = {
        "Id": "r",
        "Status": "Enabled",
        "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 3}],
    }
    template = {
        "Resources": {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"LifecycleConfiguration": {"Rules": [rule]}},
            }
        }
    }
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="one", TemplateBody=json.dumps(template))
    assert cloudformation.describe_stacks(StackName="one")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert boto3.client("s3").list_buckets()["Buckets"] == []


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as folder:
        folder.writestr("index.py", handler(text))
    return buffer.getvalue()


def test_a_function_takes_code_from_a_bucket(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="a.zip", Body=archive("from the bucket"))
    function = made(
        "AWS::Lambda::Function",
        Role=role(),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": handler("inline")},
    )
    function.update(Code={"S3Bucket": "code", "S3Key": "a.zip"})
    answer = boto3.client("lambda").invoke(FunctionName=function.id)
    assert json.loads(answer["Payload"].read()) == "from the bucket"


def test_a_bucket_that_was_public_is_private_once_the_template_no_longer_says_so(sandbox: Sandbox) -> None:
    owner = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    bucket = made("AWS::S3::Bucket", AccessControl="PublicRead", OwnershipControls=owner)
    s3 = boto3.client("s3")
    assert len(s3.get_bucket_acl(Bucket=bucket.id)["Grants"]) == 2
    bucket.update("AccessControl")
    [grant] = s3.get_bucket_acl(Bucket=bucket.id)["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    bucket.update("OwnershipControls")
    with pytest.raises(s3.exceptions.ClientError, match="OwnershipControlsNotFoundError"):
        s3.get_bucket_ownership_controls(Bucket=bucket.id)
