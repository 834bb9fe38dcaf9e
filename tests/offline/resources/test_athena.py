"""Rows of Athena: what a template asks for is in the account, and gone after deletion."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.resources.athena import ROWS
from offline.resources.row import Physical, Properties, Resource
from offline.sandbox import Sandbox

TABLE = {row.type: row for row in ROWS}


def made(kind: str, **properties: Any) -> tuple[Resource, Physical]:
    resource = Resource(kind, "Thing", "stack", "stack-id", ACCOUNT_ID, "us-east-1", Properties(properties))
    physical = TABLE[kind].create(resource)
    assert list(resource.properties.unread()) == []
    return resource, physical


def test_a_workgroup_with_its_queries_comes_and_goes(sandbox: Sandbox) -> None:
    athena = boto3.client("athena")
    configuration = {"EnforceWorkGroupConfiguration": True, "BytesScannedCutoffPerQuery": "10000000"}
    group = made(
        "AWS::Athena::WorkGroup",
        State="DISABLED",
        RecursiveDeleteOption=True,
        WorkGroupConfiguration=configuration,
        Tags=[{"Key": "lab", "Value": "query"}],
    )
    name = group[1].id
    found = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (found["State"], found["Configuration"]["BytesScannedCutoffPerQuery"]) == ("DISABLED", 10_000_000)
    query = made("AWS::Athena::NamedQuery", Database="db", QueryString="SELECT 1", WorkGroup=name, Name="q")
    assert athena.list_named_queries(WorkGroup=name)["NamedQueryIds"] == [query[1].id]
    prepared = made(
        "AWS::Athena::PreparedStatement", StatementName="p", WorkGroup=name, QueryStatement="SELECT ?"
    )
    assert (
        athena.get_prepared_statement(StatementName="p", WorkGroup=name)["PreparedStatement"]["WorkGroupName"]
        == name
    )
    for resource, physical in (prepared, query, group):
        TABLE[resource.type].delete(resource, physical)
    with pytest.raises(ClientError, match="is not found"):
        athena.get_work_group(WorkGroup=name)


def test_refuses_to_delete_a_workgroup_that_holds_queries(sandbox: Sandbox) -> None:
    resource, physical = made("AWS::Athena::WorkGroup", Name="g")
    made("AWS::Athena::NamedQuery", Database="db", QueryString="SELECT 1", WorkGroup="g")
    with pytest.raises(ClientError, match="is not empty"):
        TABLE[resource.type].delete(resource, physical)
