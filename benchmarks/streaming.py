"""What streaming costs here, beside plain moto and bare pyarrow, measured in one run.

    python benchmarks/streaming.py --rows 20000

Ratios are of processor time of this process, so a busy machine changes them little.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq
from botocore.config import Config
from moto import mock_aws

from offline.engines.firehose.conversion import Deserializer, Serializer, table_of
from offline.engines.firehose.record import Item
from offline.sandbox import Sandbox

PARTITION_ROWS = 1000
SCHEMA = pa.schema([("n", pa.int32()), ("t", pa.timestamp("ns")), ("s", pa.string()), ("x", pa.float64())])


def seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def put(rows: int, sandbox: Sandbox | None) -> None:
    kinesis: Any = boto3.client(
        "kinesis", region_name="us-east-1", config=Config(retries={"max_attempts": 0})
    )
    kinesis.create_stream(StreamName="events", ShardCount=4)
    for start in range(0, rows, 500):
        records = [{"Data": b"x" * 310, "PartitionKey": str(start + n)} for n in range(500)]
        kinesis.put_records(StreamName="events", Records=records)
        if sandbox:
            sandbox.advance(seconds=1)


def put_in_sandbox(rows: int) -> float:
    with Sandbox() as sandbox:
        return seconds(lambda: put(rows, sandbox))


def put_in_moto(rows: int) -> float:
    with mock_aws():
        return seconds(lambda: put(rows, None))


def partitions(rows: int) -> list[list[bytes]]:
    line = {"t": "2013-01-01 10:00:00", "s": "2013-01-01-UA-1545-EWR-0515", "x": 2.5}
    texts = [json.dumps({"n": n, **line}).encode() + b"\n" for n in range(rows)]
    return [texts[start : start + PARTITION_ROWS] for start in range(0, rows, PARTITION_ROWS)]


def convert_bare(parts: list[list[bytes]]) -> None:
    options = pj.ParseOptions(explicit_schema=SCHEMA)
    for part in parts:
        table = pj.read_json(io.BytesIO(b"".join(part)), parse_options=options)
        pq.write_table(table, io.BytesIO(), use_deprecated_int96_timestamps=True, use_dictionary=False)


def convert_here(parts: list[list[Item]]) -> None:
    writer = Serializer("parquet", {"compression": "SNAPPY", "use_dictionary": False})
    for part in parts:
        tables, _, _ = table_of(part, Deserializer(SCHEMA), {})
        writer.write(pa.concat_tables(tables))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    here, moto = put_in_sandbox(rows), put_in_moto(rows)
    print(f"put_records: {rows / here:,.0f}/s here, {rows / moto:,.0f}/s in plain moto: {moto / here:.1f}x")
    parts = partitions(rows)
    items = [[Item(text, 0, "") for text in part] for part in parts]
    bare, ours = seconds(lambda: convert_bare(parts)), seconds(lambda: convert_here(items))
    print(f"conversion: {ours:.2f} s here, {bare:.2f} s in bare pyarrow: {ours / bare:.2f}x")


if __name__ == "__main__":
    main()
