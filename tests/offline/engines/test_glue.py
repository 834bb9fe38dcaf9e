"""Crawlers through boto3: what lies in S3 becomes tables, partitions and versions of the catalog."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from offline.engines.glue import layout
from offline.engines.glue.classify import Class
from offline.engines.glue.crawl import SAMPLED_FOLDERS
from offline.engines.glue.layout import Item
from offline.engines.glue.schedule import Cron
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role


class Account:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.s3, self.glue = (boto3.client(name) for name in ("s3", "glue"))
        role("crawler", "glue.amazonaws.com")
        self.s3.create_bucket(Bucket="lake")
        self.glue.create_database(DatabaseInput={"Name": "db"})

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="lake", Key=key, Body=body)

    def crawler(self, path: str = "data/", name: str = "c", **settings: Any) -> None:
        settings.setdefault("Targets", {"S3Targets": [{"Path": f"s3://lake/{path}"}]})
        self.glue.create_crawler(Name=name, Role="crawler", DatabaseName="db", **settings)

    def crawl(self, name: str = "c") -> dict[str, Any]:
        self.glue.start_crawler(Name=name)
        self.sandbox.settle()
        return dict(self.glue.get_crawler(Name=name)["Crawler"]["LastCrawl"])

    def tables(self) -> dict[str, dict[str, Any]]:
        return {table["Name"]: table for table in self.glue.get_tables(DatabaseName="db")["TableList"]}

    def columns(self, name: str) -> dict[str, str]:
        found = self.tables()[name]["StorageDescriptor"]["Columns"]
        return {column["Name"]: column["Type"] for column in found}

    def partitions(self, name: str) -> list[list[str]]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName="db", TableName=name)
        return sorted(found["Values"] for page in pages for found in page["Partitions"])


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account(sandbox)


def parquet(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def orc_bytes(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    orc.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.mark.claim("c-1.5-002", "c-1.5-005", "c-1.5-006")
def test_a_partitioned_folder_becomes_one_table_with_its_partitions(account: Account) -> None:
    for day in ("01", "02", "03"):
        account.put(f"flights/year=2013/day={day}/a.parquet", parquet(a=[1, 2], b=["x", "y"]))
    account.put("flights/_SUCCESS", b"x")
    account.crawler("flights/")
    assert account.crawl()["Status"] == "SUCCEEDED"
    table = account.tables()["flights"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "day"]
    assert account.columns("flights") == {"a": "bigint", "b": "string"}
    assert account.partitions("flights") == [["2013", "01"], ["2013", "02"], ["2013", "03"]]
    parameters = table["Parameters"]
    assert (parameters["classification"], parameters["recordCount"]) == ("parquet", "6")
    assert (parameters["objectCount"], parameters["UPDATED_BY_CRAWLER"]) == ("3", "c")
    metrics = account.glue.get_crawler_metrics(CrawlerNameList=["c"])["CrawlerMetricsList"][0]
    assert metrics["TablesCreated"] == 1
    crawl = account.glue.list_crawls(CrawlerName="c")["Crawls"][0]
    assert (crawl["State"], json.loads(crawl["Summary"])["PARTITION"]["ADD"]["Count"]) == ("COMPLETED", 3)


def test_folders_of_different_rows_become_tables_of_their_own(account: Account) -> None:
    account.put("data/airlines/a.csv", b"carrier,name\nUA,United\nAA,American\n")
    account.put("data/airports/a.csv", b"faa,lat,alt\nEWR,40.5,18\nJFK,40.6,13\n")
    account.put("data/Log-Files/a.json", b'{"A":1,"b":{"c":[2.5]}}\n{"a":3000000000}\n')
    account.put("data/zipped/a.csv.gz", gzip.compress(b"1|x|true\n2|y|false\n"))
    account.put("data/columns/a.orc", orc_bytes(i=[1]))
    account.crawler(TablePrefix="raw_")
    account.crawl()
    assert sorted(account.tables()) == [
        "raw_airlines",
        "raw_airports",
        "raw_columns",
        "raw_log_files",
        "raw_zipped",
    ]
    assert account.columns("raw_airlines") == {"carrier": "string", "name": "string"}
    assert account.columns("raw_airports") == {"faa": "string", "lat": "double", "alt": "bigint"}
    assert account.columns("raw_log_files") == {"a": "bigint", "b": "struct<c:array<double>>"}
    assert account.columns("raw_zipped") == {"col0": "bigint", "col1": "string", "col2": "boolean"}
    tables = account.tables()
    assert tables["raw_airlines"]["Parameters"]["skip.header.line.count"] == "1"
    assert tables["raw_zipped"]["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"field.delim": "|"}
    assert tables["raw_zipped"]["Parameters"]["compressionType"] == "gzip"


def test_more_tables_than_are_sampled_are_all_made(account: Account) -> None:
    for number in range(SAMPLED_FOLDERS + 5):
        account.put(f"data/t{number:03d}/a.csv", f"a{number},b{number}\n1,2\n".encode())
    account.crawler()
    assert account.crawl()["Status"] == "SUCCEEDED"
    assert len(account.tables()) == SAMPLED_FOLDERS + 5


def test_plain_folders_become_numbered_partition_keys(account: Account) -> None:
    for folder in ("2013/01", "2013/02"):
        account.put(f"data/{folder}/a.csv", b"a,b\n1,2\n")
    account.crawler()
    account.crawl()
    assert [key["Name"] for key in account.tables()["data"]["PartitionKeys"]] == [
        "partition_0",
        "partition_1",
    ]
    assert account.partitions("data") == [["2013", "01"], ["2013", "02"]]


def test_an_unreadable_object_does_not_keep_other_tables_from_being_made(account: Account) -> None:
    account.put("data/bad/a.parquet", b"PAR1 broken")
    account.put("data/good/a.parquet", parquet(a=[1]))
    account.put("data/good/b.parquet", b"PAR1 broken")
    account.put("data/mixed/a.parquet", parquet(a=[1]))
    account.put("data/mixed/b.csv", b"x,y\n1,2\n")
    account.crawler()
    assert account.crawl()["Status"] == "SUCCEEDED"
    kinds = {name: table["Parameters"]["classification"] for name, table in account.tables().items()}
    assert kinds == {"bad": "UNKNOWN", "good": "parquet", "a_parquet": "parquet", "b_csv": "csv"}


def test_exclusions_and_table_level_and_names_already_taken(account: Account) -> None:
    account.put("data/x/one/a.csv", b"a,b\n1,2\n")
    account.put("data/x/two/a.csv", b"a,b\n3,4\n")
    account.put("data/x/two/a.tmp", b"broken")
    account.glue.create_table(
        DatabaseName="db", TableInput={"Name": "one", "StorageDescriptor": {"Location": "s3://o/"}}
    )
    target = {"Path": "s3://lake/data/", "Exclusions": ["**.tmp"]}
    configuration = {"Version": 1.0, "Grouping": {"TableLevelConfiguration": 4}}
    account.crawler(Targets={"S3Targets": [target]}, Configuration=json.dumps(configuration))
    account.crawl()
    names = sorted(account.tables())
    assert names[0] == "one"
    assert names[1].startswith("one_")
    assert names[2] == "two"


@pytest.mark.claim("c-1.5-003")
def test_a_new_column_makes_a_new_version_or_with_log_none(account: Account) -> None:
    account.put("data/d=1/a.parquet", parquet(a=[1], b=[1], c=[1]))
    account.crawler()
    account.crawler(name="log", SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    account.crawl()
    account.put("data/d=2/a.parquet", parquet(a=[1.5], b=[1], c=[1], e=["x"]))
    account.crawl("log")
    assert account.columns("data") == {"a": "bigint", "b": "bigint", "c": "bigint"}
    assert account.partitions("data") == [["1"], ["2"]]
    account.crawl()
    assert account.columns("data") == {"a": "double", "b": "bigint", "c": "bigint", "e": "string"}
    versions = account.glue.get_table_versions(DatabaseName="db", TableName="data")["TableVersions"]
    assert [version["VersionId"] for version in versions] == ["1", "2"]
    account.crawl()
    assert account.tables()["data"]["VersionId"] == "2"


@pytest.mark.parametrize("behavior", ["LOG", "DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"])
def test_a_table_without_objects_is_kept_deprecated_or_deleted(account: Account, behavior: str) -> None:
    account.put("data/x/a.csv", b"a,b\n1,2\n")
    account.put("data/y/a.csv", b"c,d\n1,2\n")
    account.crawler(SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behavior})
    account.crawl()
    account.s3.delete_object(Bucket="lake", Key="data/x/a.csv")
    account.put("data/z/a.csv", b"e,f\n1,2\n")
    account.crawl()
    left = account.tables().get("x")
    assert (left is None) == (behavior == "DELETE_FROM_DATABASE")
    if left:
        assert ("DEPRECATED_BY_CRAWLER" in left["Parameters"]) == (behavior == "DEPRECATE_IN_DATABASE")


def test_a_catalog_target_gets_partitions_and_new_columns(account: Account) -> None:
    storage = {"Columns": [{"Name": "a", "Type": "bigint"}], "Location": "s3://lake/data/"}
    entry = {"Name": "t", "StorageDescriptor": storage, "PartitionKeys": [{"Name": "day", "Type": "string"}]}
    account.glue.create_table(DatabaseName="db", TableInput=entry)
    targets = {"CatalogTargets": [{"DatabaseName": "db", "Tables": ["t"]}]}
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    account.crawler(Targets=targets, SchemaChangePolicy=policy)
    assert account.crawl()["Status"] == "SUCCEEDED"
    account.put("data/day=01/a.parquet", parquet(a=[1], b=["x"]))
    account.crawl()
    assert account.partitions("t") == [["01"]]
    assert account.columns("t") == {"a": "bigint", "b": "string"}
    assert sorted(account.tables()) == ["t"]


def test_new_folders_only_leaves_known_folders_alone(account: Account) -> None:
    account.put("data/d=1/a.parquet", parquet(a=[1]))
    log = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    account.crawler(RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}, SchemaChangePolicy=log)
    account.crawl()
    account.glue.delete_partition(DatabaseName="db", TableName="data", PartitionValues=["1"])
    account.put("data/d=2/a.parquet", parquet(a=[1]))
    account.crawl()
    assert account.partitions("data") == [["2"]]


def test_a_crawler_runs_when_the_account_settles_and_not_twice(account: Account, sandbox: Sandbox) -> None:
    account.put("data/a.csv", b"a,b\n1,2\n")
    account.crawler()
    account.glue.start_crawler(Name="c")
    assert account.glue.get_crawler(Name="c")["Crawler"]["State"] == "RUNNING"
    with pytest.raises(ClientError, match="CrawlerRunningException"):
        account.glue.start_crawler(Name="c")
    sandbox.settle()
    assert account.glue.get_crawler(Name="c")["Crawler"]["State"] == "READY"


def test_a_schedule_starts_the_crawler_when_its_time_has_come(account: Account, sandbox: Sandbox) -> None:
    account.put("data/a.csv", b"a,b\n1,2\n")
    account.crawler(Schedule="cron(30 13 * * ? *)")
    sandbox.advance(hours=1)
    assert account.tables() == {}
    sandbox.advance(hours=25)
    crawls = account.glue.list_crawls(CrawlerName="c")["Crawls"]
    assert [crawl["StartTime"].astimezone(UTC).isoformat() for crawl in crawls] == [
        "2026-01-05T13:30:00+00:00",
        "2026-01-06T13:30:00+00:00",
    ]


def test_a_crawl_without_its_bucket_fails_with_the_reason(account: Account) -> None:
    account.crawler(Targets={"S3Targets": [{"Path": "s3://nowhere/x/"}]})
    last = account.crawl()
    assert (last["Status"], "NoSuchBucket" in last["ErrorMessage"]) == ("FAILED", True)


@pytest.mark.parametrize(
    "settings",
    [
        {"Targets": {"JdbcTargets": [{"Path": "x"}]}},
        {"Targets": {"CatalogTargets": [{"DatabaseName": "db", "Tables": ["t"]}]}},
        {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}},
        {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}},
        {"Schedule": "rate(1 day)"},
        {"Classifiers": ["mine"]},
        {"Configuration": '{"Version":1.0,"Surprise":{}}'},
    ],
)
def test_refuses_a_crawler_that_cannot_run(account: Account, settings: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidInputException"):
        account.crawler(**settings)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("cron(15 12 * * ? *)", "2026-01-05T12:15", "2026-01-06T12:15"),
        ("cron(0/10 8-9 ? * MON-FRI *)", "2026-01-09T09:50", "2026-01-12T08:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00", "2026-02-28T00:00"),
        ("cron(0 8 1W * ? *)", "2026-01-31T00:00", "2026-02-02T08:00"),
        ("cron(0 8 ? * 6L *)", "2026-01-05T00:00", "2026-01-30T08:00"),
        ("cron(0 8 ? * TUE#2 *)", "2026-01-05T00:00", "2026-01-13T08:00"),
        ("cron(0 0 29 FEB ? *)", "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_cron_fires_where_aws_fires(expression: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert Cron(expression).next(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=6)


@pytest.mark.claim("c-1.1-018", "c-1.5-011")
@given(
    st.lists(NAMES, min_size=1, max_size=3, unique=True),
    st.data(),
    st.booleans(),
)
def test_any_layout_of_keys_comes_back_as_partitions(
    keys: list[str], data: st.DataObject, hive: bool
) -> None:
    values = data.draw(st.sets(st.tuples(*(NAMES for _ in keys)), min_size=1, max_size=8))
    paths = {
        value: "/".join(f"{k}={v}" if hive else v for k, v in zip(keys, value, strict=True))
        for value in values
    }
    items = [Item(f"{path}/part.parquet", 1) for path in paths.values()]
    classes = {item.path: Class("parquet", {"a": "int"}) for item in items}
    (found,) = layout.tables(layout.tree(items), classes)
    assert dict(found.partitions) == {value: f"{path}/" for value, path in paths.items()}
    assert found.keys == (tuple(keys) if hive else tuple(f"partition_{level}" for level in range(len(keys))))
