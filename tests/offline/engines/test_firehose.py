"""Amazon Data Firehose delivers, or says what it could not."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from typing import Any

import boto3
import pyarrow.orc as po
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts import limits
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.test_lambda_ import archive

BUCKET = "lake"
TRANSFORM = """
import base64, json
def handler(event, context):
    assert set(event) >= {"invocationId", "deliveryStreamArn", "region", "records"}
    return {"records": [one(r) for r in event["records"]]}
def one(r):
    text = base64.b64decode(r["data"]).decode()
    if text == "drop":
        return {"recordId": r["recordId"], "result": "Dropped", "data": r["data"]}
    if text == "fail":
        return {"recordId": r["recordId"], "result": "ProcessingFailed", "data": r["data"]}
    if text == "lose":
        return {"recordId": "other-" + r["recordId"], "result": "Ok", "data": r["data"]}
    if text == "raise":
        raise ValueError(text)
    keys = {} if text == "keyless" else {"day": text[-1]}
    return {"recordId": r["recordId"], "result": "Ok", "data": r["data"], "metadata": {"partitionKeys": keys}}
"""
DYNAMIC = {
    "Prefix": "day=!{partitionKeyFromLambda:day}/",
    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
    "DynamicPartitioningConfiguration": {"Enabled": True},
    "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
}


def processing(source: str = TRANSFORM, **parameters: str) -> dict[str, Any]:
    function = boto3.client("lambda").create_function(
        FunctionName="transform",
        Runtime="python3.13",
        Handler="handler.handler",
        Role=role("transform-role", "lambda.amazonaws.com"),
        Timeout=60,
        Code={"ZipFile": archive(source)},
    )
    given = {"LambdaArn": function["FunctionArn"], **parameters}
    listed = [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]
    processors = [{"Type": "Lambda", "Parameters": listed}]
    return {"ProcessingConfiguration": {"Enabled": True, "Processors": processors}}


def converting(**serializer: Any) -> dict[str, Any]:
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"})
    columns = {"n": "int", "t": "timestamp", "s": "string", "d": "decimal(6,2)", "a": "array<struct<x:int>>"}
    wanted = columns if serializer.pop("Nested", False) else {k: columns[k] for k in "nts"}
    storage = {"Columns": [{"Name": name, "Type": kind} for name, kind in wanted.items()]}
    glue.create_table(DatabaseName="db", TableInput={"Name": "rows", "StorageDescriptor": storage})
    schema = {
        "RoleARN": role("schema", "firehose.amazonaws.com"),
        "DatabaseName": "db",
        "TableName": "rows",
        "Region": "us-east-1",
    }
    configuration = {
        "Enabled": True,
        "SchemaConfiguration": schema,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": serializer or {"ParquetSerDe": {}}},
    }
    return {
        "DataFormatConversionConfiguration": configuration,
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
    }


def stream(*parts: dict[str, Any], source: str = "", bucket: bool = True) -> Any:
    if bucket:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
    destination: dict[str, Any] = {
        "RoleARN": role("firehose", "firehose.amazonaws.com"),
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
    }
    for part in parts:
        destination |= part
    more: dict[str, Any] = {}
    if source:
        reading = {"KinesisStreamARN": source, "RoleARN": destination["RoleARN"]}
        more = {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": reading}
    firehose = boto3.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="events", ExtendedS3DestinationConfiguration=destination, **more
    )
    return firehose


def put(firehose: Any, *datas: bytes) -> None:
    firehose.put_record_batch(DeliveryStreamName="events", Records=[{"Data": data} for data in datas])


def objects(prefix: str = "") -> dict[str, bytes]:
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed}


def failures(kind: str) -> list[dict[str, Any]]:
    found = objects(f"errors/{kind}/2026/01/05/")
    return [json.loads(line) for body in found.values() for line in body.splitlines()]


def test_records_wait_for_the_interval_and_lie_under_the_arrival_time(sandbox: Sandbox) -> None:
    firehose = stream()
    put(firehose, b"a\n", b"b\n")
    sandbox.advance(seconds=299)
    assert objects() == {}
    sandbox.advance(seconds=1)
    ((key, body),) = objects().items()
    assert body == b"a\nb\n"
    assert re.fullmatch(r"2026/01/05/12/events-1-2026-01-05-12-00-00-[0-9a-f-]{36}", key)


def test_a_full_buffer_does_not_wait(sandbox: Sandbox) -> None:
    firehose = stream({"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 900}})
    put(firehose, b"x" * 600_000, b"y" * 600_000, b"z")
    sandbox.settle()
    assert [len(body) for body in objects().values()] == [1_200_000]


def test_gzip_and_kms_are_applied_and_the_name_says_gz(sandbox: Sandbox) -> None:
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    firehose = stream({"CompressionFormat": "GZIP", "EncryptionConfiguration": encryption})
    put(firehose, b"a")
    sandbox.advance(seconds=300)
    ((name, body),) = objects().items()
    assert name.endswith(".gz")
    assert gzip.decompress(body) == b"a"
    head = boto3.client("s3").head_object(Bucket=BUCKET, Key=name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_source_stream_is_read_from_the_creation_on(sandbox: Sandbox) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="source", ShardCount=2)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_record(StreamName="source", Data=b"early", PartitionKey="1")
    stream(source=arn)
    for number in range(20):
        kinesis.put_record(StreamName="source", Data=b"%02d" % number, PartitionKey=str(number))
    sandbox.advance(days=2)
    kinesis.put_record(StreamName="source", Data=b"20", PartitionKey="1")
    sandbox.advance(seconds=400)
    found = b"".join(objects().values())
    assert sorted(re.findall(rb"..", found)) == [b"%02d" % number for number in range(21)]


def test_refuses_direct_records_to_a_stream_with_a_source(sandbox: Sandbox) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="source", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    firehose = stream(source=arn)
    with pytest.raises(ClientError, match="not permitted on KinesisStreamAsSource"):
        put(firehose, b"a")


@pytest.mark.claim("c-1.4-030")
def test_the_function_decides_what_becomes_of_each_record(sandbox: Sandbox) -> None:
    firehose = stream(DYNAMIC, processing())
    put(firehose, b"a1", b"b2", b"c1", b"drop", b"fail", b"lose", b"keyless")
    sandbox.advance(seconds=120)
    assert list(objects("day=1/").values()) == [b"a1c1"]
    assert list(objects("day=2/").values()) == [b"b2"]
    found = {failure["errorCode"]: failure for failure in failures("processing-failed")}
    assert set(found) == {
        "Lambda.ProcessingFailedStatus",
        "Lambda.MissingRecordId",
        "DynamicPartitioning.MetadataExtractionFailed",
    }
    failed = found["Lambda.ProcessingFailedStatus"]
    assert base64.b64decode(failed["rawData"]) == b"fail"
    assert failed["errorMessage"] == "ProcessingFailed status set for record"
    assert failed["lambdaArn"].endswith(":function:transform")
    assert failed["arrivalTimestamp"] < failed["attemptEndingTimestamp"]


def test_a_function_that_raises_is_tried_again_and_its_batch_fails(sandbox: Sandbox) -> None:
    firehose = stream(DYNAMIC, processing(NumberOfRetries="1"))
    put(firehose, b"a1", b"raise")
    sandbox.advance(seconds=120)
    found = failures("processing-failed")
    assert [(f["errorCode"], f["attemptsMade"]) for f in found] == [("Lambda.FunctionError", 2)] * 2


def test_partitions_above_the_quota_go_to_the_error_prefix(sandbox: Sandbox) -> None:
    quota = int(limits.value("firehose-active-partitions"))
    source = TRANSFORM.replace("text[-1]", "text")
    firehose = stream(DYNAMIC, processing(source))
    for start in range(0, quota, 250):
        put(firehose, *[b"%d" % number for number in range(start, start + 250)])
    put(firehose, b"beyond", b"0")
    sandbox.advance(seconds=60)
    sandbox.advance(seconds=60)
    (failure,) = failures("activePartitionExceeded")
    assert base64.b64decode(failure["rawData"]) == b"beyond"
    assert list(objects("day=0/").values()) == [b"00"]


def test_json_becomes_parquet_by_the_glue_table_and_misfits_go_to_the_error_prefix(sandbox: Sandbox) -> None:
    error_prefix = {"ErrorOutputPrefix": DYNAMIC["ErrorOutputPrefix"]}
    firehose = stream(converting(), error_prefix)
    good = [b'{"n":%d,"t":"2026-01-05 10:00:0%d","other":{"x":1}}' % (n, n % 10) for n in range(60)]
    odd = [b'{"N":"61","s":7}', b'{"n":62,"t":"2013-01-01T10:00:00Z"}{"n":63}']
    bad = [b"{", b'{"n":"many"}', b"[1]", b"", b'{"n":1.5}', b'{"n":99999999999}', b'{"t":"noon"}', b"\xff"]
    put(firehose, *good[:30], *bad, *odd, *good[30:])
    sandbox.advance(seconds=60)
    ((name, body),) = objects("2026").items()
    assert name.endswith(".parquet")
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert sorted(row["n"] for row in rows) == [*range(60), 61, 62, 63]
    by_number = {row["n"]: row for row in rows}
    assert by_number[61]["s"] == "7"
    assert by_number[62]["t"].isoformat() == "2013-01-01T10:00:00"
    found = failures("format-conversion-failed")
    assert sorted(base64.b64decode(f["rawData"]) for f in found) == sorted(bad)
    assert {f["dataCatalogTable"]["tableName"] for f in found} == {"rows"}


def test_nested_columns_become_orc(sandbox: Sandbox) -> None:
    firehose = stream(converting(Nested=True, OrcSerDe={"Compression": "ZLIB"}))
    put(firehose, b'{"n":1,"d":12.345,"a":[{"X":1},{"x":null}]}')
    sandbox.advance(seconds=60)
    ((name, body),) = objects("2026").items()
    assert name.endswith(".orc")
    (row,) = po.ORCFile(io.BytesIO(body)).read().to_pylist()
    assert (str(row["d"]), row["a"]) == ("12.34", [{"x": 1}, {"x": None}])


def test_a_table_that_is_gone_loses_no_record(sandbox: Sandbox) -> None:
    firehose = stream(converting(), {"ErrorOutputPrefix": DYNAMIC["ErrorOutputPrefix"]})
    boto3.client("glue").delete_table(DatabaseName="db", Name="rows")
    put(firehose, b'{"n":1}')
    sandbox.advance(seconds=60)
    assert [base64.b64decode(f["rawData"]) for f in failures("format-conversion-failed")] == [b'{"n":1}']


def test_an_object_that_s3_does_not_take_is_tried_again_and_logged(sandbox: Sandbox) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="delivery")
    logs.create_log_stream(logGroupName="delivery", logStreamName="S3")
    logging = {"Enabled": True, "LogGroupName": "delivery", "LogStreamName": "S3"}
    firehose = stream({"CloudWatchLoggingOptions": logging}, bucket=False)
    put(firehose, b"a")
    sandbox.advance(seconds=300)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    sandbox.advance(seconds=300)
    assert list(objects().values()) == [b"a"]
    events = logs.get_log_events(logGroupName="delivery", logStreamName="S3")["events"]
    assert json.loads(events[0]["message"])["errorCode"] == "S3.NoSuchBucket"


def test_the_version_in_the_name_counts_updates(sandbox: Sandbox) -> None:
    firehose = stream()
    firehose.update_destination(
        DeliveryStreamName="events",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "new/"},
    )
    put(firehose, b"a")
    sandbox.advance(seconds=300)
    assert [key.startswith("new/2026/01/05/12/events-2-") for key in objects()] == [True]


def test_an_update_delivers_what_was_taken_before_it_by_the_old_settings(sandbox: Sandbox) -> None:
    firehose = stream(DYNAMIC, processing())
    put(firehose, b"a1", b"fail")
    sandbox.settle()  # the records wait for the function's buffer
    firehose.update_destination(
        DeliveryStreamName="events",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={
            "Prefix": "new/!{partitionKeyFromLambda:day}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 70},
        },
    )
    assert list(objects("day=1/").values()) == [b"a1"]
    assert [failure["errorCode"] for failure in failures("processing-failed")] == [
        "Lambda.ProcessingFailedStatus"
    ]
    put(firehose, b"b1")
    sandbox.advance(seconds=60 + 69)
    assert objects("new/") == {}
    sandbox.advance(seconds=1)
    assert list(objects("new/1/").values()) == [b"b1"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null or empty"),
        (
            {"ErrorOutputPrefix": "!{timestamp:yyyy}/"},
            "at least one instance of !{firehose:error-output-type}",
        ),
        ({"Prefix": "!{partitionKeyFromQuery:x}/", "ErrorOutputPrefix": "e/"}, "JQ"),
        ({"CompressionFormat": "Snappy"}, "allowed are UNCOMPRESSED, GZIP, ZIP, HADOOP_SNAPPY"),
        ({"S3BackupMode": "Enabled"}, "not played offline"),
        (DYNAMIC | {"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 30}}, "at least 60"),
        (DYNAMIC | {"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}}, "at least 64"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
            "allowed are",
        ),
    ],
)
def test_refuses_what_aws_refuses_and_what_is_not_played(
    sandbox: Sandbox, part: dict[str, Any], text: str
) -> None:
    with pytest.raises(ClientError, match=text):
        stream(part)


def test_refuses_compression_beside_conversion(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="must be UNCOMPRESSED when data format conversion is enabled"):
        stream(converting(), {"CompressionFormat": "GZIP"})


WORDS = st.sampled_from([b"a1", b"b2", b"drop", b"fail", b"lose", b"keyless", b'{"n":1}', b"\xff\xfe"])


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(st.lists(WORDS, min_size=1, max_size=30), min_size=1, max_size=3))
def test_delivered_and_failed_and_dropped_is_what_was_sent(batches: list[list[bytes]]) -> None:
    with Sandbox() as sandbox:
        firehose = stream(
            converting(), DYNAMIC, processing(TRANSFORM.replace(".decode()", ".decode('latin-1')"))
        )
        for batch in batches:
            put(firehose, *batch)
            sandbox.advance(seconds=20)
        sandbox.advance(seconds=300)
        delivered = sum(pq.read_table(io.BytesIO(b)).num_rows for b in objects("day=").values())
        failed = sum(len(failures(kind)) for kind in ("processing-failed", "format-conversion-failed"))
        dropped = sum(batch.count(b"drop") for batch in batches)
        assert delivered + failed + dropped == sum(map(len, batches))
