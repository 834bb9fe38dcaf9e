"""Athena through boto3: what a query answers, costs, refuses and leaves in S3. Oracle: bare DuckDB."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import boto3
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offline.sandbox import Sandbox

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
            "CREATE EXTERNAL TABLE flights (carrier string, dep_delay double, distance int, time_hour timestamp"
            ") PARTITIONED BY (month string, day int) STORED AS PARQUET LOCATION 's3://lake/flights/'"
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


@pytest.fixture(scope="module")
def shared() -> Any:
    """One account for all tests that change nothing of it."""
    with Sandbox():
        yield Account()


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account()


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
        "SELECT day, row_number() OVER (PARTITION BY month ORDER BY distance) AS n FROM flights ORDER BY 1, 2",
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


def test_a_query_sees_new_overwritten_and_deleted_objects(account: Account) -> None:
    count = "SELECT count(*), max(distance) FROM flights"
    assert account.ask(count) == [[str(30 * DAYS), "629"]]
    frame = account.frames[0].drop(columns=["month", "day"])
    account.put(
        "flights/month=01/day=1/more.parquet", parquet(frame.assign(distance=frame["distance"] + 5000))
    )
    assert account.ask(count) == [[str(30 * DAYS + 30), "5129"]]
    account.put("flights/month=01/day=1/more.parquet", parquet(frame))
    assert account.ask(count) == [[str(30 * DAYS + 30), "629"]]
    account.s3.delete_object(Bucket="lake", Key="flights/month=01/day=1/more.parquet")
    assert account.ask(count) == [[str(30 * DAYS), "629"]]
    account.ask("ALTER TABLE flights DROP PARTITION (month = '02', day = '6')")
    assert account.ask(count) == [[str(30 * DAYS - 30), "529"]]


def test_a_broken_object_fails_only_queries_that_read_it(account: Account) -> None:
    account.put("flights/month=01/day=1/broken.parquet", b"PAR1 no")
    assert account.reason("SELECT carrier FROM flights").startswith(
        "HIVE_BAD_DATA: Error reading s3://lake/flights/"
    )
    assert account.ask("SELECT count(carrier) FROM flights WHERE day = 2") == [["30"]]


def test_a_column_missing_in_files_is_null_and_one_of_another_type_is_bad_data(account: Account) -> None:
    account.ask(
        "CREATE EXTERNAL TABLE other (carrier string, gate string, distance string) STORED AS PARQUET"
        " LOCATION 's3://lake/flights/month=01/day=1/'"
    )
    assert account.ask("SELECT count(*), count(gate) FROM other") == [["30", "0"]]
    assert account.reason("SELECT distance FROM other").startswith(
        "HIVE_BAD_DATA: Field distance's type int32"
    )


@pytest.mark.parametrize(
    ("ddl", "body"),
    [
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", b"h,h,h\n1,a,1.5\nx,\\N,\n"),
        ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'", b'h,h,h\n"1","a","1.5"\n'),
        ("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", b'\n{"i":1,"s":"a","d":1.5}\n{"i":null}\n'),
    ],
)
def test_text_tables_are_read_as_their_serde_reads_them(account: Account, ddl: str, body: bytes) -> None:
    account.put("text/data", body)
    account.ask(
        f"CREATE EXTERNAL TABLE t (i int, s string, d double) {ddl} LOCATION 's3://lake/text/'"
        " TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    rows = account.ask("SELECT i, s, d FROM t")
    assert rows[0] == ["1", "a", "1.5"]
    assert rows[1:] in ([], [[None, None, None]])
    assert account.scanned("SELECT i FROM t") == len(body)


def test_unload_writes_text_for_training_and_a_manifest(account: Account) -> None:
    query = "SELECT dep_delay, carrier FROM flights WHERE day = 1 ORDER BY distance LIMIT 2"
    options = "format = 'TEXTFILE', field_delimiter = ',', compression = 'NONE'"
    unload = f"UNLOAD ({query}) TO 's3://lake/train' WITH ({options})"
    ended = account.run(unload)
    assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]
    manifest = account.body(ended["Statistics"]["DataManifestLocation"]).decode().split()
    assert [account.body(uri) for uri in manifest] == [b"\\N,UA\n0.25,AA\n"]
    assert account.reason(unload).startswith("HIVE_PATH_ALREADY_EXISTS")


@pytest.mark.parametrize("made", ["PARQUET", "ORC", "JSON", "TEXTFILE"])
def test_a_table_made_from_a_query_holds_its_rows(account: Account, made: str) -> None:
    query = "SELECT carrier, dep_delay, distance, month FROM flights WHERE day < 3 OR day > 4"
    account.ask(f"CREATE TABLE copy WITH (format = '{made}', partitioned_by = ARRAY['month']) AS {query}")
    order = "ORDER BY month, distance, carrier"
    assert account.ask(f"SELECT * FROM copy {order}") == account.ask(f"SELECT * FROM ({query}) {order}")
    assert account.ask("SHOW PARTITIONS copy") == [["month=01"], ["month=02"]]
    account.ask("INSERT INTO copy SELECT 'ZZ', 1e0, 2, '03'")
    assert account.ask("SELECT * FROM copy WHERE month = '03'") == [["ZZ", "1.0", "2", "03"]]


def test_orc_files_are_read(account: Account) -> None:
    sink = io.BytesIO()
    orc.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), sink)
    account.put("orc/x.orc", sink.getvalue())
    account.ask("CREATE EXTERNAL TABLE o (a bigint, b string) STORED AS ORC LOCATION 's3://lake/orc/'")
    assert account.ask("SELECT a, b FROM o ORDER BY a") == [["1", "x"], ["2", None]]


def workgroup(account: Account, name: str = "lab", **configuration: Any) -> None:
    configuration.setdefault("ResultConfiguration", {"OutputLocation": "s3://results/enforced/"})
    account.athena.create_work_group(Name=name, Configuration=configuration)


def test_an_enforced_workgroup_overrides_the_client(account: Account) -> None:
    workgroup(account)
    ended = account.run("SELECT 1", WorkGroup="lab")
    assert ended["ResultConfiguration"]["OutputLocation"].startswith("s3://results/enforced/")
    assert ended["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    with pytest.raises(ClientError, match="enforces a centralized output location"):
        account.start(
            "CREATE TABLE x WITH (external_location = 's3://lake/x/') AS SELECT 1 AS a", WorkGroup="lab"
        )


def test_the_cutoff_cancels_a_query_that_would_scan_more(account: Account) -> None:
    workgroup(account, BytesScannedCutoffPerQuery=10_000_000)
    account.put("text/big", b"x\n" * 5_100_000)
    account.ask("CREATE EXTERNAL TABLE big (a string) STORED AS TEXTFILE LOCATION 's3://lake/text/'")
    status = account.run("SELECT count(a) FROM big", WorkGroup="lab")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")


def test_results_are_encrypted_by_the_workgroups_key(account: Account) -> None:
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    result = {"OutputLocation": "s3://results/e/", "EncryptionConfiguration": encryption}
    workgroup(account, ResultConfiguration=result)
    ended = account.run("SELECT 1", WorkGroup="lab")
    path = ended["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results/")
    head = account.s3.head_object(Bucket="results", Key=path)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_refuses_a_disabled_workgroup_a_long_query_and_no_output_location(account: Account) -> None:
    workgroup(account)
    account.athena.update_work_group(WorkGroup="lab", State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        account.start("SELECT 1", WorkGroup="lab")
    with pytest.raises(ClientError, match="length less than or equal to 262144"):
        account.start(f"SELECT '{'x' * 262_200}'")
    with pytest.raises(ClientError, match="No output location provided"):
        account.start("SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="at least"):
        workgroup(account, "small", BytesScannedCutoffPerQuery=10)


def test_a_query_waits_until_the_account_settles_and_can_be_stopped(
    account: Account, sandbox: Sandbox
) -> None:
    first, second = account.start("SELECT 1"), account.start("SELECT 2")
    account.athena.stop_query_execution(QueryExecutionId=second)
    sandbox.settle()
    found = account.athena.batch_get_query_execution(QueryExecutionIds=[first, second])["QueryExecutions"]
    assert [one["Status"]["State"] for one in found] == ["SUCCEEDED", "CANCELLED"]


def test_parameters_fill_question_marks_and_prepared_statements(account: Account) -> None:
    query = "SELECT count(*) FROM flights WHERE month = ? AND day > ?"
    assert account.ask(query, ExecutionParameters=["'01'", "1"]) == [["60"]]
    account.ask(f"PREPARE days FROM {query}")
    assert account.ask("EXECUTE days USING '02', 4") == [["60"]]
    account.ask("DEALLOCATE PREPARE days")
    with pytest.raises(ClientError, match="was not found"):
        account.start("EXECUTE days USING '02', 4")


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
