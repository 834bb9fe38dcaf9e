"""Tables as the Data Catalog describes them, read through Glue's API."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from offline.engines.athena import projection
from offline.engines.athena.errors import QueryError, unsupported

SERDES = {
    "ParquetHiveSerDe": "parquet",
    "OrcSerde": "orc",
    "LazySimpleSerDe": "text",
    "OpenCSVSerde": "csv",
    "JsonSerDe": "json",
    "OpenXJsonSerDe": "json",
    "RegexSerDe": "regex",
    "CloudTrailSerde": "cloudtrail",
}
"""What reads a table, by the last word of its SerDe's class."""
INPUT_FORMATS = {"CloudTrailInputFormat": "cloudtrail"}
"""Input formats that decide, whatever the SerDe."""


@dataclass(frozen=True)
class Partition:
    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class Table:
    """One table: its columns and partition keys as (name, Hive type), and where its objects lie."""

    database: str
    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    location: str
    reader: str
    serde: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    partitions: tuple[Partition, ...] = ()

    @property
    def header_lines(self) -> int:
        return int(self.parameters.get("skip.header.line.count") or 0)


def table(glue: Any, database: str, name: str, at: tuple[int, int] | None = None) -> Table:
    """The table with all its partitions; what the catalog does not have is Athena's error."""
    try:
        description = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        raise missing(glue, error, database, name, at) from None
    if description.get("TableType") == "VIRTUAL_VIEW":
        raise unsupported(f"views; {database}.{name} is one")
    return described(glue, description)


def missing(
    glue: Any, error: ClientError, database: str, name: str, at: tuple[int, int] | None
) -> QueryError:
    if error.response["Error"]["Code"] != "EntityNotFoundException":
        return QueryError("GENERIC_USER_ERROR", str(error))
    if database not in [found["Name"] for found in glue.get_databases()["DatabaseList"]]:
        return QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", at)
    return QueryError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist", at)


def described(glue: Any, description: dict[str, Any]) -> Table:
    storage = description.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    keys = pairs(description.get("PartitionKeys") or [])
    database, name = description["DatabaseName"], description["Name"]
    parameters, location = description.get("Parameters") or {}, storage.get("Location") or ""
    input_format = (storage.get("InputFormat") or "").rsplit(".", 1)[-1]
    projects = bool(keys) and projection.is_projected(parameters)
    found = Table(
        database,
        name,
        pairs(storage.get("Columns") or []),
        keys,
        location,
        INPUT_FORMATS.get(input_format) or reader(database, name, serde.get("SerializationLibrary") or ""),
        serde.get("Parameters") or {},
        parameters,
        tuple(partitions(glue, database, name)) if keys and not projects else (),
    )
    return replace(found, partitions=_projected(keys, location, parameters)) if projects else found


def is_current(table: Table) -> bool:
    """Whether a table's partitions are those of before: of projected ones, some come with the time."""
    return not projection.is_projected(table.parameters) or table.partitions == _projected(
        table.keys, table.location, table.parameters
    )


def _projected(
    keys: tuple[tuple[str, str], ...], location: str, parameters: dict[str, str]
) -> tuple[Partition, ...]:
    found = projection.projected([key for key, _ in keys], location, parameters)
    return tuple(Partition(values, place) for values, place in found)


def pairs(columns: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((column["Name"].lower(), column.get("Type") or "string") for column in columns)


def reader(database: str, name: str, library: str) -> str:
    try:
        return SERDES[library.rsplit(".", 1)[-1]]
    except KeyError:
        allowed = ", ".join(SERDES)
        message = f"table {database}.{name} has SerDe {library!r}; offline these are read: {allowed}"
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message) from None


def partitions(glue: Any, database: str, name: str) -> list[Partition]:
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    return [
        Partition(tuple(found["Values"]), found["StorageDescriptor"]["Location"])
        for page in pages
        for found in page["Partitions"]
    ]
