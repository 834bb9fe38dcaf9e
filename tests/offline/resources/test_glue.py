"""Rows of Glue: what a template asks for is in the account, changes in place, is told and goes."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.deploy import leftovers
from offline.engine import ACCOUNT_ID
from offline.errors import UnsupportedPropertyError
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

STORAGE = {"Location": "s3://lake/t/", "Columns": [{"Name": "a", "Type": "bigint"}]}
TAGS = {"lab": "catalog"}


def glue() -> Any:
    return boto3.client("glue")


def database(**entry: Any) -> Staged:
    return made("AWS::Glue::Database", CatalogId=ACCOUNT_ID, DatabaseInput={"Name": "db", **entry})


def table(**entry: Any) -> Staged:
    entry = {"Name": "t", "StorageDescriptor": STORAGE, **entry}
    return made("AWS::Glue::Table", CatalogId=ACCOUNT_ID, DatabaseName="db", TableInput=entry)


def crawler(name: str = "c", **properties: Any) -> Staged:
    targets = {"S3Targets": [{"Path": "s3://lake/"}]}
    return made("AWS::Glue::Crawler", **{"Name": name, "Role": "r", "Targets": targets, **properties})


def test_a_database_changes_in_place_and_what_is_taken_away_is_gone(sandbox: Sandbox) -> None:
    staged = database(Description="flights", LocationUri="s3://lake/", Parameters={"a": 1})
    found = glue().get_database(Name="db")["Database"]
    assert (found["Description"], found["LocationUri"]) == ("flights", "s3://lake/")
    assert found["Parameters"] == {"a": "1"}
    staged.update(DatabaseInput={"Name": "db", "Description": "weather"})
    assert staged.in_sync()
    found = glue().get_database(Name="db")["Database"]
    assert (found["Description"], found.get("LocationUri"), found["Parameters"]) == ("weather", None, {})


def test_a_database_has_its_name_from_either_place_or_from_the_stack(sandbox: Sandbox) -> None:
    named = made("AWS::Glue::Database", CatalogId=ACCOUNT_ID, DatabaseName="own", DatabaseInput={})
    unnamed = made("AWS::Glue::Database", CatalogId=ACCOUNT_ID, DatabaseInput={})
    assert named.id == "own"
    assert unnamed.id.startswith("stack_thing_")
    assert sorted(one["Name"] for one in glue().get_databases()["DatabaseList"]) == ["own", unnamed.id]


def test_refuses_to_rename_a_database(sandbox: Sandbox) -> None:
    staged = database()
    with pytest.raises(ClientError, match="cannot be renamed"):
        staged.update(DatabaseInput={"Name": "other"})


def test_a_table_changes_in_place_and_keeps_its_versions(sandbox: Sandbox) -> None:
    database()
    staged = table(
        Parameters={"projection.enabled": True}, TableType="EXTERNAL_TABLE", Retention=1, Owner="o"
    )
    found = glue().get_table(DatabaseName="db", Name="t")["Table"]
    assert found["Parameters"] == {"projection.enabled": "true"}
    assert (found["TableType"], found["Retention"], found["Owner"]) == ("EXTERNAL_TABLE", 1, "o")
    keys = [{"Name": "day", "Type": "string"}]
    staged.update(TableInput={"Name": "t", "StorageDescriptor": STORAGE, "PartitionKeys": keys})
    assert staged.in_sync()
    found = glue().get_table(DatabaseName="db", Name="t")["Table"]
    assert (found["PartitionKeys"], found["Parameters"], found["VersionId"]) == (keys, {}, "2")
    assert "Owner" not in found


def test_a_partition_changes_in_place(sandbox: Sandbox) -> None:
    database()
    table(PartitionKeys=[{"Name": "day", "Type": "string"}])
    place = {"CatalogId": ACCOUNT_ID, "DatabaseName": "db", "TableName": "t"}
    entry = {"Values": ["01"], "StorageDescriptor": STORAGE, "Parameters": {"rows": 3}}
    staged = made("AWS::Glue::Partition", **place, PartitionInput=entry)
    found = glue().get_partition(DatabaseName="db", TableName="t", PartitionValues=["01"])["Partition"]
    assert (found["Parameters"], found["StorageDescriptor"]) == ({"rows": "3"}, STORAGE)
    moved = {**STORAGE, "Location": "s3://lake/other/"}
    staged.update(PartitionInput={"Values": ["01"], "StorageDescriptor": moved})
    assert staged.in_sync()
    found = glue().get_partition(DatabaseName="db", TableName="t", PartitionValues=["01"])["Partition"]
    assert (found["StorageDescriptor"], found["Parameters"]) == (moved, {})


def test_a_crawler_changes_in_place_and_falls_back_to_its_defaults(sandbox: Sandbox) -> None:
    log = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    staged = crawler(
        DatabaseName="db",
        Description="d",
        TablePrefix="p_",
        Configuration='{"Version": 1.0}',
        CrawlerSecurityConfiguration="s",
        SchemaChangePolicy=log,
        RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        Schedule={"ScheduleExpression": "cron(0 1 * * ? *)"},
        Tags=TAGS,
    )
    found = glue().get_crawler(Name="c")["Crawler"]
    assert found["Schedule"] == {"ScheduleExpression": "cron(0 1 * * ? *)", "State": "SCHEDULED"}
    assert (found["Description"], found["TablePrefix"], found["SchemaChangePolicy"]) == ("d", "p_", log)
    assert staged.in_sync()
    only = ("Description", "TablePrefix", "Configuration", "CrawlerSecurityConfiguration", "Schedule")
    staged.update(*only, "SchemaChangePolicy", "RecrawlPolicy", Role="other", Tags={"owner": "me"})
    found = glue().get_crawler(Name="c")["Crawler"]
    assert [found.get(name) or "" for name in only] == [""] * len(only)
    assert (found["Role"], found["RecrawlPolicy"]) == ("other", {"RecrawlBehavior": "CRAWL_EVERYTHING"})
    assert found["SchemaChangePolicy"]["DeleteBehavior"] == "DEPRECATE_IN_DATABASE"
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT_ID}:crawler/c"
    assert glue().get_tags(ResourceArn=arn)["Tags"] == {"owner": "me"}


def test_a_security_configuration_uses_the_apis_names(sandbox: Sandbox) -> None:
    encryption = {
        "S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": "k"}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "DISABLED"},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "DISABLED"},
    }
    staged = made("AWS::Glue::SecurityConfiguration", Name="s", EncryptionConfiguration=encryption)
    found = glue().get_security_configuration(Name="s")["SecurityConfiguration"]
    assert found["EncryptionConfiguration"]["S3Encryption"][0]["S3EncryptionMode"] == "SSE-KMS"
    assert staged.read() == {"Name": "s", "EncryptionConfiguration": encryption}


def test_encryption_settings_of_the_catalog_change_and_go_back(sandbox: Sandbox) -> None:
    at_rest = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "k"}
    staged = made(
        "AWS::Glue::DataCatalogEncryptionSettings",
        CatalogId=ACCOUNT_ID,
        DataCatalogEncryptionSettings={
            "EncryptionAtRest": at_rest,
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True, "KmsKeyId": "k"},
        },
    )
    settings = glue().get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["ConnectionPasswordEncryption"]["AwsKmsKeyId"] == "k"
    assert staged.in_sync()
    staged.update(DataCatalogEncryptionSettings={"EncryptionAtRest": at_rest})
    settings = glue().get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["EncryptionAtRest"] == at_rest
    assert settings["ConnectionPasswordEncryption"] == {"ReturnConnectionPasswordEncrypted": False}
    staged.delete()
    settings = glue().get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["EncryptionAtRest"]["CatalogEncryptionMode"] == "DISABLED"


JOB: dict[str, Any] = {
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://scripts/job.py", "PythonVersion": "3"},
    "Role": "r",
    "Connections": {"Connections": ["store"]},
    "DefaultArguments": {"--day": "1"},
    "Description": "cleans",
    "ExecutionClass": "STANDARD",
    "ExecutionProperty": {"MaxConcurrentRuns": 3},
    "GlueVersion": "4.0",
    "JobMode": "SCRIPT",
    "JobRunQueuingEnabled": True,
    "LogUri": "s3://logs/",
    "MaintenanceWindow": "Sun:3",
    "MaxRetries": 2,
    "NonOverridableArguments": {"--fixed": "1"},
    "NotificationProperty": {"NotifyDelayAfter": 5},
    "NumberOfWorkers": 2,
    "SecurityConfiguration": "s",
    "Timeout": 10,
    "WorkerType": "G.1X",
}


def test_a_job_is_kept_whole_and_overwritten_as_a_whole(sandbox: Sandbox) -> None:
    staged = made("AWS::Glue::Job", Name="j", **JOB, Tags=TAGS)
    found = glue().get_job(JobName="j")["Job"]
    assert {name: found[name] for name in JOB} == JOB
    assert staged.read() == {"Name": "j", **JOB, "Tags": TAGS}
    staged.update(*set(JOB) - {"Command", "Role"}, "Tags", Role="other")
    found = glue().get_job(JobName="j")["Job"]
    assert {name for name in JOB if name in found} == {"Command", "Role", "MaxRetries", "ExecutionProperty"}
    assert (found["Role"], found["MaxRetries"], found["ExecutionProperty"]["MaxConcurrentRuns"]) == (
        "other", 0, 1
    )  # fmt: skip
    assert glue().get_tags(ResourceArn=f"arn:aws:glue:us-east-1:{ACCOUNT_ID}:job/j")["Tags"] == {}


@pytest.mark.parametrize("capacity", [2, 0.0625])
def test_the_capacity_of_a_job_is_told_as_it_was_given(sandbox: Sandbox, capacity: float) -> None:
    command = {"Name": "pythonshell", "ScriptLocation": "s3://scripts/job.py"}
    staged = made("AWS::Glue::Job", Name="j", Role="r", Command=command, MaxCapacity=capacity)
    assert str(staged.read()["MaxCapacity"]) == str(capacity)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"WorkerType": "Enormous"}, "workerType"),
        ({"WorkerType": "G.1X", "MaxCapacity": 2}, "do not set Max Capacity"),
        ({"AllocatedCapacity": 2, "MaxCapacity": 2}, "only Allocated Capacity or Max Capacity"),
    ],
)
def test_refuses_a_job_that_aws_refuses(sandbox: Sandbox, more: dict[str, Any], told: str) -> None:
    refusal = failing("AWS::Glue::Job", Name="j", Role="r", Command={"Name": "glueetl"}, **more)
    assert refusal.response["Error"]["Code"] == "InvalidInputException"
    assert told in str(refusal)
    assert glue().get_jobs()["Jobs"] == []


def test_a_trigger_changes_in_place_and_keeps_its_state(sandbox: Sandbox) -> None:
    staged = made(
        "AWS::Glue::Trigger",
        Name="nightly",
        Type="SCHEDULED",
        Schedule="cron(0 1 * * ? *)",
        Actions=[{"CrawlerName": "c"}],
        Description="d",
        StartOnCreation=True,
        Tags=TAGS,
    )
    found = glue().get_trigger(Name="nightly")["Trigger"]
    assert (found["State"], found["Description"]) == ("ACTIVATED", "d")
    assert staged.in_sync()
    staged.update("Description", Schedule="cron(0 2 * * ? *)", Actions=[{"CrawlerName": "other"}])
    found = glue().get_trigger(Name="nightly")["Trigger"]
    assert (found["State"], found["Schedule"]) == ("ACTIVATED", "cron(0 2 * * ? *)")
    assert found["Actions"] == [{"CrawlerName": "other"}]
    assert "Description" not in found


def test_a_trigger_of_a_job_exists_but_is_not_activated(sandbox: Sandbox) -> None:
    properties = {"Type": "SCHEDULED", "Schedule": "cron(0 1 * * ? *)", "Actions": [{"JobName": "j"}]}
    refusal = failing("AWS::Glue::Trigger", Name="t", StartOnCreation=True, **properties)
    assert "names the job j" in str(refusal)
    assert glue().get_triggers()["Triggers"] == []
    batching = {"BatchSize": 2, "BatchWindow": 60}
    event = {"Name": "e", "Type": "EVENT", "WorkflowName": "w", "Actions": [{"JobName": "j"}]}
    assert made("AWS::Glue::Trigger", **event, EventBatchingCondition=batching).in_sync()
    assert made("AWS::Glue::Trigger", Name="t", **properties).in_sync()
    states = {one["Name"]: one["State"] for one in glue().get_triggers()["Triggers"]}
    assert states == {"e": "CREATED", "t": "CREATED"}


def test_a_workflow_changes_in_place(sandbox: Sandbox) -> None:
    properties = {"DefaultRunProperties": {"a": "1"}, "Description": "d", "MaxConcurrentRuns": 2}
    staged = made("AWS::Glue::Workflow", Name="w", **properties, Tags=TAGS)
    assert {name: glue().get_workflow(Name="w")["Workflow"][name] for name in properties} == properties
    assert staged.in_sync()
    staged.update("DefaultRunProperties", "MaxConcurrentRuns", Description="e")
    found = glue().get_workflow(Name="w")["Workflow"]
    assert (found["Description"], found.get("MaxConcurrentRuns")) == ("e", None)
    assert not found.get("DefaultRunProperties")


def test_a_connection_changes_in_place_and_its_secrets_are_not_told(sandbox: Sandbox) -> None:
    requirements = {"SubnetId": "s", "SecurityGroupIdList": ["g"], "AvailabilityZone": "us-east-1a"}
    entry = {
        "Name": "store",
        "ConnectionType": "JDBC",
        "Description": "d",
        "MatchCriteria": ["m"],
        "ConnectionProperties": {"JDBC_ENFORCE_SSL": True, "USERNAME": "u", "PASSWORD": "p"},
        "AthenaProperties": {"a": "1"},
        "PythonProperties": {"p": "1"},
        "SparkProperties": {"s": "1"},
        "PhysicalConnectionRequirements": requirements,
        "ValidateForComputeEnvironments": ["SPARK"],
        "AuthenticationConfiguration": {
            "AuthenticationType": "BASIC",
            "SecretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT_ID}:secret:store",
            "BasicAuthenticationCredentials": {"Username": "u", "Password": "p"},
        },
    }
    staged = made("AWS::Glue::Connection", CatalogId=ACCOUNT_ID, ConnectionInput=entry, Tags=TAGS)
    found = glue().get_connection(Name="store")["Connection"]
    assert found["ConnectionProperties"] == {"JDBC_ENFORCE_SSL": "true", "USERNAME": "u", "PASSWORD": "p"}
    assert (found["MatchCriteria"], found["PhysicalConnectionRequirements"]) == (["m"], requirements)
    assert set(found["AuthenticationConfiguration"]) == {"AuthenticationType", "SecretArn"}
    hidden = glue().get_connection(Name="store", HidePassword=True)["Connection"]
    assert hidden["ConnectionProperties"] == {"JDBC_ENFORCE_SSL": "true", "USERNAME": "u"}
    staged.update(ConnectionInput={"Name": "store", "ConnectionType": "NETWORK"})
    assert staged.in_sync()
    found = glue().get_connection(Name="store")["Connection"]
    assert (found["ConnectionType"], found["ConnectionProperties"]) == ("NETWORK", {})
    assert "MatchCriteria" not in found


@pytest.mark.parametrize(
    ("kind", "given", "changed", "left"),
    [
        (
            "CsvClassifier",
            {
                "Delimiter": ";",
                "QuoteSymbol": "'",
                "ContainsHeader": "PRESENT",
                "Header": ["a"],
                "AllowSingleColumn": True,
                "DisableValueTrimming": False,
                "CustomDatatypeConfigured": True,
                "ContainsCustomDatatype": ["DATE"],
            },
            {"Delimiter": "|", "QuoteSymbol": "'"},
            {"ContainsHeader": "UNKNOWN", "DisableValueTrimming": True, "AllowSingleColumn": False},
        ),
        (
            "GrokClassifier",
            {"Classification": "log", "GrokPattern": "%{WORD:a}", "CustomPatterns": "X x"},
            {"Classification": "log", "GrokPattern": "%{WORD:b}"},
            {"CustomPatterns": ""},
        ),
        ("JsonClassifier", {"JsonPath": "$[*]"}, {"JsonPath": "$.a[*]"}, {}),
        ("XMLClassifier", {"Classification": "x", "RowTag": "r"}, {"Classification": "x", "RowTag": "s"}, {}),
    ],
)
def test_a_classifier_of_each_kind_changes_in_place(
    sandbox: Sandbox, kind: str, given: dict[str, Any], changed: dict[str, Any], left: dict[str, Any]
) -> None:
    staged = made("AWS::Glue::Classifier", **{kind: {"Name": "own", **given}})
    assert staged.read() == {kind: {"Name": "own", **given}}
    staged.update(**{kind: {"Name": "own", **changed}})
    found = glue().get_classifier(Name="own")["Classifier"][kind]
    assert {name: found[name] for name in (*changed, *left)} == {**changed, **left}
    assert found["Version"] == 2


def test_refuses_to_take_a_delimiter_away(sandbox: Sandbox) -> None:
    staged = made("AWS::Glue::Classifier", CsvClassifier={"Name": "own", "Delimiter": ";"})
    with pytest.raises(UnsupportedPropertyError, match="Delimiter"):
        staged.update(CsvClassifier={"Name": "own", "AllowSingleColumn": True})


EVERY: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "AWS::Glue::Database",
        {"CatalogId": ACCOUNT_ID, "DatabaseInput": {"Name": "db"}},
        "glue database db",
    ),
    (
        "AWS::Glue::Crawler",
        {"Name": "c", "Role": "r", "Targets": {"S3Targets": [{"Path": "s3://b/"}]}},
        "glue crawler c",
    ),
    (
        "AWS::Glue::SecurityConfiguration",
        {"Name": "s", "EncryptionConfiguration": {}},
        "glue security configuration s",
    ),
    ("AWS::Glue::Job", {"Name": "j", "Role": "r", "Command": {"Name": "glueetl"}}, "glue job j"),
    (
        "AWS::Glue::Trigger",
        {"Name": "t", "Type": "ON_DEMAND", "Actions": [{"CrawlerName": "c"}]},
        "glue trigger t",
    ),
    ("AWS::Glue::Workflow", {"Name": "w"}, "glue workflow w"),
    (
        "AWS::Glue::Connection",
        {"CatalogId": ACCOUNT_ID, "ConnectionInput": {"Name": "n", "ConnectionType": "NETWORK"}},
        "glue connection n",
    ),
    ("AWS::Glue::Classifier", {"JsonClassifier": {"Name": "k", "JsonPath": "$"}}, "glue classifier k"),
)


@pytest.mark.parametrize(("kind", "properties", "left"), EVERY)
def test_everything_is_found_until_it_is_deleted_and_deleting_it_twice_is_fine(
    sandbox: Sandbox, kind: str, properties: dict[str, Any], left: str
) -> None:
    staged = made(kind, **properties)
    assert leftovers() == [left]
    staged.delete()
    assert leftovers() == []
    assert staged.read() is None
    staged.delete()


def test_a_table_and_a_partition_are_gone_and_deleting_them_twice_is_fine(sandbox: Sandbox) -> None:
    database()
    parent = table(PartitionKeys=[{"Name": "day", "Type": "string"}])
    place = {"CatalogId": ACCOUNT_ID, "DatabaseName": "db", "TableName": "t"}
    partition = made("AWS::Glue::Partition", **place, PartitionInput={"Values": ["01"]})
    for staged in (partition, parent):
        assert staged.read() is not None
        staged.delete()
        assert staged.read() is None
        staged.delete()


def test_what_a_hand_changes_is_told(sandbox: Sandbox) -> None:
    job = made("AWS::Glue::Job", Name="j", Role="r", Command={"Name": "glueetl"})
    glue().update_job(JobName="j", JobUpdate={"Role": "other", "Command": {"Name": "glueetl"}})
    assert not job.in_sync()
    nightly = crawler(Description="mine")
    glue().update_crawler(Name="c", Description="theirs")
    assert not nightly.in_sync()
