"""Athena over log files: lines taken apart by a pattern, CloudTrail's documents, projected partitions."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.clock import START, clock
from offline.engines.athena import projection
from offline.engines.athena.errors import QueryError
from offline.sandbox import Sandbox

BUCKET = "logs-of-all"
Rows = list[list[str | None]]


def ask(sql: str, header: bool = False) -> Rows:
    """The rows of a query, its columns' names before them where asked for, or its failure."""
    athena = boto3.client("athena")
    location = {"OutputLocation": f"s3://{BUCKET}/results/"}
    id = athena.start_query_execution(QueryString=sql, ResultConfiguration=location)["QueryExecutionId"]
    status = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]
    assert status["State"] == "SUCCEEDED", status["StateChangeReason"]
    rows = athena.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[not header :]]


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    ask("CREATE DATABASE logs")
    return client


APACHE = r"""
CREATE EXTERNAL TABLE logs.web (host string, at string, status int, bytes bigint, agent string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES ('input.regex' = '([^ ]*) \\[(.*?)\\] (\\d{3}) (\\d+|-)(?: \"([^\"]*)\")?')
STORED AS TEXTFILE LOCATION 's3://logs-of-all/web/'
"""


def test_groups_of_a_pattern_are_columns_and_lines_that_do_not_fit_are_null(s3: Any) -> None:
    lines = ['10.0.0.1 [05/Jan/2026] 200 512 "curl/8"', "10.0.0.2 [06/Jan/2026] 404 -", "no such line"]
    s3.put_object(Bucket=BUCKET, Key="web/a.log", Body="\n".join(lines[:2]).encode())
    s3.put_object(Bucket=BUCKET, Key="web/b.log.gz", Body=gzip.compress(lines[2].encode()))
    ask(APACHE)
    assert ask("SELECT * FROM logs.web ORDER BY host NULLS LAST") == [
        ["10.0.0.1", "05/Jan/2026", "200", "512", "curl/8"],
        ["10.0.0.2", "06/Jan/2026", "404", None, None],
        [None, None, None, None, None],
    ]
    assert ask("SELECT sum(bytes) FROM logs.web WHERE status = 200") == [["512"]]


def test_another_pattern_over_the_same_objects_reads_them_anew(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="web/a.log", Body=b"a 1\nb 2")
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES"
    for name, pattern in (("first", "([a-z]) .*"), ("second", ".* ([0-9])")):
        ask(
            f"CREATE EXTERNAL TABLE logs.{name} (x string) {serde} ('input.regex' = '{pattern}')"
            f" STORED AS TEXTFILE LOCATION 's3://{BUCKET}/web/'"
        )
    assert ask("SELECT f.x, s.x FROM logs.first f, logs.second s ORDER BY 1, 2") == [
        ["a", "1"],
        ["a", "2"],
        ["b", "1"],
        ["b", "2"],
    ]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("([a-z]) ([0-9])", "Number of matching groups doesn't match the number of columns"),
        ("([a-z]", "RegexSerDe needs a regular expression as input.regex: missing"),
    ],
)
def test_a_pattern_that_fits_no_table_is_refused(s3: Any, pattern: str, message: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="web/a.log", Body=b"a 1")
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'"
    ask(
        f"CREATE EXTERNAL TABLE logs.odd (x string) {serde}"
        f" WITH SERDEPROPERTIES ('input.regex' = '{pattern}') STORED AS TEXTFILE LOCATION 's3://{BUCKET}/web/'"
    )
    with pytest.raises(AssertionError, match=message):
        ask("SELECT x FROM logs.odd")


TRAIL = f"""
CREATE EXTERNAL TABLE logs.trail (
    eventname string, useridentity struct<arn:string,sessioncontext:struct<sessionissuer:struct<arn:string>>>,
    requestparameters string, readonly string, resources array<struct<arn:string,type:string>>)
PARTITIONED BY (day string)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{BUCKET}/trail/'
TBLPROPERTIES (
    'projection.enabled' = 'true', 'projection.day.type' = 'date', 'projection.day.format' = 'yyyy/MM/dd',
    'projection.day.range' = 'NOW-1YEARS,NOW', 'storage.location.template' = 's3://{BUCKET}/trail/${{day}}')
"""


def record(name: str, key: str) -> dict[str, Any]:
    return {
        "eventName": name,
        "userIdentity": {"arn": "me", "sessionContext": {"sessionIssuer": {"arn": "role", "more": 1}}},
        "requestParameters": {"bucketName": "b", "key": key},
        "readOnly": True,
        "resources": [{"ARN": f"arn:aws:s3:::b/{key}", "type": "AWS::S3::Object"}],
    }


