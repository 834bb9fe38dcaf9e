"""Triggers start crawlers; what Glue would run and nothing here runs is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.roles import role


@pytest.fixture
def glue(sandbox: Sandbox) -> Any:
    """A catalog with two crawlers of one bucket."""
    client = boto3.client("glue")
    role("crawler", "glue.amazonaws.com")
    boto3.client("s3").create_bucket(Bucket="lake")
    client.create_database(DatabaseInput={"Name": "db"})
    for name in ("first", "second"):
        targets = {"S3Targets": [{"Path": "s3://lake/"}]}
        client.create_crawler(Name=name, Role="crawler", DatabaseName="db", Targets=targets)
    return client


def runs(glue: Any, name: str) -> int:
    return len(glue.list_crawls(CrawlerName=name)["Crawls"])


def trigger(glue: Any, kind: str, starts: str = "first", **more: Any) -> None:
    glue.create_trigger(Name="t", Type=kind, Actions=[{"CrawlerName": starts}], **more)


def test_a_trigger_on_demand_starts_its_crawler_each_time(glue: Any, sandbox: Sandbox) -> None:
    trigger(glue, "ON_DEMAND")
    for _ in range(2):
        glue.start_trigger(Name="t")
        sandbox.settle()
    assert runs(glue, "first") == 2
    assert glue.get_trigger(Name="t")["Trigger"]["State"] == "CREATED"


def test_a_scheduled_trigger_fires_until_it_is_stopped(glue: Any, sandbox: Sandbox) -> None:
    trigger(glue, "SCHEDULED", Schedule="cron(0 * * * ? *)")
    sandbox.advance(hours=2)
    assert runs(glue, "first") == 0
    glue.start_trigger(Name="t")
    sandbox.advance(hours=3)
    glue.stop_trigger(Name="t")
    sandbox.advance(hours=2)
    assert runs(glue, "first") == 3
    assert glue.get_trigger(Name="t")["Trigger"]["State"] == "DEACTIVATED"


@pytest.mark.parametrize(("state", "fires"), [("SUCCEEDED", 1), ("FAILED", 0)])
def test_a_conditional_trigger_waits_for_how_a_crawler_ends(
    glue: Any, sandbox: Sandbox, state: str, fires: int
) -> None:
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": "first", "CrawlState": state}
    trigger(glue, "CONDITIONAL", "second", Predicate={"Conditions": [condition]}, StartOnCreation=True)
    glue.start_crawler(Name="first")
    sandbox.settle()
    assert runs(glue, "second") == fires


@pytest.mark.parametrize(("logical", "after_one"), [("AND", 0), ("ANY", 1)])
def test_conditions_hold_all_or_any(glue: Any, sandbox: Sandbox, logical: str, after_one: int) -> None:
    glue.create_crawler(
        Name="third", Role="crawler", DatabaseName="db", Targets={"S3Targets": [{"Path": "s3://lake/"}]}
    )
    conditions = [
        {"LogicalOperator": "EQUALS", "CrawlerName": name, "CrawlState": "SUCCEEDED"}
        for name in ("first", "second")
    ]
    predicate = {"Logical": logical, "Conditions": conditions}
    trigger(glue, "CONDITIONAL", "third", Predicate=predicate, StartOnCreation=True)
    glue.start_crawler(Name="first")
    sandbox.settle()
    assert runs(glue, "third") == after_one
    glue.start_crawler(Name="second")
    sandbox.settle()
    assert runs(glue, "third") == after_one + 1


def of_job(glue: Any) -> None:
    glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[{"JobName": "j"}])
    glue.start_trigger(Name="t")


def of_event(glue: Any) -> None:
    trigger(glue, "EVENT")
    glue.start_trigger(Name="t")


def of_workflow(glue: Any) -> None:
    trigger(glue, "ON_DEMAND", WorkflowName="w")
    glue.start_trigger(Name="t")


def run_of_job(glue: Any) -> None:
    glue.create_job(Name="j", Role="r", Command={"Name": "glueetl"})
    glue.start_job_run(JobName="j")


def run_of_workflow(glue: Any) -> None:
    glue.create_workflow(Name="w")
    glue.start_workflow_run(Name="w")


def credentials(glue: Any) -> None:
    entry = {"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": {}, "ValidateCredentials": True}
    glue.create_connection(ConnectionInput=entry)


def both(glue: Any) -> None:
    glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=[{"JobName": "j", "CrawlerName": "first"}])


def on_demand_at_once(glue: Any) -> None:
    trigger(glue, "ON_DEMAND", StartOnCreation=True)


def no_schedule(glue: Any) -> None:
    trigger(glue, "SCHEDULED")


def no_predicate(glue: Any) -> None:
    trigger(glue, "CONDITIONAL")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (of_job, "it names the job j"),
        (of_event, "events of EventBridge"),
        (of_workflow, "belongs to the workflow w"),
        (run_of_job, "job j is not run offline"),
        (run_of_workflow, "workflow w is not run offline"),
        (credentials, "credentials are not validated"),
        (both, "one job or one crawler"),
        (on_demand_at_once, "StartOnCreation is not supported for ON_DEMAND"),
        (no_schedule, "schedule '' is not cron"),
        (no_predicate, "Predicate cannot be null"),
    ],
)
def test_refuses_what_nothing_here_runs_and_what_aws_refuses(
    glue: Any, asked: Callable[[Any], None], told: str
) -> None:
    with pytest.raises(ClientError, match=told) as refusal:
        asked(glue)
    assert refusal.value.response["Error"]["Code"] == "InvalidInputException"


def test_names_are_taken_once_and_what_is_not_there_is_not_found(glue: Any) -> None:
    glue.create_workflow(Name="w")
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_workflow(Name="w")
    for call, arguments in (
        (glue.get_classifier, {"Name": "x"}),
        (glue.update_workflow, {"Name": "x"}),
        (glue.delete_connection, {"ConnectionName": "x"}),
        (glue.update_job, {"JobName": "x", "JobUpdate": {}}),
    ):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            call(**arguments)


def test_a_password_is_encrypted_where_the_catalog_says_so(glue: Any) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    settings = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": key}
    glue.put_data_catalog_encryption_settings(
        DataCatalogEncryptionSettings={"ConnectionPasswordEncryption": settings}
    )
    properties = {"USERNAME": "u", "PASSWORD": "secret"}
    glue.create_connection(
        ConnectionInput={"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": properties}
    )
    told = glue.get_connection(Name="c")["Connection"]["ConnectionProperties"]
    assert set(told) == {"USERNAME", "ENCRYPTED_PASSWORD"}
