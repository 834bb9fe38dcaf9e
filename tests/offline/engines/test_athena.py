"""What Athena answers, costs and refuses over a lake that stays as it is. Oracle: bare DuckDB."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offline.sandbox import Sandbox
from tests.offline.engines.athena_account import DAYS, Account


@pytest.fixture(scope="module")
def shared() -> Any:
    """One account for all tests that change nothing of it."""
    with Sandbox():
        yield Account()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT carrier, count(*), avg(dep_delay) FROM flights GROUP BY carrier ORDER BY carrier",
        "SELECT month, day, sum(distance) FROM flights WHERE month = '02' GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT * FROM flights WHERE day = 3 ORDER BY distance",
        "WITH late AS (SELECT * FROM flights WHERE dep_delay > 10) SELECT day, count(*) FROM late GROUP BY 1"
        " ORDER BY day",
        "SELECT a.day FROM flights a JOIN flights b ON a.day = b.day AND b.distance = 101 ORDER BY 1 LIMIT 3",
        "SELECT carrier FROM flights WHERE dep_delay IS NULL UNION SELECT 'zz' ORDER BY 1",
        "SELECT day, row_number() OVER (PARTITION BY month ORDER BY distance) n FROM flights ORDER BY 1, 2",
    ],
)
def test_a_query_answers_what_duckdb_answers(shared: Account, query: str) -> None:
    flights = pd.concat(shared.frames)[["carrier", "dep_delay", "distance", "time_hour", "month", "day"]]
    with duckdb.connect() as bare:
        bare.register("flights", flights)
        expected = bare.execute(query).fetchall()
    assert [[plain(value) for value in row] for row in expected] == shared.ask(query)


def plain(value: Any) -> str | None:
    """A value as Athena prints it."""
    if value is None or value != value:
        return None
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return str(value)


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("7 / 2", "3"),
        ("count(*) / 7", "25"),
        ("100.0 * 1 / 3", "33.3"),
        ("7 / 2e0", "3.5"),
        ("1e7", "1.0E7"),
        ("1.234e-4", "1.234E-4"),
        ("true", "true"),
        ("CAST(NULL AS integer)", None),
        ("ARRAY[1, 2]", "[1, 2]"),
        ("MAP(ARRAY['a'], ARRAY[1e0])", "{a=1.0}"),
        ("CAST(ROW(1, 'x') AS ROW(a integer, b varchar))", "{a=1, b=x}"),
        ("DATE '2013-01-02'", "2013-01-02"),
        ("timestamp '2013-01-02 03:04:05.678'", "2013-01-02 03:04:05.678"),
        ("current_date", "2026-01-05"),
        ("date_diff('day', DATE '2013-01-01', DATE '2013-03-01')", "59"),
        ("sum(distance)", "65610"),
    ],
)
def test_a_value_is_printed_as_athena_prints_it(
    shared: Account, expression: str, printed: str | None
) -> None:
    assert shared.ask(
        f"SELECT {expression} FROM flights LIMIT 1" if "(" in expression else f"SELECT {expression}"
    )[0] == [printed]


def test_a_result_has_a_header_types_and_pages(shared: Account) -> None:
    id = shared.start("SELECT carrier, Distance, 1.5, dep_delay AS delay, time_hour FROM flights")
    with pytest.raises(ClientError, match="not yet finished"):
        shared.athena.get_query_results(QueryExecutionId=id)
    shared.athena.get_query_execution(QueryExecutionId=id)
    first = shared.athena.get_query_results(QueryExecutionId=id, MaxResults=10)
    assert [c["VarCharValue"] for c in first["ResultSet"]["Rows"][0]["Data"]] == [
        "carrier", "distance", "_col2", "delay", "time_hour"]  # fmt: skip
    types = [c["Type"] for c in first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert types == ["varchar", "integer", "decimal", "double", "timestamp"]
    pages = shared.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=id, PaginationConfig={"PageSize": 50}
    )
    assert sum(len(page["ResultSet"]["Rows"]) for page in pages) == 30 * DAYS + 1


def test_the_result_file_quotes_values_and_leaves_null_empty(shared: Account) -> None:
    ended = shared.run("""SELECT 'a"b,c' AS x, CAST(NULL AS varchar) AS y, '' AS z, 1 AS n""")
    body = shared.body(ended["ResultConfiguration"]["OutputLocation"])
    assert body == b'"x","y","z","n"\n"a""b,c",,"","1"\n'


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc"))), min_size=1, max_size=5))
def test_text_survives_the_way_through_sql_and_the_result_file(shared: Account, values: list[str]) -> None:
    listed = ", ".join(
        "(" + str(i) + ", '" + value.replace("'", "''") + "')" for i, value in enumerate(values)
    )
    ended = shared.run(f"SELECT v FROM (VALUES {listed}) AS t (i, v) ORDER BY i")
    assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]
    body = shared.body(ended["ResultConfiguration"]["OutputLocation"]).decode()
    assert [row[0] for row in list(csv.reader(io.StringIO(body, newline="")))[1:]] == values


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_survives_the_way_through_the_result_file(shared: Account, value: float) -> None:
    assert float(str(shared.ask(f"SELECT CAST('{value!r}' AS double)")[0][0])) == value


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT nope FROM flights", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT 1\nFROM zap", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.db.zap' does not exist"),
        ("SELECT 1 FROM zip.zap", "SCHEMA_NOT_FOUND: line 1:19: Schema 'zip' does not exist"),
        (
            "SELECT\n  strptime(carrier) FROM flights",
            "FUNCTION_NOT_FOUND: line 2:3: Function 'strptime' not registered",
        ),
        ("SELECT carrier, day FROM flights GROUP BY day", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT sum(carrier) FROM flights", "TYPE_MISMATCH"),
        (
            "SELECT ?",
            "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0",
        ),
        (
            "SELECT spooky_hash_v2_64(carrier) FROM flights",
            "NOT_SUPPORTED: the offline Athena engine does not have",
        ),
    ],
)
def test_a_wrong_query_fails_with_athenas_reason(shared: Account, query: str, reason: str) -> None:
    assert shared.reason(query).startswith(reason)


@pytest.mark.parametrize(
    "query", ["SELEC 1", "SELECT a FROM", "SELECT 1; SELECT 2", "DROP VIEW x", "EXPLAIN SELECT 1", ""]
)
def test_refuses_malformed_and_unknown_statements_in_the_call(shared: Account, query: str) -> None:
    with pytest.raises(ClientError) as refused:
        shared.start(query or " ")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


@pytest.mark.claim("c-1.1-004", "c-1.1-015")
def test_bytes_scanned_are_those_of_the_columns_in_the_partitions_left(shared: Account) -> None:
    def size(day: int, *columns: str) -> int:
        folder = f"flights/month={'01' if day < 4 else '02'}/day={day}/part.parquet"
        group = pq.read_metadata(io.BytesIO(shared.body(f"s3://lake/{folder}"))).row_group(0)
        found = [group.column(index) for index in range(group.num_columns)]
        return sum(c.total_compressed_size for c in found if c.path_in_schema in columns)

    assert shared.scanned("SELECT carrier FROM flights WHERE day = 2") == size(2, "carrier")
    everything = sum(size(day, "carrier", "distance") for day in range(1, DAYS + 1))
    assert shared.scanned("SELECT carrier, sum(distance) FROM flights GROUP BY 1") == everything
    assert shared.scanned("SELECT carrier FROM flights WHERE day = 2 AND distance > 0") == size(
        2, "carrier", "distance"
    )
    assert shared.scanned("SELECT carrier FROM flights WHERE month = '02' AND distance > 600") == size(
        6, "carrier", "distance"
    )
    assert shared.scanned("SELECT count(*) FROM flights WHERE month LIKE '0%'") == 0
    assert shared.scanned("SELECT carrier FROM flights WHERE day = 99") == 0


def test_metadata_comes_from_the_data_catalog(shared: Account) -> None:
    found = shared.athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName="db", TableName="flights"
    )
    assert [key["Name"] for key in found["TableMetadata"]["PartitionKeys"]] == ["month", "day"]
    databases = shared.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert [database["Name"] for database in databases] == ["db"]
    assert ["flights"] in shared.ask("SHOW TABLES")
    assert shared.ask("DESCRIBE flights")[0] == ["carrier", "string", ""]
    assert json.dumps(shared.ask("SHOW CREATE TABLE flights")).count("s3://lake/flights/") == 1