def test_a_document_of_cloudtrail_is_as_many_rows_as_it_has_records(s3: Any) -> None:
    for day, names in {"2026/01/05": ["GetObject", "PutObject"], "2026/01/04": ["ListObjects"]}.items():
        body = gzip.compress(json.dumps({"Records": [record(one, f"{one}.txt") for one in names]}).encode())
        s3.put_object(Bucket=BUCKET, Key=f"trail/{day}/x.json.gz", Body=body)
    ask(TRAIL)
    assert ask(
        "SELECT eventname, useridentity.sessioncontext.sessionissuer.arn,"
        " json_extract_scalar(requestparameters, '$.key'), readonly, resources[1].arn, day"
        " FROM logs.trail WHERE day = '2026/01/05' ORDER BY 1"
    ) == [
        ["GetObject", "role", "GetObject.txt", "true", "arn:aws:s3:::b/GetObject.txt", "2026/01/05"],
        ["PutObject", "role", "PutObject.txt", "true", "arn:aws:s3:::b/PutObject.txt", "2026/01/05"],
    ]
    assert ask("SELECT resources[1].arn, useridentity.arn, count(*) FROM logs.trail GROUP BY 1, 2", True)[
        0
    ] == ["arn", "arn", "_col2"]
    assert ask("SELECT day, count(*) FROM logs.trail GROUP BY day ORDER BY day") == [
        ["2026/01/04", "1"],
        ["2026/01/05", "2"],
    ]


def test_a_day_that_comes_is_projected_without_anybody_adding_it(s3: Any, sandbox: Sandbox) -> None:
    ask(TRAIL)
    sandbox.advance(days=1)
    body = gzip.compress(json.dumps({"Records": [record("GetObject", "a")]}).encode())
    s3.put_object(Bucket=BUCKET, Key="trail/2026/01/06/x.json.gz", Body=body)
    assert ask("SELECT count(*) FROM logs.trail WHERE day >= '2026/01/06'") == [["1"]]
    sandbox.advance(days=366)
    assert ask("SELECT count(*) FROM logs.trail") == [["0"]], "the range has moved on"


@pytest.mark.parametrize("content", [b"not json", b"[]", b"{}"])
def test_a_document_that_is_none_is_bad_data(s3: Any, content: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key="trail/2026/01/05/x.json.gz", Body=gzip.compress(content))
    ask(TRAIL)
    with pytest.raises(AssertionError, match=r"HIVE_BAD_DATA.*trail/2026/01/05/x\.json\.gz"):
        ask("SELECT count(*) FROM logs.trail")


# -- projection -------------------------------------------------------------------------------------------


def projected(keys: list[str], **properties: str) -> list[tuple[tuple[str, ...], str]]:
    named = {name.replace("__", "."): value for name, value in properties.items()}
    return list(projection.projected(keys, "s3://b/t", named))


def test_values_of_several_columns_are_all_combined() -> None:
    assert projected(
        ["region", "n"],
        projection__region__type="enum",
        projection__region__values="eu, us",
        projection__n__type="integer",
        projection__n__range="1,10",
        projection__n__interval="9",
        projection__n__digits="3",
    ) == [
        (("eu", "001"), "s3://b/t/region=eu/n=001/"),
        (("eu", "010"), "s3://b/t/region=eu/n=010/"),
        (("us", "001"), "s3://b/t/region=us/n=001/"),
        (("us", "010"), "s3://b/t/region=us/n=010/"),
    ]


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 90))
def test_days_of_a_range_are_all_days_between_its_ends(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    found = projected(
        ["day"],
        projection__day__type="date",
        projection__day__format="dd-MM-yyyy",
        projection__day__range=f"{first:%d-%m-%Y},{last:%d-%m-%Y}",
    )
    assert [values[0] for values, _ in found] == [
        f"{first + timedelta(days=more):%d-%m-%Y}" for more in range(days + 1)
    ]


@pytest.mark.parametrize(
    ("span", "form", "values"),
    [
        ("NOW-2MONTHS,NOW", "yyyy-MM", ["2025-11", "2025-12", "2026-01"]),
        ("NOW-1DAYS,NOW+1DAYS", "yyyyMMdd", ["20260104", "20260105", "20260106"]),
        ("NOW-2HOURS,NOW", "HH'h'", ["10h", "11h", "12h"]),
    ],
)
def test_ranges_move_with_the_clock(span: str, form: str, values: list[str]) -> None:
    clock.reset(START)
    found = projected(
        ["t"], projection__t__type="date", projection__t__format=form, projection__t__range=span
    )
    assert [one[0] for one, _ in found] == values


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, "no property projection.d.type"),
        ({"projection__d__type": "injected"}, "type 'injected'; it is one of enum, integer, date"),
        ({"projection__d__type": "integer", "projection__d__range": "1"}, "range of d is first,last"),
        ({"projection__d__type": "integer", "projection__d__range": "a,b"}, "two whole numbers, got a,b"),
        ({"projection__d__type": "integer", "projection__d__range": "0,9999999"}, "more than 1,000,000"),
        (
            {
                "projection__d__type": "integer",
                "projection__d__range": "1,2",
                "projection__d__digits": "two",
            },
            "digits of d is a whole number from 1 on, got two",
        ),
        (
            {
                "projection__d__type": "date",
                "projection__d__format": "yyyy",
                "projection__d__range": "NOW,NOW",
                "projection__d__interval": "0",
            },
            "interval of d is a whole number from 1 on, got 0",
        ),
        (
            {
                "projection__d__type": "date",
                "projection__d__format": "EEE",
                "projection__d__range": "NOW,NOW",
            },
            "date pattern 'EEE'",
        ),
        (
            {
                "projection__d__type": "date",
                "projection__d__format": "yyyy",
                "projection__d__range": "x,NOW",
            },
            "got x",
        ),
    ],
)
def test_properties_that_project_nothing_are_told(properties: dict[str, str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        projected(["d"], **properties)
