"""PutRecords of real flights beside plain moto, and Firehose's conversion of them beside bare pyarrow.

    python -m benchmarks.streaming --rows 20000 40000 80000

Records per second are shown for growing numbers of records, since plain moto slows down as it fills.
Client side included: both sides pay for boto3.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq
from botocore.config import Config
from moto import mock_aws

from benchmarks.measure import in_turns, seconds, show
from labs import flights
from labs.synth import synthesize
from offline.assembly import Assembly
from offline.engines.firehose import schema
from offline.engines.firehose.conversion import Deserializer, Serializer, table_of
from offline.engines.firehose.record import Item
from offline.sandbox import Sandbox
from workloads.flights_transform import handler

SHARDS = 4
CALLS_A_SECOND = 8
"""So many calls of 500 are what the shards take in a second."""

Batches = list[list[flights.Record]]


def put(batches: Batches, sandbox: Sandbox | None) -> float:
    kinesis: Any = boto3.client(
        "kinesis", region_name="us-east-1", config=Config(retries={"max_attempts": 0})
    )
    kinesis.create_stream(StreamName="events", ShardCount=SHARDS)

    def work() -> None:
        for index, batch in enumerate(batches):
            kinesis.put_records(StreamName="events", Records=batch)
            if sandbox and index % CALLS_A_SECOND == CALLS_A_SECOND - 1:
                sandbox.advance(seconds=1)

    return seconds(work)


def put_in_sandbox(batches: Batches) -> float:
    with Sandbox() as sandbox:
        return put(batches, sandbox)


def put_in_moto(batches: Batches) -> float:
    with mock_aws():
        return put(batches, None)


def flights_table() -> tuple[dict[str, Any], dict[str, Any]]:
    """The delivery stream's conversion and the Glue table it names, from the synthesized templates."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = {stack.noun: stack.template for stack in Assembly.load(synthesize(Path(folder))).stacks}

    def the(noun: str, kind: str) -> dict[str, Any]:
        found = [r["Properties"] for r in stacks[noun]["Resources"].values() if r["Type"] == kind]
        return dict(found[0])

    delivery = the("streaming", "AWS::KinesisFirehose::DeliveryStream")["ExtendedS3DestinationConfiguration"]
    return delivery["DataFormatConversionConfiguration"], the("catalog", "AWS::Glue::Table")["TableInput"]


def rows_by_day(rows: int) -> list[list[bytes]]:
    """What the transform makes of the flights: a list of JSON lines for each day."""
    days: dict[tuple[str, ...], list[bytes]] = {}
    for event in flights.encoded(flights.source(rows)):
        row, keys = handler.flight(handler.decode(event.decode()))
        days.setdefault(tuple(keys.values()), []).append(handler.encode(row).encode())
    return list(days.values())


def convert_bare(days: list[list[bytes]], reader: Deserializer, writer: Serializer) -> None:
    options = pj.ParseOptions(explicit_schema=reader.schema)
    for day in days:
        lines = io.BytesIO(b"\n".join(day))
        table = pj.read_json(lines, pj.ReadOptions(use_threads=False), options)
        pq.write_table(table, io.BytesIO(), use_deprecated_int96_timestamps=True, **writer.options)


def convert_here(days: list[list[Item]], reader: Deserializer, writer: Serializer) -> None:
    for day in days:
        tables, _, _ = table_of(day, reader, {})
        writer.write(pa.concat_tables(tables))


def measure_conversion(rows: int) -> None:
    conversion, table = flights_table()
    reader, writer = schema.deserializer(conversion, table), schema.serializer(conversion)
    days = rows_by_day(rows)
    items = [[Item(line, 0, "") for line in day] for day in days]
    ours, bare = in_turns(
        lambda: convert_here(items, reader, writer), lambda: convert_bare(days, reader, writer), 5
    )
    show(
        f"conversion of {rows:,} rows",
        f"{ours:.2f} s",
        f"bare pyarrow {bare:.2f} s",
        ours / bare,
        "below 1.5",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[20_000, 40_000, 80_000], help="flights (default %(default)s)"
    )
    asked = parser.parse_args().rows
    for rows in [500, *asked]:
        batches = list(flights.batches(flights.events(rows), 500))
        here, moto = put_in_sandbox(batches), put_in_moto(batches)
        there = f"plain moto {rows / moto:,.0f}/s"
        if rows in asked:  # the first round only loads what both sides need
            show(
                f"PutRecords of {rows:,} flights", f"{rows / here:,.0f}/s", there, moto / here, "at least 10"
            )
    measure_conversion(asked[-1])


if __name__ == "__main__":
    main()
