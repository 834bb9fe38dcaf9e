"""What the notes say of Glue (section 1.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest

from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly
from tests.claims.test_lake import of_type

GLUE = botocore.session.get_session().get_service_model("glue")


@pytest.fixture
def deployed() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        deploy(assembly(), sandbox)
        yield sandbox


@pytest.mark.claim("c-1.5-001")
def test_the_catalog_holds_tables_with_schema_place_and_format_and_no_data(deployed: Sandbox) -> None:
    glue = boto3.client("glue")
    [table] = glue.get_tables(DatabaseName="ml_labs")["TableList"]
    storage = table["StorageDescriptor"]
    assert {column["Name"] for column in storage["Columns"]} >= {"flight_id", "dep_delay"}
    assert storage["Location"].startswith("s3://")
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "month", "day"]


@pytest.mark.claim("c-1.5-009")
def test_a_crawler_runs_by_schedule_and_on_demand(deployed: Sandbox) -> None:
    glue = boto3.client("glue")
    [crawler] = [one for one in glue.get_crawlers()["Crawlers"] if "Reference" in one["Name"]]
    assert "LastCrawl" not in crawler

    def last() -> Any:
        return glue.get_crawler(Name=crawler["Name"])["Crawler"]["LastCrawl"]["StartTime"]

    glue.start_crawler(Name=crawler["Name"])
    deployed.settle()
    on_demand = last()
    deployed.advance(days=1)
    assert crawler["Schedule"]["ScheduleExpression"] == "cron(0 6 * * ? *)"
    assert (last().hour, last() > on_demand) == (6, True)


@pytest.mark.claim("c-1.5-010")
def test_a_crawler_needs_a_role_that_glue_may_assume() -> None:
    assert "Role" in GLUE.shape_for("CreateCrawlerRequest").required_members
    roles = of_type("catalog", "AWS::IAM::Role")
    for crawler in of_type("catalog", "AWS::Glue::Crawler").values():
        role = roles[crawler["Role"]["Fn::GetAtt"][0]]
        assert "glue.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])


@pytest.mark.claim("c-1.5-021", "c-1.5-022")
def test_a_trigger_fires_by_schedule_by_condition_or_by_event() -> None:
    assert set(GLUE.shape_for("TriggerType").enum) == {"SCHEDULED", "CONDITIONAL", "ON_DEMAND", "EVENT"}
    members: dict[str, Any] = GLUE.shape_for("CreateTriggerRequest").members
    assert {"Schedule", "Predicate", "EventBatchingCondition"} <= set(members)
