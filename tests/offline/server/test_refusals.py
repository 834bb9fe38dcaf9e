"""What is not there, is malformed, or breaks: AWS's own error form of each protocol, naming it."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError

from offline.engines.kinesis import KinesisEngine
from offline.server import Server
from tests.offline.server.conftest import ClientOf
from tests.offline.server.wire import Got, call, send, signed_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def code_of(got: Got) -> str:
    """The error's code, in JSON or XML."""
    if got.headers["content-type"].startswith("application/xml"):
        return got.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    return str(got.json["__type"])


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_operation_that_aws_has_not_is_named_in_json(server: Server, version: str) -> None:
    got = call(server, "kinesis", "Kinesis_20131202.Nothing", version=version)
    assert (got.status, code_of(got)) == (404, "UnknownOperationException")
    assert got.headers["content-type"] == f"application/x-amz-json-{version}"
    assert got.json["message"] == "Nothing is no operation of kinesis"


def test_an_operation_that_aws_has_not_is_named_in_xml(server: Server) -> None:
    got = send(server, "POST", "/", "Action=Nothing&Version=2010-05-08", FORM | signed_for("iam"))
    assert (got.status, code_of(got)) == (400, "InvalidAction")
    assert b"<Type>Sender</Type>" in got.body
    assert b"Could not find operation Nothing of iam" in got.body


def test_an_operation_of_ec2_is_refused_in_its_own_form(server: Server) -> None:
    got = send(server, "POST", "/", "Action=Nothing&Version=2016-11-15", FORM | signed_for("ec2"))
    assert got.status == 400
    assert got.body.partition(b"?>\n")[2].startswith(b"<Response><Errors><Error>")


def test_a_path_that_aws_has_not_is_named(server: Server) -> None:
    got = send(server, "GET", "/2015-03-31/nothing", headers=signed_for("lambda"))
    assert (got.status, got.json["message"]) == (404, "GET /2015-03-31/nothing is no operation of lambda")


def test_a_service_that_is_not_there_is_named(server: Server) -> None:
    got = call(server, "braket", "Braket.GetDevice")
    assert got.status == 404
    assert got.json["message"] == "'braket' is no service of this offline account"


def test_what_aws_has_and_the_account_has_not_is_not_implemented(client_of: ClientOf) -> None:
    with pytest.raises(ClientError) as refused:
        client_of("glue").list_ml_transforms()
    error = refused.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["Error"]["Code"] == "NotImplemented"
    assert "glue:ListMLTransforms is not played" in error["Error"]["Message"]


@pytest.mark.parametrize(
    "body", ['{"StreamName": ', "[]", "", "\x00", '{"StreamName": 5}', '{"StreamName": "' * 3]
)
def test_a_body_that_cannot_be_read_is_a_serialization_exception(server: Server, body: str) -> None:
    got = call(server, "kinesis", "Kinesis_20131202.DescribeStreamSummary", body)
    assert (got.status, code_of(got)) == (400, "SerializationException")


def test_a_member_that_is_missing_is_named_as_aws_names_it(server: Server) -> None:
    got = call(server, "kinesis", "Kinesis_20131202.CreateStream", '{"ShardCount": 1, "StreamName": null}')
    assert code_of(got) == "ValidationException"
    assert got.json["message"] == (
        "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_xml_that_is_none_is_malformed(client_of: ClientOf, server: Server) -> None:
    client_of("s3").create_bucket(Bucket="lake")
    got = send(server, "PUT", "/lake?lifecycle", "<LifecycleConfiguration><Rule>", signed_for("s3"))
    assert (got.status, code_of(got)) == (400, "MalformedXML")


def test_cbor_is_refused_in_cbor(server: Server) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-cbor-1.1"}
    got = send(server, "POST", "/", b"\xa0", headers | signed_for("kinesis"))
    assert (got.status, got.headers["content-type"]) == (415, "application/x-amz-cbor-1.1")
    assert got.body[:7] == b"\xa2\x66__typ"[:7]


@pytest.mark.parametrize("given", ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x/y"])
def test_a_signature_without_a_scope_is_incomplete(server: Server, given: str) -> None:
    got = send(server, "POST", "/", "{}", {"Authorization": given, "X-Amz-Target": "A.B"})
    assert (got.status, code_of(got)) == (400, "IncompleteSignature")


def test_a_region_that_aws_has_not_is_no_scope(server: Server) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    got = send(server, "POST", "/", "{}", headers | signed_for("kinesis", region="mars-north-1"))
    assert (got.status, code_of(got)) == (403, "SignatureDoesNotMatch")


def test_a_compressed_body_is_read(client_of: ClientOf, server: Server) -> None:
    headers = {"Content-Encoding": "gzip", "X-Amz-Target": "Kinesis_20131202.CreateStream"}
    headers |= {"Content-Type": "application/x-amz-json-1.1"} | signed_for("kinesis")
    body = gzip.compress(json.dumps({"StreamName": "flights", "ShardCount": 1}).encode())
    assert send(server, "POST", "/", body, headers).status == 200
    assert client_of("kinesis").list_streams()["StreamNames"] == ["flights"]


def test_a_fault_of_an_engine_is_an_internal_failure_with_its_traceback_in_the_log(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: KinesisEngine, request: dict[str, Any]) -> None:
        raise KeyError("shards")

    client_of("kinesis").create_stream(StreamName="flights", ShardCount=1)
    monkeypatch.setattr(KinesisEngine, "stream_of", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(ClientError) as refused:
        client_of("kinesis").put_record(StreamName="flights", Data=b"a", PartitionKey="k")
    error = refused.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert error["Error"]["Code"] == "InternalFailure"
    assert "raised KeyError: 'shards'" in error["Error"]["Message"]
    assert 'raise KeyError("shards")' in caplog.text
