"""What clients in other processes find: the whole account, HTTP/1.1, and nobody locked out."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto.s3.models import S3Backend

from offline.engines.s3.engine import S3Engine
from offline.sandbox import Sandbox, load
from offline.server import Server
from tests.offline.engines.test_lambda_ import deploy
from tests.offline.server.conftest import ClientOf
from tests.offline.server.wire import send, signed_for

WRITERS = 16


def test_refuses_every_address_but_loopback(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"loopback only, got 0\.0\.0\.0"):
        Server(sandbox, host="0.0.0.0")


def test_a_port_in_use_is_an_error_at_once(server: Server, served: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(served, port=server.port)


def test_a_connection_takes_many_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.connect()
    opened = connection.sock
    for _ in range(3):
        connection.request("GET", "/_sandbox/clock")
        assert connection.getresponse().read()
        assert connection.sock is opened
    connection.close()


def test_sixteen_writers_lose_no_record_and_no_object(client_of: ClientOf) -> None:
    client_of("kinesis").create_stream(StreamName="flights", ShardCount=2)
    client_of("s3").create_bucket(Bucket="lake")

    def write(writer: int) -> None:
        kinesis, s3 = client_of("kinesis"), client_of("s3")
        for number in range(4):
            records = [{"Data": f"{writer}-{number}-{n}", "PartitionKey": str(n)} for n in range(5)]
            assert kinesis.put_records(StreamName="flights", Records=records)["FailedRecordCount"] == 0
            s3.put_object(Bucket="lake", Key=f"{writer}/{number}", Body=b"x" * writer)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert read_back(client_of("kinesis")) == {
        f"{w}-{n}-{r}".encode() for w in range(WRITERS) for n in range(4) for r in range(5)
    }
    objects = client_of("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert {(one["Key"], one["Size"]) for one in objects} == {
        (f"{w}/{n}", w) for w in range(WRITERS) for n in range(4)
    }


def read_back(kinesis: object) -> set[bytes]:
    found = set()
    client: boto3.client = kinesis
    for shard in client.list_shards(StreamName="flights")["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName="flights", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found |= {record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]}
    return found


def test_functions_call_the_account_back_however_many_run(client_of: ClientOf, served: Sandbox) -> None:
    deploy("whoami", Timeout=60)
    client_of("s3").create_bucket(Bucket="lake")

    def invoke(number: int) -> str:
        return str(json.loads(client_of("lambda").invoke(FunctionName="whoami")["Payload"].read()))

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(invoke, range(6)))
    assert all("assumed-role/whoami-role/whoami" in answer for answer in answers)


def test_others_are_served_while_a_function_runs(client_of: ClientOf, served: Sandbox) -> None:
    deploy("sleeps", Timeout=3)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client_of("lambda").invoke, FunctionName="sleeps")
        answered = 0
        while not running.done():
            client_of("sts").get_caller_identity()
            answered += 1
    assert answered > 1


def test_a_bucket_in_the_host_name_is_that_bucket(client_of: ClientOf, server: Server) -> None:
    client_of("s3").create_bucket(Bucket="lake")
    host = {"Host": f"lake.localhost:{server.port}", **signed_for("s3")}
    assert send(server, "PUT", "/a/b", b"content", host).status == 200
    assert client_of("s3").get_object(Bucket="lake", Key="a/b")["Body"].read() == b"content"


def test_metadata_keeps_its_underscores(client_of: ClientOf) -> None:
    s3 = client_of("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"", Metadata={"flight_date": "1", "tail-number": "2"})
    assert s3.head_object(Bucket="lake", Key="a")["Metadata"] == {"flight_date": "1", "tail-number": "2"}


def test_answers_have_the_headers_of_aws(client_of: ClientOf) -> None:
    s3, kinesis = client_of("s3"), client_of("kinesis")
    made = s3.create_bucket(Bucket="lake")["ResponseMetadata"]
    assert {"x-amz-request-id", "x-amz-id-2", "date", "content-length"} <= set(made["HTTPHeaders"])
    listed = kinesis.list_streams()["ResponseMetadata"]
    assert listed["RequestId"]
    assert {"x-amzn-requestid", "date"} <= set(listed["HTTPHeaders"])


def test_a_refusal_of_s3_has_one_id_in_its_headers_and_its_xml(client_of: ClientOf) -> None:
    answers: list[Any] = []
    s3 = client_of("s3")
    s3.meta.events.register("after-call", lambda http_response, **_: answers.append(http_response))
    s3.create_bucket(Bucket="lake")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="lake", Key="nothing")
    id = answers[-1].headers["x-amz-request-id"]
    assert re.fullmatch("[0-9A-F]{16}", id)
    assert f"<RequestId>{id}</RequestId>".encode() in answers[-1].content


def test_engines_are_loaded_when_first_used() -> None:
    program = (
        "import sys\n"
        "from offline.sandbox import Sandbox\n"
        "with Sandbox(clock_runs=True) as sandbox:\n"
        "    sandbox.serve()\n"
        "    print([name for name in ('duckdb', 'pyarrow', 'flask', 'moto.s3.models', 'moto.glue.models')"
        " if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_a_service_loads_no_other_that_it_can_do_without() -> None:
    program = (
        "import sys, boto3\n"
        "from offline.sandbox import Sandbox\n"
        "with Sandbox(clock_runs=True) as sandbox:\n"
        "    boto3.client('s3').list_buckets()\n"
        "    boto3.client('kinesis').list_streams()\n"
        "    boto3.client('sts').get_caller_identity()\n"
        "    print([name for name in ('duckdb', 'pyarrow', 'moto.ec2.models', 'moto.cloudformation.models')"
        " if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_first_requests_that_come_together_meet_the_engine(
    served: Sandbox, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def slowly(path: str) -> Any:
        loaded.append(path)
        time.sleep(0.2)
        return load(path)

    monkeypatch.setattr("offline.sandbox.load", slowly)  # An import is slow only once in a process.
    clients = [client_of("s3") for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda s3: s3.list_buckets(), clients))
    assert {type(one) for one in served.engines() if isinstance(one, S3Backend)} == {S3Engine}
    assert len(set(loaded)) == len(loaded)
