"""What the notes say of Kinesis and Firehose (section 1.4)."""

from __future__ import annotations

import hashlib
import io
import tarfile
from itertools import pairwise
from typing import Any

import boto3
import botocore.session
import pytest

from facts import limits
from facts.sizing import shards
from offline.sandbox import Sandbox
from tests.claims.test_lake import CAPACITY, of_type, properties
from tests.offline.engines.sagemaker_account import (
    IMAGE,
    described,
    get,
    rows,
    training_job,
    with_data,
)
from tests.offline.engines.test_kinesis import iterator, put, read, stream


@pytest.mark.claim("c-1.4-011")
def test_a_partition_key_goes_to_one_shard_and_keeps_its_order(sandbox: Sandbox) -> None:
    kinesis = stream(4)
    for number in range(50):
        kinesis.put_record(StreamName="events", Data=str(number).encode(), PartitionKey="one-key")
    held = {
        shard["ShardId"]: (shard["HashKeyRange"], read(kinesis, "TRIM_HORIZON", shard=shard["ShardId"]))
        for shard in kinesis.list_shards(StreamName="events")["Shards"]
    }
    [(span, records)] = [found for found in held.values() if found[1]]
    assert [int(record["Data"]) for record in records] == list(range(50))
    numbers = [int(record["SequenceNumber"]) for record in records]
    assert all(before < after for before, after in pairwise(numbers))
    digest = int(hashlib.md5(b"one-key").hexdigest(), 16)
    assert int(span["StartingHashKey"]) <= digest <= int(span["EndingHashKey"])


@pytest.mark.claim("c-1.4-014")
def test_records_can_be_read_again(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 20)
    first = read(kinesis, "TRIM_HORIZON")
    sandbox.advance(seconds=10)
    assert read(kinesis, "TRIM_HORIZON") == first
    assert len(first) == 20


@pytest.mark.claim("c-1.4-015")
def test_two_applications_read_the_same_stream_each_at_its_own_place(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 20)
    one, other = iterator(kinesis, "TRIM_HORIZON"), iterator(kinesis, "TRIM_HORIZON")
    quick = kinesis.get_records(ShardIterator=one)["Records"]
    slow: list[Any] = []
    for _ in range(4):
        answer = kinesis.get_records(ShardIterator=other, Limit=5)
        slow, other = slow + answer["Records"], answer["NextShardIterator"]
        sandbox.advance(seconds=1)
    assert slow == quick


@pytest.mark.claim("c-1.4-016")
def test_the_api_has_no_way_to_delete_or_change_a_record() -> None:
    operations = botocore.session.get_session().get_service_model("kinesis").operation_names
    assert not [name for name in operations if "Record" in name and name.startswith(("Delete", "Remove"))]
    assert [name for name in operations if name.endswith("Record")] == ["PutRecord"]


@pytest.mark.claim("c-1.4-018")
def test_a_shard_takes_a_mebibyte_or_a_thousand_records_a_second_and_is_counted_so(sandbox: Sandbox) -> None:
    kinesis = stream()
    assert put(kinesis, 500)["FailedRecordCount"] + put(kinesis, 500)["FailedRecordCount"] == 0
    assert put(kinesis, 1)["FailedRecordCount"] == 1
    sandbox.advance(seconds=1)
    assert put(kinesis, 4, size=260_000)["FailedRecordCount"] == 0
    assert put(kinesis, 1, size=20_000)["FailedRecordCount"] == 1
    assert (shards(1000, 1000), shards(1001, 1), shards(500, 4096)) == (1, 2, 2)


@pytest.mark.claim("c-1.4-022")
def test_a_stream_keeps_its_records_for_a_day_unless_told_otherwise(sandbox: Sandbox) -> None:
    kinesis = stream()
    put(kinesis, 1)
    described = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert described["RetentionPeriodHours"] == 24 == int(limits.number("kinesis-retention-hours-default"))
    sandbox.advance(hours=23)
    assert len(read(kinesis, "TRIM_HORIZON")) == 1
    sandbox.advance(hours=1, seconds=1)
    assert read(kinesis, "TRIM_HORIZON") == []


@pytest.mark.claim("c-1.4-024", "c-1.4-027")
def test_a_delivery_stream_has_nothing_to_scale_while_a_data_stream_has() -> None:
    [delivery] = of_type("streaming", "AWS::KinesisFirehose::DeliveryStream").values()
    known = properties("AWS::KinesisFirehose::DeliveryStream") - {"DirectPutSourceConfiguration"}
    assert {name for name in {*known, *delivery} if CAPACITY.search(name) or "Shard" in name} == set()
    assert "ShardCount" in properties("AWS::Kinesis::Stream")


@pytest.mark.claim("c-1.4-045")
def test_a_consumer_scores_each_record_of_a_stream_as_it_arrives_and_alerts(sandbox: Sandbox) -> None:
    """What the model's own booster says of all records at once is what there was an alert for, in order."""
    endpoint_of_a_trained_model(sandbox)
    runtime, sqs = boto3.client("sagemaker-runtime"), boto3.client("sqs")
    alerts, kinesis = sqs.create_queue(QueueName="alerts")["QueueUrl"], stream()
    place, told = iterator(kinesis, "TRIM_HORIZON"), []
    events = [line.partition(",")[2] for line in rows(30, seed=4).splitlines()]
    late = [event for event, score in zip(events, scored_at_once(events), strict=True) if score > 0.5]
    assert 0 < len(late) < len(events)
    for event in events:
        kinesis.put_record(StreamName="events", Data=event.encode(), PartitionKey="flights")
        answer = kinesis.get_records(ShardIterator=place)
        place = answer["NextShardIterator"]
        for record in answer["Records"]:
            scored = runtime.invoke_endpoint(
                EndpointName="delays", ContentType="text/csv", Body=record["Data"]
            )
            if float(scored["Body"].read()) > 0.5:
                sqs.send_message(QueueUrl=alerts, MessageBody=record["Data"].decode())
        for message in sqs.receive_message(QueueUrl=alerts).get("Messages", []):
            told.append(message["Body"])
            assert message["Body"] == event  # before the next record is put
        sandbox.advance(seconds=1)
    assert told == late


def endpoint_of_a_trained_model(sandbox: Sandbox) -> None:
    sagemaker, role_arn = boto3.client("sagemaker"), with_data()
    sagemaker.create_training_job(**training_job(role_arn))
    sandbox.settle()
    container = {"Image": IMAGE, "ModelDataUrl": described()["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(ModelName="delays", PrimaryContainer=container, ExecutionRoleArn=role_arn)
    variant = {"VariantName": "one", "ModelName": "delays", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="delays", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="delays", EndpointConfigName="delays")
    sandbox.settle()


def scored_at_once(events: list[str]) -> list[float]:
    import xgboost  # slow to import, so only where it is needed

    with tarfile.open(fileobj=io.BytesIO(get("models/delays/output/model.tar.gz"))) as archive:
        model = archive.extractfile("xgboost-model")
        assert model is not None
        booster = xgboost.Booster()
        booster.load_model(bytearray(model.read()))
    features = [[float(value) for value in event.split(",")] for event in events]
    return [float(score) for score in booster.predict(xgboost.DMatrix(features))]
