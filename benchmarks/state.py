"""What keeping the account on disk adds to a request, and that it adds no more where more is stored.

    python -m benchmarks.state --records 20000 80000 --objects 100 10000

PutRecords of 500 records, and PutObject of 1 KiB, each committed before the next, beside the same account
in memory alone. The figures are medians of the calls just before so much is stored.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from benchmarks.measure import seconds, show
from offline.sandbox import Sandbox
from offline.state import State

BATCH = 500
CALLS_A_SECOND = 8
SHARDS = 4
RECORD = b"x" * 300
BODY = b"x" * 1024
LAST = 50
"""So many calls are looked at."""

Call = Callable[[int], object]


@contextmanager
def account(on_disk: bool) -> Iterator[tuple[Sandbox, Callable[[], None]]]:
    """An account, and how a request in it is committed."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        if not on_disk:
            yield sandbox, lambda: None
            return
        state = State.open(folder)
        state.restore(sandbox)
        yield sandbox, state.commit


def records(sandbox: Sandbox) -> Call:
    kinesis: Any = boto3.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=SHARDS)
    batch = [{"PartitionKey": str(number), "Data": RECORD} for number in range(BATCH)]

    def put(number: int) -> None:
        if number % CALLS_A_SECOND == 0:
            sandbox.advance(seconds=1)
        kinesis.put_records(StreamName="events", Records=batch)

    return put


def objects(sandbox: Sandbox) -> Call:
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="things")
    return lambda number: s3.put_object(Bucket="things", Key=f"{number:08}", Body=BODY)


def milliseconds(kind: Callable[[Sandbox], Call], marks: list[int], on_disk: bool) -> dict[int, float]:
    """The median call before each mark."""
    times: list[float] = []
    with account(on_disk) as (sandbox, commit):
        call = kind(sandbox)
        commit()
        for number in range(max(marks)):
            times.append(1000 * seconds(lambda number=number: (call(number), commit())))
    return {mark: statistics.median(times[max(0, mark - LAST) : mark]) for mark in marks}


def compare(what: str, kind: Callable[[Sandbox], Call], marks: list[int], of_each: int) -> None:
    kept, plain = (
        milliseconds(kind, [mark // of_each for mark in marks], on_disk) for on_disk in (True, False)
    )
    for mark in marks:
        here, beside = kept[mark // of_each], plain[mark // of_each]
        show(
            f"{what}, {mark:,} stored",
            f"{here:.2f} ms",
            f"in memory alone {beside:.2f} ms",
            here / beside,
            "the same at each size",
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, nargs="+", default=[20_000, 80_000])
    parser.add_argument("--objects", type=int, nargs="+", default=[100, 10_000])
    asked = parser.parse_args()
    compare("PutRecords of 500", records, asked.records, BATCH)
    compare("PutObject of 1 KiB", objects, asked.objects, 1)


if __name__ == "__main__":
    main()
