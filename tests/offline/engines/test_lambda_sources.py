"""AWS Lambda polls streams and queues, and hands their records on."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.clock import clock
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.test_lambda_ import archive

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/flights"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:flights"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:reads"

SOURCE = """
import base64, json

def text(record):
    return base64.b64decode(record["kinesis"]["data"]).decode() if "kinesis" in record else record["body"]

def identifier(record):
    return record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["messageId"]

def reads(event, context):
    texts = [text(record) for record in event["Records"]]
    print("got " + json.dumps(texts))
    if "raise" in texts:
        raise ValueError("no good")
    if "strange" in texts:
        return {"batchItemFailures": [{"itemIdentifier": "of no record"}]}
    bad = [identifier(record) for record in event["Records"] if text(record) == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}

def shows(event, context):
    print("got " + json.dumps(event["Records"]))
"""


def function(handler: str = "reads", **settings: Any) -> str:
    boto3.client("lambda").create_function(
        FunctionName="reads",
        Runtime="python3.13",
        Handler=f"handler.{handler}",
        Role=settings.pop("Role", None) or role("reader", "lambda.amazonaws.com"),
        Code={"ZipFile": archive(SOURCE)},
        Timeout=30,
        **settings,
    )
    return "reads"


def mapped(**given: Any) -> str:
    return str(boto3.client("lambda").create_event_source_mapping(FunctionName="reads", **given)["UUID"])


def stream(**given: Any) -> Any:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="flights", ShardCount=given.pop("shards", 1))
    function(given.pop("handler", "reads"))
    return kinesis, mapped(EventSourceArn=STREAM, **{"StartingPosition": "TRIM_HORIZON", **given})


def queue(**given: Any) -> Any:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="flights", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    function(given.pop("handler", "reads"))
    return sqs, url, mapped(EventSourceArn=QUEUE, **given)


def put(kinesis: Any, *texts: str) -> None:
    for text in texts:
        kinesis.put_record(StreamName="flights", Data=text.encode(), PartitionKey="k")


def send(sqs: Any, url: str, *texts: str) -> None:
    for text in texts:
        sqs.send_message(QueueUrl=url, MessageBody=text)


def got() -> list[Any]:
    """What the function was given, invocation by invocation."""
    logs, group = boto3.client("logs"), "/aws/lambda/reads"
    try:
        streams = [
            one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]
        ]
    except ClientError:
        return []
    found = [logs.get_log_events(logGroupName=group, logStreamName=name)["events"] for name in streams]
    events = sorted((one for events in found for one in events), key=lambda event: event["timestamp"])
    lines = [event["message"] for event in events]
    return [json.loads(line.removeprefix("got ")) for line in lines if line.startswith("got ")]


def result(uuid: str) -> str:
    return str(boto3.client("lambda").get_event_source_mapping(UUID=uuid)["LastProcessingResult"])


def test_a_record_arrives_as_aws_hands_it_on(sandbox: Sandbox) -> None:
    kinesis, uuid = stream(handler="shows")
    assert result(uuid) == "No records processed"
    put(kinesis, "flight 1")
    sandbox.settle()
    [[record]] = got()
    number = record["kinesis"].pop("sequenceNumber")
    assert record.pop("eventID") == f"shardId-000000000000:{number}"
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "data": base64.b64encode(b"flight 1").decode(),
            "approximateArrivalTimestamp": clock.epoch(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/reader",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }
    assert result(uuid) == "OK"


def test_batches_have_at_most_their_size_and_keep_the_order(sandbox: Sandbox) -> None:
    kinesis, _ = stream(BatchSize=2)
    put(kinesis, *"abcde")
    sandbox.settle()
    assert got() == [["a", "b"], ["c", "d"], ["e"]]


def test_batches_fit_into_an_invocation(sandbox: Sandbox) -> None:
    kinesis, _ = stream(BatchSize=10_000)
    for _ in range(3):
        for _ in range(3):
            kinesis.put_record(StreamName="flights", Data=b"x" * 300_000, PartitionKey="k")
        sandbox.advance(seconds=1)
    assert sum(map(len, got())) == 9
    big = [b"x" * 1_000_000] * 6
    sandbox.advance(seconds=1)
    boto3.client("lambda").update_event_source_mapping(UUID=_uuid(), MaximumBatchingWindowInSeconds=60)
    for data in big:
        kinesis.put_record(StreamName="flights", Data=data, PartitionKey="k")
        sandbox.advance(seconds=1)
    sandbox.advance(minutes=2)
    assert [len(batch) for batch in got()][-2:] == [4, 2]


def _uuid() -> str:
    [found] = boto3.client("lambda").list_event_source_mappings(FunctionName="reads")["EventSourceMappings"]
    return str(found["UUID"])


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"StartingPosition": "TRIM_HORIZON"}, ["old", "later", "new"]),
        ({"StartingPosition": "LATEST"}, ["new"]),
        ({"StartingPosition": "AT_TIMESTAMP"}, ["later", "new"]),
    ],
)
def test_reading_starts_where_it_was_told(
    sandbox: Sandbox, start: dict[str, Any], expected: list[str]
) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="flights", ShardCount=1)
    put(kinesis, "old")
    sandbox.advance(seconds=10)
    if start["StartingPosition"] == "AT_TIMESTAMP":
        start["StartingPositionTimestamp"] = clock.now()
    put(kinesis, "later")
    function()
    mapped(EventSourceArn=STREAM, **start)
    put(kinesis, "new")
    sandbox.settle()
    assert [text for batch in got() for text in batch] == expected


def test_a_window_gathers_records_until_it_ends_or_the_batch_is_full(sandbox: Sandbox) -> None:
    kinesis, _ = stream(BatchSize=3, MaximumBatchingWindowInSeconds=60)
    put(kinesis, "a")
    sandbox.advance(seconds=59)
    assert got() == []
    sandbox.advance(seconds=1)
    assert got() == [["a"]]
    put(kinesis, "b")
    sandbox.advance(seconds=10)
    put(kinesis, "c", "d")
    sandbox.advance(seconds=2)
    assert got()[1:] == [["b", "c", "d"]]


def test_a_mapping_that_is_disabled_goes_on_where_it_stood(sandbox: Sandbox) -> None:
    kinesis, uuid = stream()
    put(kinesis, "a")
    sandbox.settle()
    functions = boto3.client("lambda")
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    put(kinesis, "b")
    sandbox.advance(minutes=5)
    assert got() == [["a"]]
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    sandbox.settle()
    assert got() == [["a"], ["b"]]


def test_a_batch_that_fails_blocks_its_shard_until_its_retries_are_spent(sandbox: Sandbox) -> None:
    kinesis, uuid = stream(MaximumRetryAttempts=2)
    put(kinesis, "a", "raise")
    sandbox.settle()
    assert result(uuid) == "PROBLEM: Function call failed"
    put(kinesis, "b")
    sandbox.advance(minutes=5)
    assert got() == [["a", "raise"]] * 3 + [["b"]]


def test_without_a_limit_a_batch_is_tried_until_its_records_leave_the_stream(sandbox: Sandbox) -> None:
    kinesis, _ = stream()
    put(kinesis, "raise")
    sandbox.advance(minutes=10)
    many = len(got())
    assert many > 10
    sandbox.advance(hours=1)
    assert len(got()) > many


def test_records_that_become_too_old_are_given_up(sandbox: Sandbox) -> None:
    kinesis, _ = stream(MaximumRecordAgeInSeconds=60)
    put(kinesis, "raise")
    sandbox.advance(seconds=50)
    put(kinesis, "b")
    sandbox.advance(minutes=5)
    assert set(map(tuple, got()[:-1])) == {("raise",)}
    assert got()[-1] == ["b"]


def test_bisecting_isolates_what_is_bad_without_spending_retries(sandbox: Sandbox) -> None:
    kinesis, _ = stream(BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    put(kinesis, "a", "b", "raise", "c")
    sandbox.settle()
    assert got() == [["a", "b", "raise", "c"], ["a", "b"], ["raise", "c"], ["raise"], ["c"]]


def test_a_report_begins_the_next_attempt_at_the_first_failure(sandbox: Sandbox) -> None:
    kinesis, _ = stream(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    put(kinesis, "a", "bad", "b")
    sandbox.advance(minutes=1)
    assert got() == [["a", "bad", "b"], ["bad", "b"]]


def test_without_asking_for_reports_a_report_means_nothing(sandbox: Sandbox) -> None:
    kinesis, uuid = stream()
    put(kinesis, "bad")
    sandbox.advance(minutes=1)
    assert (got(), result(uuid)) == ([["bad"]], "OK")


def test_a_report_of_a_record_that_is_not_in_the_batch_fails_all_of_it(sandbox: Sandbox) -> None:
    kinesis, _ = stream(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    put(kinesis, "a", "strange")
    sandbox.advance(minutes=1)
    assert got() == [["a", "strange"]] * 2


def test_a_destination_hears_what_was_given_up_and_why(sandbox: Sandbox) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="lost")["QueueUrl"]
    lost = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:lost"}}
    kinesis, _ = stream(MaximumRetryAttempts=1, DestinationConfig=lost)
    put(kinesis, "raise", "a")
    sandbox.advance(minutes=1)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    told = json.loads(message["Body"])
    assert told["version"] == "1.0"
    assert told["requestContext"] | {"requestId": "r"} == {
        "requestId": "r",
        "functionArn": FUNCTION,
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert told["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    batch = told["KinesisBatchInfo"]
    assert (batch["shardId"], batch["batchSize"], batch["streamArn"]) == ("shardId-000000000000", 2, STREAM)
    assert batch["startSequenceNumber"] < batch["endSequenceNumber"]
    assert batch["approximateArrivalOfFirstRecord"] == "2026-01-05T12:00:00.000Z"


def test_a_topic_hears_of_records_that_became_too_old(sandbox: Sandbox) -> None:
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    topic = sns.create_topic(Name="lost")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
    kinesis, _ = stream(MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": topic}})
    put(kinesis, "raise")
    sandbox.advance(minutes=5)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert told["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in told


def test_shards_that_come_of_splitting_are_read_after_their_parent(sandbox: Sandbox) -> None:
    kinesis, _ = stream()
    put(kinesis, "parent")
    kinesis.split_shard(
        StreamName="flights", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    put(kinesis, "child")
    sandbox.advance(seconds=5)
    assert got() == [["parent"], ["child"]]


def test_what_the_role_may_no_longer_read_waits(sandbox: Sandbox) -> None:
    kinesis, uuid = stream()
    iam = boto3.client("iam")
    policy = iam.get_role_policy(RoleName="reader", PolicyName="everything")["PolicyDocument"]
    logs = {**policy, "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="reader", PolicyName="everything", PolicyDocument=json.dumps(logs))
    put(kinesis, "a")
    sandbox.advance(seconds=5)
    assert got() == []
    assert "kinesis:GetRecords" in result(uuid)
    iam.put_role_policy(RoleName="reader", PolicyName="everything", PolicyDocument=json.dumps(policy))
    sandbox.advance(seconds=5)
    assert got() == [["a"]]


def test_a_mapping_that_is_deleted_polls_no_more(sandbox: Sandbox) -> None:
    kinesis, uuid = stream()
    functions = boto3.client("lambda")
    assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    put(kinesis, "a")
    sandbox.advance(seconds=5)
    assert got() == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_event_source_mapping(UUID=uuid)


def test_a_mapping_outlives_its_function_and_says_so(sandbox: Sandbox) -> None:
    kinesis, uuid = stream()
    boto3.client("lambda").delete_function(FunctionName="reads")
    put(kinesis, "a")
    sandbox.advance(seconds=5)
    assert result(uuid) == f"PROBLEM: Function not found: {FUNCTION}"
    assert sandbox.next_due(datetime.min.replace(tzinfo=UTC)) is None


def test_a_message_arrives_as_aws_hands_it_on_and_is_deleted(sandbox: Sandbox) -> None:
    sqs, url, uuid = queue(handler="shows")
    kinds = {
        "kind": {"DataType": "String", "StringValue": "late"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00"},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody="flight 1", MessageAttributes=kinds)
    sandbox.settle()
    [[record]] = got()
    assert record.pop("receiptHandle")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record.pop("attributes"))
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    assert record == {
        "messageId": sent["MessageId"],
        "body": "flight 1",
        "messageAttributes": {
            "kind": {"stringValue": "late", "dataType": "String", **lists},
            "raw": {"binaryValue": "AA==", "dataType": "Binary", **lists},
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "us-east-1",
    }
    sandbox.advance(minutes=5)
    assert (len(got()), result(uuid)) == (1, "OK")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_messages_that_fail_come_back_when_they_are_visible_again(sandbox: Sandbox) -> None:
    sqs, url, _ = queue()
    send(sqs, url, "raise")
    sandbox.advance(seconds=59)
    assert got() == [["raise"]]
    sandbox.advance(seconds=2)
    assert got() == [["raise"]] * 2


def test_of_a_batch_of_messages_only_the_failed_come_back(sandbox: Sandbox) -> None:
    sqs, url, _ = queue(FunctionResponseTypes=["ReportBatchItemFailures"])
    send(sqs, url, "a", "bad", "b")
    sandbox.advance(seconds=61)
    assert [sorted(batch) for batch in got()] == [["a", "b", "bad"], ["bad"]]


def test_messages_that_fail_too_often_are_dead_letters(sandbox: Sandbox) -> None:
    sqs, url, _ = queue()
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": "2"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive)})
    send(sqs, url, "raise")
    sandbox.advance(minutes=10)
    assert got() == [["raise"]] * 2
    [message] = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert message["Body"] == "raise"


def test_a_window_gathers_messages_beyond_ten(sandbox: Sandbox) -> None:
    sqs, url, _ = queue(BatchSize=12, MaximumBatchingWindowInSeconds=30)
    send(sqs, url, *map(str, range(15)))
    sandbox.settle()
    assert [len(batch) for batch in got()] == [12]
    sandbox.advance(seconds=30)
    assert [len(batch) for batch in got()] == [12, 3]


def test_messages_of_a_delayed_queue_arrive_when_their_delay_is_over(sandbox: Sandbox) -> None:
    sqs, url, _ = queue()
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=300)
    sandbox.advance(seconds=299)
    assert got() == []
    sandbox.advance(seconds=2)
    assert got() == [["late"]]


def test_a_fifo_queue_keeps_its_order(sandbox: Sandbox) -> None:
    sqs = boto3.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "60"}
    url = sqs.create_queue(QueueName="flights.fifo", Attributes=attributes)["QueueUrl"]
    function()
    mapped(EventSourceArn=f"{QUEUE}.fifo", BatchSize=2)
    for text in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageGroupId="g")
    sandbox.settle()
    assert [text for batch in got() for text in batch] == ["a", "b", "c"]


def test_settings_are_told_with_their_defaults_and_change(sandbox: Sandbox) -> None:
    _, uuid = stream()
    functions = boto3.client("lambda")
    found = functions.get_event_source_mapping(UUID=uuid)
    assert (found["BatchSize"], found["MaximumRetryAttempts"], found["State"]) == (100, -1, "Enabled")
    assert (found["FunctionArn"], found["EventSourceArn"]) == (FUNCTION, STREAM)
    functions.update_event_source_mapping(UUID=uuid, BatchSize=7, MaximumRetryAttempts=3)
    found = functions.get_event_source_mapping(UUID=uuid)
    assert (found["BatchSize"], found["MaximumRetryAttempts"]) == (7, 3)
    assert len(functions.list_event_source_mappings(EventSourceArn=STREAM)["EventSourceMappings"]) == 1
    assert functions.list_event_source_mappings(EventSourceArn=QUEUE)["EventSourceMappings"] == []


def test_refuses_a_second_mapping_of_the_same(sandbox: Sandbox) -> None:
    _, uuid = stream()
    with pytest.raises(ClientError, match=f"ResourceConflictException.*{uuid}"):
        mapped(EventSourceArn=STREAM, StartingPosition="LATEST")


START = {"StartingPosition": "LATEST"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"EventSourceArn": STREAM}, "startingPosition"),
        ({"EventSourceArn": STREAM, "StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp"),
        ({"EventSourceArn": STREAM, **START, "BatchSize": 10_001}, "less than or equal to 10000"),
        ({"EventSourceArn": STREAM, **START, "MaximumRecordAgeInSeconds": 5}, "60 and more"),
        ({"EventSourceArn": STREAM, **START, "TumblingWindowInSeconds": 30}, "TumblingWindowInSeconds"),
        (
            {"EventSourceArn": STREAM, **START, "FilterCriteria": {"Filters": [{"Pattern": "{}"}]}},
            "FilterCriteria",
        ),
        (
            {
                "EventSourceArn": STREAM,
                **START,
                "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::b"}},
            },
            "use the ARN of an SQS queue",
        ),
        ({"EventSourceArn": f"{STREAM}-of-none", **START}, "does not exist"),
        ({"EventSourceArn": f"{STREAM}/consumer/c:1", **START}, "enhanced fan-out is not played offline"),
        (
            {"EventSourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/s", **START},
            "event sources of dynamodb are not polled offline; those that are: a Kinesis data stream, an SQS",
        ),
        ({"SelfManagedEventSource": {"Endpoints": {}}, "Topics": ["flights"]}, "EventSourceArn is required"),
        ({"EventSourceArn": QUEUE, **START}, "Unsupported StartingPosition parameter"),
        ({"EventSourceArn": QUEUE, "BatchSize": 11}, "batch window in seconds must be greater than 0"),
        ({"EventSourceArn": f"{QUEUE}.fifo", "BatchSize": 11}, "FIFO queue"),
    ],
)
def test_refuses_what_aws_refuses_and_what_is_not_played(
    sandbox: Sandbox, given: dict[str, Any], told: str
) -> None:
    boto3.client("kinesis").create_stream(StreamName="flights", ShardCount=1)
    boto3.client("sqs").create_queue(QueueName="flights")
    function()
    with pytest.raises(ClientError, match=told):
        mapped(**given)


def test_refuses_a_queue_that_hides_messages_for_less_than_the_function_takes(sandbox: Sandbox) -> None:
    boto3.client("sqs").create_queue(QueueName="flights", Attributes={"VisibilityTimeout": "5"})
    function()
    with pytest.raises(ClientError, match="visibility timeout: 5 seconds is less than Function timeout: 30"):
        mapped(EventSourceArn=QUEUE)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"EventSourceArn": STREAM, **START}, "Please ensure the role can perform the GetRecords"),
        ({"EventSourceArn": QUEUE}, "does not have permissions to call ReceiveMessage on SQS"),
    ],
)
def test_refuses_a_source_that_the_role_may_not_poll(
    sandbox: Sandbox, given: dict[str, Any], told: str
) -> None:
    boto3.client("kinesis").create_stream(StreamName="flights", ShardCount=1)
    boto3.client("sqs").create_queue(QueueName="flights")
    function()
    boto3.client("iam").delete_role_policy(RoleName="reader", PolicyName="everything")
    with pytest.raises(ClientError, match=told):
        mapped(**given)
