"""What Athena sees of changes, and what it changes itself: tables, files, workgroups."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.orc as orc
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.athena_account import DAYS, Account, parquet


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account()


@pytest.mark.claim("c-2.1-002")
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


@pytest.mark.claim("c-2.1-005", "c-2.1-006")
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


def test_a_malformed_line_is_bad_data(account: Account) -> None:
    account.put("json/data", b'{"i": 1}\n{bad\n')
    serde = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
    account.ask(f"CREATE EXTERNAL TABLE j (i int) {serde} LOCATION 's3://lake/json/'")
    assert account.reason("SELECT i FROM j").startswith("HIVE_BAD_DATA: Error parsing a row at byte")


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


@pytest.mark.claim("c-2.1-026")
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
