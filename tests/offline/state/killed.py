"""Kill a process that writes, look what its account holds, and go on, round after round.

    python -m tests.offline.state.killed DIRECTORY SEED ROUNDS

Says what was acknowledged in each round and ends with an error where something of it is missing. Writers and
readers are forks of this process, so that each starts with everything imported and nothing of the others.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from offline.sandbox import Sandbox
from offline.state import State

STREAM, BUCKET = "events", "things"
BATCH = 25
LARGE = 2_000_000
Operation = dict[str, Any]


# -- what is written ----------------------------------------------------------------------------------


def records(chance: random.Random, number: str) -> Operation:
    return {"do": "records", "keys": [f"{number}-{one}" for one in range(BATCH)]}


def put(chance: random.Random, number: str) -> Operation:
    size = chance.choice([1, 1_000, 100_000, LARGE])
    return {"do": "put", "key": f"{chance.randrange(40)}", "start": number, "size": size}


def delete(chance: random.Random, number: str) -> Operation:
    return {"do": "delete", "key": f"{chance.randrange(40)}"}


def parameter(chance: random.Random, number: str) -> Operation:
    return {"do": "parameter", "name": f"{chance.randrange(20)}", "value": number}


def wait(chance: random.Random, number: str) -> Operation:
    return {"do": "wait"}


KINDS = (records, records, put, put, put, delete, parameter, wait)


def body(operation: Operation) -> bytes:
    start = str(operation["start"]).encode()
    return start + b"." * (int(operation["size"]) - len(start))


def carry_out(operation: Operation, sandbox: Sandbox) -> None:
    s3, kind = boto3.client("s3"), operation["do"]
    if kind == "records":
        entries = [{"PartitionKey": key, "Data": key.encode()} for key in operation["keys"]]
        boto3.client("kinesis").put_records(StreamName=STREAM, Records=entries)
    elif kind == "put":
        s3.put_object(Bucket=BUCKET, Key=operation["key"], Body=body(operation))
    elif kind == "delete":
        s3.delete_object(Bucket=BUCKET, Key=operation["key"])
    elif kind == "parameter":
        given = {"Name": operation["name"], "Value": operation["value"], "Type": "String", "Overwrite": True}
        boto3.client("ssm").put_parameter(**given)
    else:
        sandbox.advance(seconds=1)


def write(directory: Path, seed: str, tell: Callable[[str], None]) -> None:
    """Write without end; say what is begun, and what has been committed."""
    chance, state = random.Random(seed), State.open(directory)
    with Sandbox() as sandbox:
        state.restore(sandbox)
        if not boto3.client("kinesis").list_streams()["StreamNames"]:
            boto3.client("kinesis").create_stream(StreamName=STREAM, ShardCount=3)
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            state.commit()
        for number in range(1_000_000):
            operation = chance.choice(KINDS)(chance, f"{seed}-{number}")
            tell(json.dumps(operation))
            carry_out(operation, sandbox)
            state.commit()
            tell("done")


# -- what is found ------------------------------------------------------------------------------------


@dataclass
class Contents:
    """What an account holds, or should."""

    records: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    seconds: int = 0

    def after(self, operation: Operation) -> Contents:
        found = Contents(set(self.records), dict(self.objects), dict(self.parameters), self.seconds)
        kind = operation["do"]
        if kind == "records":
            found.records |= set(operation["keys"])
        elif kind == "put":
            found.objects[operation["key"]] = body(operation)
        elif kind == "delete":
            found.objects.pop(operation["key"], None)
        elif kind == "parameter":
            found.parameters[operation["name"]] = operation["value"]
        else:
            found.seconds += 1
        return found


def contents(directory: Path) -> Contents:
    """What the account in a directory holds."""
    state = State.open(directory)
    with Sandbox() as sandbox:
        started = sandbox.clock.now()
        state.restore(sandbox)
        found = Contents(set(read_stream()), seconds=round((sandbox.clock.now() - started).total_seconds()))
        s3 = boto3.client("s3")
        for listed in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            found.objects[listed["Key"]] = s3.get_object(Bucket=BUCKET, Key=listed["Key"])["Body"].read()
        for page in boto3.client("ssm").get_paginator("describe_parameters").paginate():
            for one in page["Parameters"]:
                value = boto3.client("ssm").get_parameter(Name=one["Name"])["Parameter"]["Value"]
                found.parameters[one["Name"]] = value
    return found


def read_stream() -> list[str]:
    kinesis, found = boto3.client("kinesis"), []
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        place = {"StreamName": STREAM, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        answer = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])
        assert answer["MillisBehindLatest"] == 0, "more records than one read gives"
        keys = [record["Data"].decode() for record in answer["Records"]]
        assert len(set(keys)) == len(keys), "a record is there twice"
        found += keys
    return found


# -- rounds -------------------------------------------------------------------------------------------


def forked(work: Callable[[Callable[[str], None]], None]) -> tuple[int, Any]:
    """A fork at work; its number and the lines it tells."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        try:
            work(lambda line: os.write(writing, f"{line}\n".encode()) and None)
        finally:
            sys.stderr.flush()
            os._exit(0 if sys.exc_info()[0] is None else 1)
    os.close(writing)
    return child, os.fdopen(reading)


def killed(directory: Path, seed: str) -> list[str]:
    """The lines of a writer that was killed somewhere among its operations."""
    chance = random.Random(f"kill {seed}")
    child, told = forked(lambda tell: write(directory, seed, tell))
    lines = [told.readline() for _ in range(2 * chance.randrange(5, 60))]
    time.sleep(chance.random() / 200)
    os.kill(child, signal.SIGKILL)
    lines += told.readlines()
    os.waitpid(child, 0)
    return [line.strip() for line in lines if line.endswith("\n")]


def difference(due: Contents, found: Contents) -> dict[str, Any]:
    objects = {key for key in due.objects | found.objects if due.objects.get(key) != found.objects.get(key)}
    return {
        "records": sorted(due.records ^ found.records)[:10],
        "objects": sorted(objects),
        "parameters": dict(due.parameters.items() ^ found.parameters.items()),
        "seconds": (due.seconds, found.seconds),
    }


def main(directory: Path, seed: int, rounds: int) -> None:
    due = Contents()
    warm_up()
    for number in range(rounds):
        lines = killed(directory, f"{seed}-{number}")
        operations = [json.loads(line) for line in lines if line != "done"]
        done, begun = lines.count("done"), None
        for operation in operations[:done]:
            due = due.after(operation)
        if len(operations) > done:
            begun = operations[done]
        looking, told = forked(
            lambda tell, due=due, begun=begun: tell(json.dumps(seen(directory, due, begun)))
        )
        if not (said := told.readline()):
            raise SystemExit(f"round {number}: see above")
        os.waitpid(looking, 0)
        if json.loads(said) and begun is not None:
            due = due.after(begun)
        print(f"round {number}: {done} acknowledged", flush=True)


def warm_up() -> None:
    """Import everything, and read the services' models, once for all forks."""
    with Sandbox():
        boto3.client("s3").list_buckets()
        boto3.client("ssm").describe_parameters()
        boto3.client("kinesis").list_streams()


def seen(directory: Path, due: Contents, begun: Operation | None) -> bool:
    """Whether what was begun is there, too, once all else is."""
    found = contents(directory)
    if found == due:
        return False
    if begun is None or found != due.after(begun):
        raise AssertionError(f"missing or too much: {difference(due, found)}; in the midst of {begun}")
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
