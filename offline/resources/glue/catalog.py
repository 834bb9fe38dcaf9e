"""Rows of the Data Catalog: databases, tables and partitions.

Links to databases and tables of other catalogs (TargetDatabase, FederatedDatabase) and Iceberg tables
made by Glue itself (OpenTableFormatInput, with Name) are not taken: nothing here would follow them.
"""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE, catalog, lower_name, texts
from offline.resources.row import Physical, Properties, Resource, Row

DATABASE = ("Description", "LocationUri", "CreateTableDefaultPermissions")
TABLE = (
    "Description",
    "Owner",
    "PartitionKeys",
    "Retention",
    "StorageDescriptor",
    "TableType",
    "ViewExpandedText",
    "ViewOriginalText",
)


def create_database(resource: Resource) -> Physical:
    entry = _database(resource)
    resource.client("glue").create_database(**catalog(resource), DatabaseInput=entry)
    return Physical(entry["Name"])


def _database(resource: Resource) -> dict[str, Any]:
    entry = resource.properties.at("DatabaseInput")
    name = resource.properties.take("DatabaseName") or entry.take("Name") or lower_name(resource)
    parameters = texts(entry.take("Parameters"))
    return {"Name": name, "Parameters": parameters, **given(entry, *DATABASE)}


def update_database(resource: Resource, database: Physical, old: Properties) -> Physical:
    """UpdateDatabase replaces the whole definition."""
    entry = {**_database(resource), "Name": resource.properties.at("DatabaseInput").take("Name")}
    resource.client("glue").update_database(
        **catalog(resource), Name=database.id, DatabaseInput={**entry, "Name": entry["Name"] or database.id}
    )
    return database


@unless_gone(GONE)
def read_database(resource: Resource, database: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_database(**catalog(resource), Name=database.id)["Database"]
    entry = present(Parameters=found.get("Parameters"), **{name: found.get(name) for name in DATABASE})
    return {
        "CatalogId": found["CatalogId"],
        "DatabaseName": found["Name"],
        "DatabaseInput": {"Name": found["Name"], **entry},
    }


@unless_gone(GONE)
def delete_database(resource: Resource, database: Physical) -> None:
    resource.client("glue").delete_database(**catalog(resource), Name=database.id)


def create_table(resource: Resource) -> Physical:
    entry = _table(resource, resource.properties.at("TableInput").take("Name") or lower_name(resource))
    resource.client("glue").create_table(**_place(resource), TableInput=entry)
    return Physical(entry["Name"])


def _place(resource: Resource) -> dict[str, str]:
    return {**catalog(resource), "DatabaseName": resource.properties.take("DatabaseName")}


def _table(resource: Resource, name: str) -> dict[str, Any]:
    entry = resource.properties.at("TableInput")
    return {"Name": name, "Parameters": texts(entry.take("Parameters")), **given(entry, *TABLE)}


def update_table(resource: Resource, table: Physical, old: Properties) -> Physical:
    """UpdateTable replaces the whole definition, and keeps the former as a version."""
    resource.properties.at("TableInput").take("Name")
    resource.client("glue").update_table(**_place(resource), TableInput=_table(resource, table.id))
    return table


@unless_gone(GONE)
def read_table(resource: Resource, table: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_table(**_place(resource), Name=table.id)["Table"]
    entry = present(Parameters=found.get("Parameters"), **{name: found.get(name) for name in TABLE})
    return {
        "CatalogId": found["CatalogId"],
        "DatabaseName": found["DatabaseName"],
        "TableInput": {"Name": found["Name"], **entry},
    }


@unless_gone(GONE)
def delete_table(resource: Resource, table: Physical) -> None:
    resource.client("glue").delete_table(**_place(resource), Name=table.id)


def create_partition(resource: Resource) -> Physical:
    """`Ref` answers the identifiers, as for any type that has several.

    IdentifierPartitionInputValues is not answered: AWS does not say how it writes the values.
    """
    entry, place = _partition(resource), _partitioned(resource)
    resource.client("glue").create_partition(**place, PartitionInput=entry)
    return Physical("|".join([*place.values(), *entry["Values"]]))


def _partitioned(resource: Resource) -> dict[str, str]:
    return {**_place(resource), "TableName": resource.properties.take("TableName")}


def _partition(resource: Resource) -> dict[str, Any]:
    entry = resource.properties.at("PartitionInput")
    parameters = texts(entry.take("Parameters"))
    return {"Parameters": parameters, **given(entry, "Values", "StorageDescriptor")}


def update_partition(resource: Resource, partition: Physical, old: Properties) -> Physical:
    entry = _partition(resource)
    resource.client("glue").update_partition(
        **_partitioned(resource), PartitionValueList=entry["Values"], PartitionInput=entry
    )
    return partition


@unless_gone(GONE)
def read_partition(resource: Resource, partition: Physical) -> dict[str, Any] | None:
    values = resource.properties.at("PartitionInput").take("Values")
    found = resource.client("glue").get_partition(**_partitioned(resource), PartitionValues=values)
    told = {name: found["Partition"].get(name) for name in ("Values", "StorageDescriptor", "Parameters")}
    place = {name: found["Partition"][name] for name in ("DatabaseName", "TableName")}
    return {**place, "PartitionInput": present(**told)}


@unless_gone(GONE)
def delete_partition(resource: Resource, partition: Physical) -> None:
    values = resource.properties.at("PartitionInput").take("Values")
    resource.client("glue").delete_partition(**_partitioned(resource), PartitionValues=values)


ROWS = (
    Row("AWS::Glue::Database", create_database, delete_database, update_database, read_database),
    Row("AWS::Glue::Table", create_table, delete_table, update_table, read_table),
    Row("AWS::Glue::Partition", create_partition, delete_partition, update_partition, read_partition),
)
