"""What a directory holds: opened by one process, written by the row, cleared of what is gone."""

from __future__ import annotations

import base64
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from offline.clock import clock
from offline.errors import StateError
from offline.state import State
from offline.state.database import FILE
from tests.offline.state.restarted import account
from tests.offline.state.test_services import archive, role


def size(directory: Path, query: str) -> int:
    """A figure about the file, once nobody has it open."""
    connection = sqlite3.connect(directory / FILE)
    [found] = connection.execute(query).fetchone()
    connection.close()
    return int(found or 0)


def test_refuses_a_directory_that_another_process_has_open(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    with pytest.raises(StateError, match="is the state of another process"):
        State.open(tmp_path)
    state.close()
    State.open(tmp_path).close()


def test_refuses_a_directory_of_another_format(tmp_path: Path) -> None:
    State.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StateError, match="format 999, this version reads format"):
        State.open(tmp_path)


def test_refuses_a_directory_made_with_another_moto(tmp_path: Path) -> None:
    State.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE about SET value = 'Python 3.9, moto 1.0'")
    connection.commit()
    connection.close()
    with pytest.raises(StateError, match=r"was made with Python 3\.9, moto 1\.0"):
        State.open(tmp_path)


@pytest.mark.parametrize("content", [b"no database at all, and long enough to tell" * 40, None])
def test_refuses_a_file_that_is_not_ours(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    else:
        connection = sqlite3.connect(tmp_path / FILE)
        connection.execute("CREATE TABLE other (a)")
        connection.close()
    with pytest.raises(StateError, match="is not an account's state"):
        State.open(tmp_path)


def test_what_was_not_committed_is_not_there(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="committed")
        state.commit()
    with account(tmp_path) as (state, _):
        boto3.client("s3").create_bucket(Bucket="not-committed")
        state._failed = "the process ends here"
        with pytest.raises(StateError, match="no longer kept"):
            state.commit()
        state._failed = ""
    with account(tmp_path):
        assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["committed"]


def test_the_clock_stands_where_it_stood(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(days=60)
        state.commit()
        before = clock.now()
    with account(tmp_path):
        assert clock.now() == before


def test_reading_writes_nothing(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="read")
        s3.put_object(Bucket="read", Key="a", Body=b"a")

        def read() -> None:
            s3.get_object(Bucket="read", Key="a")["Body"].read()
            s3.list_objects_v2(Bucket="read")
            boto3.client("kinesis").list_streams()
            boto3.client("iam").list_roles()
            state.commit()

        read()  # A service is kept as it begins, when it is first asked for something.
        before = written(state)
        read()
        assert written(state) == before


def test_a_put_writes_as_much_into_a_full_bucket_as_into_an_empty_one(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="filled")
        costs = []
        for number in range(200):
            before = written(state)
            s3.put_object(Bucket="filled", Key=f"{number:04}", Body=b"body")
            state.commit()
            costs.append(written(state) - before)
    assert len(set(costs[1:])) == 1, costs


def test_records_are_written_once_however_many_there_are(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        kinesis: Any = boto3.client("kinesis")
        kinesis.create_stream(StreamName="filled", ShardCount=1)
        costs = []
        for _ in range(50):
            sandbox.advance(seconds=1)
            state.commit()
            before = written(state)
            records = [{"PartitionKey": "k", "Data": b"x" * 1000} for _ in range(100)]
            kinesis.put_records(StreamName="filled", Records=records)
            state.commit()
            costs.append(written(state) - before)
    assert len(set(costs[1:])) == 1, costs


def written(state: State) -> int:
    """Rows that were written since the file was opened."""
    return state._database._connection.total_changes


def test_what_is_gone_takes_no_room(tmp_path: Path) -> None:
    body = b"x" * 3_000_000
    with account(tmp_path) as (state, _):
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="emptied")
        for _ in range(5):
            s3.put_object(Bucket="emptied", Key="same", Body=body)
            state.commit()
        s3.delete_object(Bucket="emptied", Key="same")
        s3.delete_bucket(Bucket="emptied")
        state.commit()
    assert size(tmp_path, "SELECT count(*) FROM row WHERE length(content) > 1000000") == 0
    assert (tmp_path / FILE).stat().st_size < 3 * len(body)


def test_expired_records_take_no_room(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        kinesis: Any = boto3.client("kinesis")
        kinesis.create_stream(StreamName="short", ShardCount=1)
        kinesis.put_record(StreamName="short", PartitionKey="k", Data=b"old" * 10_000)
        state.commit()
        sandbox.advance(hours=25)
        kinesis.put_record(StreamName="short", PartitionKey="k", Data=b"new")
        state.commit()
    assert size(tmp_path, "SELECT count(*) FROM row WHERE length(content) > 10000") == 0
    with account(tmp_path):
        shard = {
            "StreamName": "short",
            "ShardId": "shardId-000000000000",
            "ShardIteratorType": "TRIM_HORIZON",
        }
        kinesis = boto3.client("kinesis")
        found = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**shard)["ShardIterator"])
        assert [record["Data"] for record in found["Records"]] == [b"new"]


def test_what_is_there_when_the_sandbox_is_left_is_kept(tmp_path: Path) -> None:
    """Also what nobody committed: an account that is left in order loses nothing."""
    with account(tmp_path):
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="left")
        s3.put_object(Bucket="left", Key="a", Body=b"whole")
    with account(tmp_path):
        assert boto3.client("s3").get_object(Bucket="left", Key="a")["Body"].read() == b"whole"


def test_importing_it_loads_no_service(tmp_path: Path) -> None:
    program = (
        "import sys, offline.state; State = offline.state.State; State.open(sys.argv[1]).close();"
        "print([name for name in sys.modules if name.startswith('moto.') and name.endswith('.models')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "['moto.core.models']"


def test_an_archive_is_written_once_however_often_its_function_changes(tmp_path: Path) -> None:
    packed = archive("# " + base64.b64encode(os.urandom(300_000)).decode())
    with account(tmp_path) as (state, _):
        client: Any = boto3.client("lambda")
        made = {"Runtime": "python3.12", "Handler": "handler.run", "Role": role()}
        client.create_function(FunctionName="long", Code={"ZipFile": packed}, Publish=True, **made)
        state.commit()
    with account(tmp_path) as (state, _):
        client = boto3.client("lambda")
        for seconds in range(3, 20):
            client.update_function_configuration(FunctionName="long", Timeout=seconds)
            state.commit()
    long = "SELECT count(*) FROM row WHERE length(content) > 300000"
    assert size(tmp_path, long) == 2, "the archive, and the request's Base64 of it"
    assert size(tmp_path, "SELECT count(*) FROM backend WHERE length(content) > 300000") == 0
    assert (tmp_path / FILE).stat().st_size < 3_000_000
    with account(tmp_path):
        client = boto3.client("lambda")
        client.update_function_code(FunctionName="long", ZipFile=archive("def run(event, context): pass"))
        client.delete_function(FunctionName="long", Qualifier="1")
    assert size(tmp_path, long) == 0
