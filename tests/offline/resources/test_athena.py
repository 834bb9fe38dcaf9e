"""Rows of Athena: what a template asks for is in the account, changes in place, is told and goes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.deploy import leftovers
from offline.engine import ACCOUNT_ID
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

RESULT = {
    "OutputLocation": "s3://results/",
    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    "ExpectedBucketOwner": ACCOUNT_ID,
    "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
}
CONFIGURATION = {
    "EnforceWorkGroupConfiguration": False,
    "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
    "PublishCloudWatchMetricsEnabled": True,
    "RequesterPaysEnabled": True,
    "ResultConfiguration": RESULT,
}


def athena() -> Any:
    return boto3.client("athena")


def workgroup(**properties: Any) -> Staged:
    return made("AWS::Athena::WorkGroup", Name="g", **properties)


def found() -> dict[str, Any]:
    return dict(athena().get_work_group(WorkGroup="g")["WorkGroup"])


def test_a_workgroup_is_made_whole_and_changes_in_place(sandbox: Sandbox) -> None:
    staged = workgroup(
        State="DISABLED",
        Description="d",
        WorkGroupConfiguration={**CONFIGURATION, "BytesScannedCutoffPerQuery": "10000000"},
        Tags=[{"Key": "lab", "Value": "query"}],
    )
    assert staged.attribute("CreationTime") == str(int(found()["CreationTime"].timestamp()))
    told = found()["Configuration"]
    assert {name: told[name] for name in ("ResultConfiguration", "RequesterPaysEnabled")} == {
        "ResultConfiguration": RESULT, "RequesterPaysEnabled": True
    }  # fmt: skip
    assert (found()["State"], told["BytesScannedCutoffPerQuery"]) == ("DISABLED", 10_000_000)
    result = {"OutputLocation": "s3://other/"}
    staged.update("State", "Description", "Tags", WorkGroupConfiguration={"ResultConfiguration": result})
    told = found()["Configuration"]
    assert told["ResultConfiguration"] == result
    assert (found()["State"], found()["Description"]) == ("ENABLED", "")
    assert [told[name] for name in ("EnforceWorkGroupConfiguration", "PublishCloudWatchMetricsEnabled")] == [
        True, False
    ]  # fmt: skip
    assert told["EngineVersion"]["SelectedEngineVersion"] == "AUTO"
    assert "BytesScannedCutoffPerQuery" not in told
    arn = f"arn:aws:athena:us-east-1:{ACCOUNT_ID}:workgroup/g"
    assert athena().list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_a_workgroup_without_configuration_has_that_of_a_new_one(sandbox: Sandbox) -> None:
    staged = workgroup(WorkGroupConfiguration=CONFIGURATION)
    staged.update("WorkGroupConfiguration")
    athena().create_work_group(Name="new")
    new = athena().get_work_group(WorkGroup="new")["WorkGroup"]["Configuration"]
    told = found()["Configuration"]
    assert told.pop("ResultConfiguration") == {}
    assert new.pop("ResultConfiguration", {}) == {}
    assert told == new


def test_a_workgroup_that_a_hand_changed_is_told(sandbox: Sandbox) -> None:
    staged = workgroup(State="ENABLED")
    assert staged.in_sync()
    athena().update_work_group(WorkGroup="g", State="DISABLED")
    assert not staged.in_sync()


def test_refuses_to_delete_a_workgroup_that_holds_queries_unless_told_to(sandbox: Sandbox) -> None:
    staged = workgroup()
    query = made("AWS::Athena::NamedQuery", Database="db", QueryString="SELECT 1", WorkGroup="g")
    with pytest.raises(ClientError, match="is not empty"):
        staged.delete()
    staged.update(RecursiveDeleteOption=True)
    staged.delete()
    assert staged.read() is None
    assert query.read() is None
    query.delete()


@pytest.mark.parametrize(
    "more",
    [
        {"ManagedQueryResultsConfiguration": {"Enabled": True}},
        {"ExecutionRole": "arn:aws:iam::123456789012:role/athena"},
    ],
)
def test_what_the_engine_cannot_do_is_refused_by_name(sandbox: Sandbox, more: dict[str, Any]) -> None:
    group = {"Type": "AWS::Athena::WorkGroup", "Properties": {"Name": "g", "WorkGroupConfiguration": more}}
    stacks = boto3.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"Group": group}}))
    [stack] = stacks.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"WorkGroupConfiguration.{next(iter(more))}" in stack["StackStatusReason"]
    assert leftovers() == []


def test_queries_and_statements_are_told_as_they_are(sandbox: Sandbox) -> None:
    workgroup()
    named = {"Name": "q", "Description": "d", "Database": "db", "QueryString": "SELECT 1", "WorkGroup": "g"}
    query = made("AWS::Athena::NamedQuery", **named)
    assert athena().list_named_queries(WorkGroup="g")["NamedQueryIds"] == [query.id]
    assert query.read() == named
    given = {"StatementName": "p", "WorkGroup": "g", "QueryStatement": "SELECT ?", "Description": "d"}
    statement = made("AWS::Athena::PreparedStatement", **given)
    assert statement.read() == given
    statement.update("Description", QueryStatement="SELECT ? + 1")
    told = athena().get_prepared_statement(StatementName="p", WorkGroup="g")["PreparedStatement"]
    assert (told["QueryStatement"], told["Description"]) == ("SELECT ? + 1", "")
    for staged in (statement, query):
        staged.delete()
        assert staged.read() is None
        staged.delete()


OWN = {"catalog-id": ACCOUNT_ID}


def test_a_data_catalog_changes_in_place(sandbox: Sandbox) -> None:
    staged = made(
        "AWS::Athena::DataCatalog",
        Name="own",
        Type="GLUE",
        Description="d",
        Parameters=OWN,
        Tags=[{"Key": "lab", "Value": "query"}],
    )
    assert staged.in_sync()
    staged.update("Description", "Tags", Type="LAMBDA", Parameters={"function": "arn"})
    told = athena().get_data_catalog(Name="own")["DataCatalog"]
    assert (told["Type"], told["Parameters"], told["Description"]) == ("LAMBDA", {"function": "arn"}, "")
    assert staged.in_sync()
    assert leftovers() == ["athena data catalog own"]
    staged.delete()
    assert leftovers() == []
    assert staged.read() is None
    staged.delete()


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("FEDERATED", {"connection-type": "MYSQL"}, "not deployed offline"),
        ("LAMBDA", {}, "needs a parameter function or metadata-function"),
        ("GLUE", {}, "needs a parameter catalog-id"),
    ],
)
def test_refuses_a_data_catalog_that_could_never_be_queried(
    sandbox: Sandbox, kind: str, parameters: dict[str, str], told: str
) -> None:
    assert told in str(failing("AWS::Athena::DataCatalog", Name="c", Type=kind, Parameters=parameters))
    assert leftovers() == []


def test_a_workgroup_is_found_until_it_is_deleted(sandbox: Sandbox) -> None:
    staged = workgroup()
    assert leftovers() == ["athena workgroup g"]
    staged.delete()
    assert leftovers() == []
    staged.delete()
