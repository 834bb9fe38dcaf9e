"""The status that the page shows: what there is, what was asked, and what failed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from offline.server import Server
from tests.offline.server.conftest import ClientOf
from tests.offline.server.wire import send, signed_for

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def test_a_browser_gets_the_page_and_s3_keeps_its_root(server: Server) -> None:
    page = send(server, "GET", "/", headers=BROWSER)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"https://" not in page.body
    assert b"default-src 'none'" in page.headers["content-security-policy"].encode()
    listed = send(server, "GET", "/", headers=BROWSER | signed_for("s3"))
    assert b"<ListAllMyBucketsResult" in listed.body
    assert send(server, "GET", "/").status == 403


def test_the_status_tells_of_streams_stacks_jobs_and_requests(server: Server, client_of: ClientOf) -> None:
    kinesis = client_of("kinesis")
    kinesis.create_stream(StreamName="flights", ShardCount=2)
    kinesis.put_records(StreamName="flights", Records=[{"Data": b"a", "PartitionKey": "k"}] * 20)
    template = {"Resources": {"Late": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}}}
    client_of("cloudformation").create_stack(StackName="labs", TemplateBody=json.dumps(template))
    with pytest.raises(ClientError):
        client_of("s3").delete_objects(Bucket="nothing", Delete={"Objects": [{"Key": "a"}]})
    told = send(server, "GET", "/_sandbox/status").json
    flights = next(row for row in told["tables"]["streams"] if row["stream"] == "flights")
    assert (flights["shards"], flights["records/s"], flights["kept"]) == (2, 2.0, 20)
    assert [(one["stack"], one["state"]) for one in told["stacks"]] == [("labs", "CREATE_COMPLETE")]
    assert told["stacks"][0]["resources"][0]["type"] == "AWS::Kinesis::Stream"
    assert told["requests"] | {"latest": 0, "per_second": 0, "operations": 0} == {
        "answered": 4,
        "refused": 1,
        "failed": 0,
        "per_second": 0,
        "operations": 0,
        "latest": 0,
    }
    last = told["requests"]["latest"][0]
    assert (last["operation"], last["resource"], last["status"]) == ("s3.DeleteObjects", "nothing", 404)
    assert last["message"].startswith("NoSuchBucket: ")
    assert {"cloudformation", "kinesis", "s3"} <= set(told["services"])


def test_looking_at_the_status_loads_no_service(server: Server) -> None:
    told = send(server, "GET", "/_sandbox/status").json
    assert told["stacks"] == []
    assert set(told["services"]) <= {"iam"}


def test_callers_are_named(server: Server, client_of: ClientOf, served: Sandbox) -> None:
    iam = client_of("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    send(server, "GET", "/", headers=signed_for("s3", key=key))
    latest = send(server, "GET", "/_sandbox/status").json["requests"]["latest"]
    assert [one["caller"] for one in latest] == ["ada", "root", "root"]


def test_the_workers_failure_is_told(server: Server) -> None:
    worker = server.worker
    assert worker is not None
    worker.stop()
    worker.failure, worker.failures = "ValueError: lost its way", 1
    told = send(server, "GET", "/_sandbox/status").json["worker"]
    assert told["works"] is True
    assert told["failures"] == 1
    assert "ValueError: lost its way" in told["failure"]
