"""What the notes say of Athena (section 2.1)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.orc as po
import pyarrow.parquet as pq
import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from offline.sandbox import Sandbox
from tests.claims.test_lake import CAPACITY, of_type, properties
from tests.offline.engines.athena_account import Account

ROWS = 200_000


@pytest.fixture
def account() -> Iterator[Account]:
    with Sandbox():
        yield Account()


@pytest.mark.claim("c-2.1-004")
def test_a_workgroup_has_no_capacity_to_provision() -> None:
    [workgroup] = of_type("query", "AWS::Athena::WorkGroup").values()
    assert {
        name for name in {*properties("AWS::Athena::WorkGroup"), *workgroup} if CAPACITY.search(name)
    } == set()
    assert "TargetDpus" in properties("AWS::Athena::CapacityReservation")
    assert of_type("query", "AWS::Athena::CapacityReservation") == {}


def wide() -> pa.Table:
    return pa.table({f"c{n}": pa.array(range(n, n + ROWS), pa.int64()) for n in range(8)})


@pytest.mark.claim("c-2.1-007", "c-2.1-008")
def test_columnar_files_split_into_parts_and_are_read_by_column(account: Account) -> None:
    parquet, orc = io.BytesIO(), io.BytesIO()
    pq.write_table(wide(), parquet, row_group_size=50_000)
    po.write_table(wide(), orc, stripe_size=1 << 20)
    assert pq.ParquetFile(parquet).num_row_groups == 4
    assert po.ORCFile(orc).nstripes > 1
    columns = ", ".join(f"c{n} bigint" for n in range(8))
    for name, body in (("parquet", parquet), ("orc", orc)):
        account.put(f"{name}/part", body.getvalue())
        account.ask(
            f"CREATE EXTERNAL TABLE {name}_table ({columns}) STORED AS {name.upper()} LOCATION 's3://lake/{name}/'"
        )
        everything = ", ".join(f"sum(c{n})" for n in range(8))
        one, every = (
            account.run(f"SELECT {what} FROM {name}_table")["Statistics"]["DataScannedInBytes"]
            for what in ("sum(c0)", everything)
        )
        assert 0 < one < every / 4


@pytest.mark.claim("c-2.1-019")
def test_ddl_scans_nothing_that_could_be_charged(account: Account) -> None:
    for statement in (
        "CREATE EXTERNAL TABLE other (carrier string) STORED AS PARQUET LOCATION 's3://lake/flights/'",
        "ALTER TABLE flights DROP PARTITION (month = '02', day = '6')",
        "MSCK REPAIR TABLE flights",
        "DROP TABLE other",
    ):
        assert account.run(statement)["Statistics"]["DataScannedInBytes"] == 0
    assert account.run("SELECT max(distance) FROM flights")["Statistics"]["DataScannedInBytes"] > 0


@pytest.mark.claim("c-2.1-023")
def test_aws_has_the_managed_policies() -> None:
    names = set(json.loads(aws_managed_policies_data))
    assert {"AmazonAthenaFullAccess", "AWSQuicksightAthenaAccess"} <= names


@pytest.mark.claim("c-2.1-028")
def test_the_buckets_that_athena_reads_and_writes_take_tls_only() -> None:
    policies = of_type("lake", "AWS::S3::BucketPolicy").values()
    buckets = set(of_type("lake", "AWS::S3::Bucket"))
    closed = {
        policy["Bucket"]["Ref"]
        for policy in policies
        for one in policy["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert closed == buckets


@pytest.mark.claim("c-2.1-001")
def test_sql_over_the_files_in_s3_gives_what_pandas_gives(account: Account) -> None:
    rows = account.ask("SELECT carrier, sum(distance) FROM flights GROUP BY carrier ORDER BY carrier")
    expected = pd.concat(account.frames).groupby("carrier")["distance"].sum()
    assert rows == [[carrier, str(total)] for carrier, total in expected.items()]
