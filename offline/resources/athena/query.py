"""Rows of named queries, which any change replaces, and of prepared statements."""

from __future__ import annotations

from typing import Any

from offline.resources.athena.gone import unless_not_found
from offline.resources.change import given, present
from offline.resources.row import Physical, Properties, Resource, Row

NAMED = ("Name", "Description", "Database", "QueryString", "WorkGroup")


def create_named_query(resource: Resource) -> Physical:
    settings = {"Name": resource.name(longest=128)} | given(resource.properties, *NAMED)
    made = resource.client("athena").create_named_query(**settings)
    return Physical(made["NamedQueryId"], {"NamedQueryId": made["NamedQueryId"]})


@unless_not_found()
def read_named_query(resource: Resource, query: Physical) -> dict[str, Any] | None:
    found = resource.client("athena").get_named_query(NamedQueryId=query.id)["NamedQuery"]
    return present(**{name: found.get(name) for name in NAMED})


@unless_not_found()
def delete_named_query(resource: Resource, query: Physical) -> None:
    resource.client("athena").delete_named_query(NamedQueryId=query.id)


def create_prepared_statement(resource: Resource) -> Physical:
    settings = given(resource.properties, "QueryStatement", "Description")
    name = resource.properties.take("StatementName")
    resource.client("athena").create_prepared_statement(StatementName=name, **_group(resource), **settings)
    return Physical(name)


def _group(resource: Resource) -> dict[str, str]:
    return {"WorkGroup": resource.properties.take("WorkGroup")}


def update_prepared_statement(resource: Resource, statement: Physical, old: Properties) -> Physical:
    settings = given(resource.properties, "QueryStatement", "Description")
    resource.client("athena").update_prepared_statement(
        StatementName=statement.id, **_group(resource), **settings
    )
    return statement


@unless_not_found()
def read_prepared_statement(resource: Resource, statement: Physical) -> dict[str, Any] | None:
    group = _group(resource)
    answer = resource.client("athena").get_prepared_statement(StatementName=statement.id, **group)
    found = answer["PreparedStatement"]
    told = {name: found.get(name) for name in ("StatementName", "QueryStatement", "Description")}
    return present(**told, WorkGroup=found["WorkGroupName"])


@unless_not_found()
def delete_prepared_statement(resource: Resource, statement: Physical) -> None:
    """Gone too where its workgroup is."""
    resource.client("athena").delete_prepared_statement(StatementName=statement.id, **_group(resource))


ROWS = (
    Row("AWS::Athena::NamedQuery", create_named_query, delete_named_query, read=read_named_query),
    Row(
        "AWS::Athena::PreparedStatement",
        create_prepared_statement,
        delete_prepared_statement,
        update_prepared_statement,
        read_prepared_statement,
    ),
)
