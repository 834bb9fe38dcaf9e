"""Rows of connections: kept, and shown to whoever asks; nothing here connects by them."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE, catalog, follow_tags, tags_of, texts
from offline.resources.row import Physical, Properties, Resource, Row

PROPERTIES = ("ConnectionProperties", "AthenaProperties", "PythonProperties", "SparkProperties")
REST = ("ConnectionType", "Description", "MatchCriteria", "PhysicalConnectionRequirements")

WRITE_ONLY = ("AuthenticationConfiguration", "ValidateCredentials", "ValidateForComputeEnvironments")


def create_connection(resource: Resource) -> Physical:
    entry = _input(resource, resource.name(longest=255))
    resource.client("glue").create_connection(
        **catalog(resource), ConnectionInput=entry, Tags=resource.tags()
    )
    return Physical(entry["Name"], {"Name": entry["Name"]})


def _input(resource: Resource, unnamed: str) -> dict[str, Any]:
    entry = resource.properties.at("ConnectionInput")
    return {
        "Name": entry.take("Name") or unnamed,
        "ConnectionProperties": {},  # The API asks for them, a template may leave them out.
        **{kind: texts(values) for kind, values in given(entry, *PROPERTIES).items()},
        **given(entry, *REST, *WRITE_ONLY),
    }


def update_connection(resource: Resource, connection: Physical, old: Properties) -> Physical:
    """UpdateConnection overwrites the whole definition."""
    entry = _input(resource, connection.id)
    resource.client("glue").update_connection(**catalog(resource), Name=connection.id, ConnectionInput=entry)
    follow_tags(resource, "connection", connection.id, old)
    return connection


@unless_gone(GONE)
def read_connection(resource: Resource, connection: Physical) -> dict[str, Any] | None:
    """What is secret of the authentication is never told, as in the schema's writeOnlyProperties."""
    answer = resource.client("glue").get_connection(**catalog(resource), Name=connection.id)
    found = answer["Connection"]
    told = {name: found.get(name) for name in (*PROPERTIES, *REST)}
    return {
        "ConnectionInput": {"Name": connection.id, **present(**told)},
        "Tags": tags_of(resource, "connection", connection.id),
    }


@unless_gone(GONE)
def delete_connection(resource: Resource, connection: Physical) -> None:
    resource.client("glue").delete_connection(**catalog(resource), ConnectionName=connection.id)


ROWS = (
    Row("AWS::Glue::Connection", create_connection, delete_connection, update_connection, read_connection),
)
