"""An account with a lake of six days of flights, for the tests of Athena."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

RESULTS = "s3://results/q/"
DAYS = 6


class Account:
    """A lake with one partitioned table `flights`, and the shortest way to ask."""

    def __init__(self) -> None:
        self.s3, self.glue, self.athena = (boto3.client(name) for name in ("s3", "glue", "athena"))
        for bucket in ("lake", "results"):
            self.s3.create_bucket(Bucket=bucket)
        self.glue.create_database(DatabaseInput={"Name": "db"})
        self.frames = [self.day(day) for day in range(1, DAYS + 1)]
        self.ask(
            "CREATE EXTERNAL TABLE flights (carrier string, dep_delay double, distance int,"
            " time_hour timestamp) PARTITIONED BY (month string, day int) STORED AS PARQUET LOCATION 's3://lake/flights/'"
        )
        self.ask("MSCK REPAIR TABLE flights")

    def day(self, day: int) -> pd.DataFrame:
        frame = pd.DataFrame(
            {
                "carrier": [("UA", "AA", "B6")[n % 3] for n in range(30)],
                "dep_delay": [None if n % 7 == 0 else n * day / 4 for n in range(30)],
                "distance": pd.array([n + 100 * day for n in range(30)], dtype="int32"),
                "time_hour": pd.Timestamp("2013-01-01") + pd.to_timedelta(range(30), unit="h"),
            }
        )
        self.put(f"flights/month={'01' if day < 4 else '02'}/day={day}/part.parquet", parquet(frame))
        return frame.assign(month="01" if day < 4 else "02", day=day)

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="lake", Key=key, Body=body)

    def start(self, query: str, **options: Any) -> str:
        options.setdefault("ResultConfiguration", {"OutputLocation": RESULTS})
        context = {"Database": "db", "Catalog": "AwsDataCatalog"}
        started = self.athena.start_query_execution(
            QueryString=query, QueryExecutionContext=context, **options
        )
        return str(started["QueryExecutionId"])

    def run(self, query: str, **options: Any) -> dict[str, Any]:
        id = self.start(query, **options)
        return dict(self.athena.get_query_execution(QueryExecutionId=id)["QueryExecution"])

    def ask(self, query: str, **options: Any) -> list[list[str | None]]:
        """The rows without the header; a query that fails fails the test."""
        ended = self.run(query, **options)
        assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]
        pages = self.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=ended["QueryExecutionId"]
        )
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if ended["StatementType"] == "DML" else rows

    def reason(self, query: str, **options: Any) -> str:
        ended = self.run(query, **options)
        assert ended["Status"]["State"] == "FAILED"
        return str(ended["Status"]["StateChangeReason"])

    def scanned(self, query: str) -> int:
        return int(self.run(query)["Statistics"]["DataScannedInBytes"])

    def body(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, coerce_timestamps="us")
    return sink.getvalue()
