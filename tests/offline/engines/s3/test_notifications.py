"""Event notifications of S3: who is told of what, in which form, and who may be told."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.test_lambda_ import archive, deploy, messages

ACCOUNT = "123456789012"
KEYS = "arn:aws:s3:::box"


def s3() -> Any:
    return boto3.client("s3")


@pytest.fixture
def bucket(sandbox: Sandbox) -> Sandbox:
    s3().create_bucket(Bucket="box")
    return sandbox


def queue(name: str = "events", *, source: str = KEYS) -> tuple[str, str]:
    """Address and ARN of a queue that S3 may send to for a bucket."""
    sqs = boto3.client("sqs")
    url, arn = sqs.create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allowed]})})
    return url, arn


def told(url: str) -> list[dict[str, Any]]:
    """What a queue was told, but for the test message."""
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    bodies = [json.loads(one["Body"]) for one in found]
    return [record for body in bodies for record in body.get("Records", [])]


def configure(*queues: dict[str, Any], **others: Any) -> None:
    configuration = {"QueueConfigurations": list(queues), **others} if queues else others
    s3().put_bucket_notification_configuration(Bucket="box", NotificationConfiguration=configuration)


def key_filter(**rules: str) -> dict[str, Any]:
    return {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}}


def test_a_queue_is_told_of_objects_in_awss_form(bucket: Sandbox) -> None:
    url, arn = queue()
    configure({"Id": "all", "QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]})
    put = s3().put_object(Bucket="box", Key="a/b c", Body=b"1234")
    s3().delete_object(Bucket="box", Key="a/b c")
    assert told(url) == []
    bucket.settle()
    created, removed = told(url)
    assert created == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-05T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": f"arn:aws:iam::{ACCOUNT}:root"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": put["ResponseMetadata"]["RequestId"]},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "all",
            "bucket": {
                "name": "box",
                "ownerIdentity": {"principalId": s3().get_bucket_acl(Bucket="box")["Owner"]["ID"]},
                "arn": "arn:aws:s3:::box",
            },
            "object": {
                "key": "a/b+c",
                "size": 4,
                "eTag": put["ETag"].strip('"'),
                "sequencer": created["s3"]["object"]["sequencer"],
            },
        },
    }
    assert removed["eventName"] == "ObjectRemoved:Delete"
    assert removed["s3"]["object"].keys() == {"key", "sequencer"}
    assert removed["s3"]["object"]["sequencer"] > created["s3"]["object"]["sequencer"]


def test_a_queue_is_told_that_it_is_a_destination(bucket: Sandbox) -> None:
    url, arn = queue()
    configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]})
    bucket.settle()
    [message] = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]).items() >= {"Event": "s3:TestEvent", "Bucket": "box"}.items()


def test_each_way_to_make_and_to_remove_an_object_has_its_event(bucket: Sandbox) -> None:
    url, arn = queue()
    client = s3()
    client.put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]})
    first = client.put_object(Bucket="box", Key="a", Body=b"1")["VersionId"]
    client.copy_object(Bucket="box", Key="b", CopySource={"Bucket": "box", "Key": "a"})
    upload = client.create_multipart_upload(Bucket="box", Key="c")["UploadId"]
    part = client.upload_part(Bucket="box", Key="c", UploadId=upload, PartNumber=1, Body=b"2")["ETag"]
    client.complete_multipart_upload(
        Bucket="box", Key="c", UploadId=upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]}
    )
    marker = client.delete_object(Bucket="box", Key="a")["VersionId"]
    client.delete_objects(Bucket="box", Delete={"Objects": [{"Key": "a", "VersionId": first}]})
    bucket.settle()
    records = told(url)
    assert [(one["eventName"], one["s3"]["object"]["key"]) for one in records] == [
        ("ObjectCreated:Put", "a"),
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:CompleteMultipartUpload", "c"),
        ("ObjectRemoved:DeleteMarkerCreated", "a"),
        ("ObjectRemoved:Delete", "a"),
    ]
    versions = [one["s3"]["object"]["versionId"] for one in records]
    assert (versions[0], versions[3], versions[4]) == (first, marker, first)


def test_tags_and_acls_have_events_where_they_are_put_by_themselves(bucket: Sandbox) -> None:
    url, arn = queue()
    s3().put_bucket_ownership_controls(
        Bucket="box", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    configure({"QueueArn": arn, "Events": ["s3:ObjectTagging:*", "s3:ObjectAcl:Put"]})
    s3().put_object(Bucket="box", Key="a", Body=b"1", Tagging="a=b", ACL="private")
    s3().put_object_tagging(Bucket="box", Key="a", Tagging={"TagSet": [{"Key": "a", "Value": "c"}]})
    s3().delete_object_tagging(Bucket="box", Key="a")
    s3().put_object_acl(Bucket="box", Key="a", ACL="private")
    bucket.settle()
    found = [(one["eventName"], one["eventVersion"]) for one in told(url)]
    assert found == [("ObjectTagging:Put", "2.3"), ("ObjectTagging:Delete", "2.3"), ("ObjectAcl:Put", "2.3")]


@pytest.mark.parametrize("versioned", [False, True])
def test_lifecycle_tells_what_it_expires(bucket: Sandbox, versioned: bool) -> None:
    url, arn = queue()
    if versioned:
        s3().put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    configure({"QueueArn": arn, "Events": ["s3:LifecycleExpiration:*"]})
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3().put_bucket_lifecycle_configuration(Bucket="box", LifecycleConfiguration={"Rules": [rule]})
    bucket.advance(days=3)
    [record] = told(url)
    expected = "LifecycleExpiration:DeleteMarkerCreated" if versioned else "LifecycleExpiration:Delete"
    assert (record["eventName"], record["eventVersion"]) == (expected, "2.3")
    assert record["userIdentity"]["principalId"] == "s3.amazonaws.com"


def test_filters_choose_by_both_ends_of_a_key(bucket: Sandbox) -> None:
    url, arn = queue()
    only = key_filter(prefix="in/", suffix=".csv")
    configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:Put"], "Filter": only})
    for key in ("in/a.csv", "in/a.txt", "out/a.csv"):
        s3().put_object(Bucket="box", Key=key, Body=b"1")
    bucket.settle()
    assert [one["s3"]["object"]["key"] for one in told(url)] == ["in/a.csv"]


def test_a_function_runs_when_the_account_settles(bucket: Sandbox) -> None:
    functions = deploy(
        "seen", Code={"ZipFile": archive("def seen(e, c): print(e['Records'][0]['eventName'])")}
    )
    arn = functions.get_function(FunctionName="seen")["Configuration"]["FunctionArn"]
    asked = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        configure(LambdaFunctionConfigurations=[asked])
    functions.add_permission(
        FunctionName="seen",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=KEYS,
        SourceAccount=ACCOUNT,
    )
    configure(LambdaFunctionConfigurations=[asked])
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    bucket.settle()
    assert "ObjectCreated:Put" in messages("/aws/lambda/seen")


def test_a_topic_is_told_where_its_policy_lets_s3(bucket: Sandbox) -> None:
    sns, (url, queue_arn) = boto3.client("sns"), queue()
    topic = sns.create_topic(Name="t")["TopicArn"]
    asked = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        configure(TopicConfigurations=[asked])
    allowed = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
    policy = json.dumps({"Statement": [{**allowed, "Resource": topic}]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    configure(TopicConfigurations=[asked])
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    bucket.settle()
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    told_by_topic = [json.loads(json.loads(one["Body"])["Message"]) for one in found]
    assert told_by_topic[-1]["Records"][0]["eventName"] == "ObjectCreated:Put"


def test_a_rule_of_eventbridge_matches_what_a_bucket_tells(bucket: Sandbox) -> None:
    url, arn = queue()
    events = boto3.client("events")
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "a b"}]}}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    configure(EventBridgeConfiguration={})
    for key in ("a b", "other"):
        s3().put_object(Bucket="box", Key=key, Body=b"1")
    s3().delete_object(Bucket="box", Key="a b")
    bucket.settle()
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    created, deleted = (json.loads(one["Body"]) for one in found)
    assert (created["detail-type"], created["detail"]["reason"]) == ("Object Created", "PutObject")
    assert (created["resources"], created["detail"]["object"]["size"]) == ([KEYS], 1)
    assert (deleted["detail-type"], deleted["detail"]["deletion-type"]) == (
        "Object Deleted",
        "Permanently Deleted",
    )


@pytest.mark.parametrize(
    ("arn", "source"),
    [
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", KEYS),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:events", "arn:aws:s3:::other"),
    ],
)
def test_refuses_a_destination_that_cannot_be_told_and_keeps_what_was(
    bucket: Sandbox, arn: str, source: str
) -> None:
    _, good = queue("good")
    configure({"QueueArn": good, "Events": ["s3:ObjectCreated:*"]})
    queue(source=source)
    with pytest.raises(ClientError, match=r"InvalidArgument.*Unable to validate the following destination"):
        configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]})
    kept = s3().get_bucket_notification_configuration(Bucket="box")["QueueConfigurations"]
    assert [one["QueueArn"] for one in kept] == [good]


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ({"prefix": "a"}, {"prefix": "ab"}, True),
        ({"prefix": "a"}, {"prefix": "b"}, False),
        ({"prefix": "a", "suffix": "x"}, {"prefix": "a", "suffix": "y"}, False),
        ({"suffix": "x"}, {"prefix": "a"}, True),
    ],
)
def test_refuses_two_that_would_be_told_of_one_event(
    bucket: Sandbox, first: dict[str, str], second: dict[str, str], refused: bool
) -> None:
    _, arn = queue()
    asked = [
        {"QueueArn": arn, "Events": [event], "Filter": key_filter(**rules)}
        for event, rules in (("s3:ObjectCreated:*", first), ("s3:ObjectCreated:Put", second))
    ]
    if refused:
        with pytest.raises(ClientError, match="Configurations overlap"):
            configure(*asked)
    else:
        configure(*asked)


def test_what_may_not_be_told_any_more_is_lost(bucket: Sandbox) -> None:
    url, arn = queue()
    configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]})
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    bucket.settle()
    assert told(url) == []


def test_an_empty_configuration_ends_it(bucket: Sandbox) -> None:
    url, arn = queue()
    configure({"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]})
    configure()
    s3().put_object(Bucket="box", Key="a", Body=b"1")
    bucket.settle()
    assert told(url) == []


@pytest.mark.parametrize("event", ["s3:ObjectRestore:*", "s3:LifecycleTransition", "s3:IntelligentTiering"])
def test_refuses_events_that_nobody_here_tells_of(bucket: Sandbox, event: str) -> None:
    _, arn = queue()
    with pytest.raises(ClientError, match="sends no such event"):
        configure({"QueueArn": arn, "Events": [event]})
