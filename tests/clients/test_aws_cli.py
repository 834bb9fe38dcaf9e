"""The AWS command line against a served account, service by service."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labs import served
from offline.engine import ACCOUNT_ID
from tests.clients.conftest import CommandLine

PART = 8 * 1024 * 1024
"""From this size on the command line uploads in parts of this size."""
TEMPLATE = """
Parameters:
  Value:
    Type: String
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /clients/deployed
      Type: String
      Value: !Ref Value
Outputs:
  Name:
    Value: !Ref Parameter
"""
CARRIERS = "carrier,flights\nAA,3\nUA,4\n"
DIGEST_SECONDS = 3600
"""CloudTrail signs for its log files every hour."""
REFUSED = 255
"""What version 1 of the command line ends with where the service refuses; version 2 ends with 254."""


def answer(aws: CommandLine, *arguments: str | Path) -> Any:
    """What the command line prints as JSON."""
    return json.loads(aws(*arguments, "--output", "json"))


@pytest.fixture
def bucket(aws: CommandLine) -> Iterator[str]:
    aws("s3", "mb", "s3://clients")
    yield "clients"
    aws("s3", "rb", "s3://clients", "--force")


def test_who_asks_is_the_root_user(aws: CommandLine) -> None:
    assert answer(aws, "sts", "get-caller-identity") == {
        "UserId": ACCOUNT_ID,
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root",
    }


def test_a_file_of_several_parts_comes_back_as_it_was(aws: CommandLine, bucket: str) -> None:
    content = bytes(range(256)) * (2 * PART // 256) + b"rest"
    (aws.folder / "big").write_bytes(content)
    aws("s3", "cp", "big", f"s3://{bucket}/in/big")
    aws("s3", "cp", f"s3://{bucket}/in/big", "back")
    assert (aws.folder / "back").read_bytes() == content
    head = answer(aws, "s3api", "head-object", "--bucket", bucket, "--key", "in/big")
    assert (head["ContentLength"], head["ETag"][-3:]) == (len(content), '-3"')
    [line] = aws("s3", "ls", f"s3://{bucket}/", "--recursive").splitlines()
    assert line.split()[2:] == [str(len(content)), "in/big"]


def test_a_folder_is_kept_in_step(aws: CommandLine, bucket: str) -> None:
    folder = aws.folder / "folder"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "b", "deep/c"):
        (folder / name).write_text(name)
        os.utime(folder / name, (0, 0))
    target = f"s3://{bucket}/copy"
    assert aws("s3", "sync", "folder", target, "--no-progress").count("upload:") == 3
    assert aws("s3", "sync", "folder", target, "--no-progress") == ""
    (folder / "a").write_text("longer than it was")
    (folder / "b").unlink()
    said = aws("s3", "sync", "folder", target, "--delete", "--no-progress")
    assert (said.count("upload:"), said.count("delete:")) == (1, 1)
    aws("s3", "sync", target, "back-again", "--no-progress")
    found = {one.relative_to(aws.folder / "back-again") for one in (aws.folder / "back-again").rglob("*")}
    assert found == {Path("a"), Path("deep"), Path("deep/c")}


def test_records_come_out_of_a_stream_in_their_order(aws: CommandLine) -> None:
    aws("kinesis", "create-stream", "--stream-name", "clients", "--shard-count", "1")
    aws("kinesis", "wait", "stream-exists", "--stream-name", "clients")
    records = [{"Data": text, "PartitionKey": text} for text in ("one", "two")]
    put = answer(aws, "kinesis", "put-records", "--stream-name", "clients", "--records", json.dumps(records))
    assert put["FailedRecordCount"] == 0
    shard = put["Records"][0]["ShardId"]
    iterator = answer(
        aws,
        *("kinesis", "get-shard-iterator", "--stream-name", "clients"),
        *("--shard-id", shard, "--shard-iterator-type", "TRIM_HORIZON"),
    )["ShardIterator"]
    found = answer(aws, "kinesis", "get-records", "--shard-iterator", iterator)["Records"]
    assert [(one["Data"], one["PartitionKey"]) for one in found] == [("b25l", "one"), ("dHdv", "two")]
    assert [one["SequenceNumber"] for one in found] == [one["SequenceNumber"] for one in put["Records"]]


def test_a_template_is_deployed_updated_and_left_as_it_is(aws: CommandLine) -> None:
    (aws.folder / "template.yaml").write_text(TEMPLATE)
    deploy = ("cloudformation", "deploy", "--stack-name", "clients", "--template-file", "template.yaml")

    def value() -> str:
        return str(answer(aws, "ssm", "get-parameter", "--name", "/clients/deployed")["Parameter"]["Value"])

    aws(*deploy, "--parameter-overrides", "Value=1")
    assert value() == "1"
    aws(*deploy, "--parameter-overrides", "Value=2")
    assert value() == "2"
    same = aws.ends(*deploy, "--no-fail-on-empty-changeset")
    assert (same.code, "No changes to deploy. Stack clients is up to date" in same.out + same.err) == (
        0,
        True,
    )
    [stack] = answer(aws, "cloudformation", "describe-stacks", "--stack-name", "clients")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Outputs"] == [{"OutputKey": "Name", "OutputValue": "/clients/deployed"}]
    aws("cloudformation", "delete-stack", "--stack-name", "clients")
    aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "clients")


def test_a_table_of_the_catalog_is_asked_with_sql(aws: CommandLine, bucket: str) -> None:
    (aws.folder / "carriers.csv").write_text(CARRIERS)
    aws("s3", "cp", "carriers.csv", f"s3://{bucket}/carriers/carriers.csv")
    aws("glue", "create-database", "--database-input", "Name=clients")
    serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    table = {
        "Name": "carriers",
        "Parameters": {"skip.header.line.count": "1"},
        "StorageDescriptor": {
            "Location": f"s3://{bucket}/carriers/",
            "Columns": [{"Name": "carrier", "Type": "string"}, {"Name": "flights", "Type": "int"}],
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"field.delim": ","}},
        },
    }
    aws("glue", "create-table", "--database-name", "clients", "--table-input", json.dumps(table))
    tables = answer(aws, "glue", "get-tables", "--database-name", "clients")["TableList"]
    assert [one["Name"] for one in tables] == ["carriers"]
    asked = answer(
        aws,
        *("athena", "start-query-execution"),
        *("--query-string", "SELECT carrier, flights + 1 FROM carriers ORDER BY carrier"),
        *("--query-execution-context", "Database=clients"),
        *("--result-configuration", f"OutputLocation=s3://{bucket}/results/"),
    )["QueryExecutionId"]
    execution = answer(aws, "athena", "get-query-execution", "--query-execution-id", asked)
    assert execution["QueryExecution"]["Status"]["State"] == "SUCCEEDED", execution
    rows = answer(aws, "athena", "get-query-results", "--query-execution-id", asked)["ResultSet"]["Rows"]
    assert [[cell["VarCharValue"] for cell in row["Data"]] for row in rows[1:]] == [["AA", "4"], ["UA", "5"]]
    aws("glue", "delete-database", "--name", "clients")


def test_what_is_logged_is_found(aws: CommandLine) -> None:
    stream = ("--log-group-name", "/clients", "--log-stream-name", "one")
    aws("logs", "create-log-group", *stream[:2])
    aws("logs", "create-log-stream", *stream)
    moment = answer(aws, "logs", "describe-log-streams", *stream[:2])["logStreams"][0]["creationTime"]
    event = json.dumps([{"timestamp": moment, "message": "it happened"}])
    aws("logs", "put-log-events", *stream, "--log-events", event)
    found = answer(aws, "logs", "filter-log-events", *stream[:2], "--filter-pattern", "happened")["events"]
    assert [(one["timestamp"], one["message"]) for one in found] == [(moment, "it happened")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("ssm", "get-parameter", "--name", "/nowhere"),
            "(ParameterNotFound) when calling the GetParameter operation: ",
        ),
        (
            ("cloudformation", "list-stack-sets"),
            "(ValidationError) when calling the ListStackSets operation: ListStackSets is not an operation ",
        ),
        (
            ("macie2", "list-findings"),
            "(NotImplemented) when calling the ListFindings operation: macie2:ListFindings is not played by ",
        ),
        (
            ("lex-models", "get-bots"),
            "(UnknownOperationException) when calling the GetBots operation: GET /bots/ is no operation ",
        ),
    ],
)
def test_a_refusal_has_a_code_that_the_command_line_tells(
    aws: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    ended = aws.ends(*arguments)
    assert (ended.code, ended.out) == (REFUSED, "")
    assert f"An error occurred {said}" in ended.err


def test_a_log_file_that_somebody_rewrote_is_found_out(aws: CommandLine, url: str) -> None:
    logs, since = "clients-trail", served.clock(url)["now"]
    aws("s3", "mb", f"s3://{logs}")
    allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    statements = [
        {**allow, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{logs}"},
        {**allow, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{logs}/AWSLogs/{ACCOUNT_ID}/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws("s3api", "put-bucket-policy", "--bucket", logs, "--policy", policy)
    trail = ("cloudtrail", "create-trail", "--name", "clients", "--s3-bucket-name", logs)
    arn = answer(aws, *trail, "--enable-log-file-validation")["TrailARN"]
    aws("cloudtrail", "start-logging", "--name", "clients")
    for name in ("first", "second", "third"):
        aws("sns", "create-topic", "--name", name)
        served.advance(url, DIGEST_SECONDS)
    validate = ("cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", since)
    validate = (*validate, "--end-time", served.clock(url)["now"], "--verbose")

    said = aws(*validate)
    assert ("INVALID" in said, said.count("\tvalid")) == (False, 6), said
    assert "3/3 digest files valid" in said
    assert "3/3 log files valid" in said

    files = [line.split("\t")[1] for line in said.splitlines() if line.startswith("Log file")]
    (aws.folder / "innocent").write_bytes(gzip.compress(b'{"Records": []}'))
    aws("s3", "cp", "innocent", files[1])
    ended = aws.ends(*validate)
    assert ended.code == 1
    assert f"Log file\t{files[1]}\tINVALID: hash value doesn't match" in ended.err
    assert "3/3 digest files valid\n2/3 log files valid, 1/3 log files INVALID" in ended.out

    aws("s3", "rm", files[2])
    ended = aws.ends(*validate)
    assert f"Log file\t{files[2]}\tINVALID: not found" in ended.err
    assert "1/3 log files valid, 2/3 log files INVALID" in ended.out

    digest = next(line.split("\t")[1] for line in said.splitlines() if line.startswith("Digest file"))
    aws("s3", "cp", "innocent", digest)
    ended = aws.ends(*validate)
    assert f"Digest file\t{digest}\tINVALID" in ended.err
