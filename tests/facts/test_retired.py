"""Retired values resolve, are written as CloudFormation writes them, and nothing current is among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from facts import retired, services
from facts.table import TableError, load

TODAY = "2026-11-24"
ROWS = list(retired.table().values())
CURRENT = {
    ("AWS::Lambda::Function", "Runtime"): [
        "python3.13",
        "python3.9",
        "nodejs22.x",
        "java21",
        "provided.al2023",
    ],
    ("AWS::Glue::Job", "GlueVersion"): ["3.0", "4.0", "5.0", "5.1", "6.0", "auto", 4.0],
    ("AWS::Glue::Job", "Command.Name"): ["glueetl", "pythonshell", "gluestreaming"],
    ("AWS::Glue::Job", "Command.PythonVersion"): ["3", "3.9", 3],
    ("AWS::Glue::Job", "WorkerType"): ["G.1X", "G.025X", "R.8X"],
    ("AWS::EMR::Cluster", "ReleaseLabel"): ["emr-7.13.0", "emr-7.0.0"],
    ("AWS::KinesisAnalyticsV2::Application", "RuntimeEnvironment"): ["FLINK-1_15", "FLINK-1_20", "FLINK-2_3"],
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration.EngineVersion.SelectedEngineVersion"): [
        "AUTO",
        "Athena engine version 3",
        "PySpark engine version 3",
    ],
    ("AWS::Redshift::Cluster", "NodeType"): ["ra3.large", "rg.xlarge"],
    ("AWS::RDS::DBInstance", "Engine"): ["aurora-mysql", "mysql", "postgres", "oracle-se2"],
    ("AWS::ElastiCache::CacheCluster", "EngineVersion"): ["7.1", "8.0", "5.0.6"],
    ("AWS::ElastiCache::CacheCluster", "CacheNodeType"): [
        "cache.t4g.micro",
        "cache.m6g.large",
        "cache.r6gd.xlarge",
    ],
    ("AWS::SageMaker::NotebookInstance", "PlatformIdentifier"): ["notebook-al2023-v1"],
    ("AWS::SageMaker::App", "AppType"): ["JupyterLab", "CodeEditor", "Canvas", "RStudioServerPro"],
}


def test_every_service_named_exists() -> None:
    assert {row.service for row in ROWS} - {""} <= set(services.table())


@pytest.mark.parametrize("key", CURRENT, ids=lambda key: ".".join(key))
def test_no_current_value_is_retired(key: tuple[str, str]) -> None:
    rows = [row for row in retired.of_type(key[0]) if row.path == key[1]]
    assert rows
    assert [value for value in CURRENT[key] if any(retired.matches(row, value) for row in rows)] == []


def test_exactly_the_runtimes_that_lambda_no_longer_creates_are_closed() -> None:
    file = Path(cfnlint.data.AdditionalSpecs.__file__).with_name("LmbdRuntimeLifecycle.json")
    runtimes: dict[str, Any] = json.loads(file.read_text())
    blocked = {name for name, row in runtimes.items() if row["create-block"] and row["create-block"] <= TODAY}
    rows = [row for row in retired.of_type("AWS::Lambda::Function") if row.closed]
    assert {name for name in runtimes if any(retired.matches(row, name) for row in rows)} == blocked


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_property_is_one_of_its_type(row: retired.Retired) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", row.cfn_type).schema
    for path in [row.path, *(condition.partition("=")[0] for condition in row.only_if)]:
        assert exists(schema, schema, path.split(".")), path


def exists(schema: dict[str, Any], node: dict[str, Any], names: list[str]) -> bool:
    if "$ref" in node:
        return exists(schema, schema["definitions"][node["$ref"].rpartition("/")[2]], names)
    if not names:
        return True
    name, rest = names[0].removesuffix("[]"), names[1:]
    found = node.get("properties", {}).get(name)
    if found is None:
        return any(exists(schema, one, names) for key in ("oneOf", "anyOf") for one in node.get(key, []))
    if "$ref" in found:
        found = schema["definitions"][found["$ref"].rpartition("/")[2]]
    return exists(schema, found["items"] if names[0].endswith("[]") else found, rest)


def test_a_condition_without_a_value_is_refused_with_its_row(tmp_path: Path) -> None:
    header = "id,cfn_type,path,values,status,service,only_if,since,successor,source,confidence"
    (tmp_path / "retired.csv").write_text(f"{header}\nx,AWS::T::T,P,v,discontinued,,Engine,,,s,high\n")
    with pytest.raises(TableError, match=r"retired\.csv.*row 2.*Path=value"):
        load(retired.Retired, "retired.csv", folder=tmp_path)
