"""Statements that read or change the Data Catalog, through Glue's API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from offline.engines.athena import catalog, statements
from offline.engines.athena.catalog import Table
from offline.engines.athena.errors import QueryError
from offline.engines.athena.objects import listing, split_uri
from offline.engines.athena.results import Rows

BATCH = 100
"""Partitions in one BatchCreatePartition call."""
HADOOP = "org.apache.hadoop.hive"
FORMATS = {
    "PARQUET": (
        f"{HADOOP}.ql.io.parquet.MapredParquetInputFormat",
        f"{HADOOP}.ql.io.parquet.MapredParquetOutputFormat",
        f"{HADOOP}.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": (
        f"{HADOOP}.ql.io.orc.OrcInputFormat",
        f"{HADOOP}.ql.io.orc.OrcOutputFormat",
        f"{HADOOP}.ql.io.orc.OrcSerde",
    ),
    "TEXTFILE": (
        "org.apache.hadoop.mapred.TextInputFormat",
        f"{HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat",
        f"{HADOOP}.serde2.lazy.LazySimpleSerDe",
    ),
    "JSON": (
        "org.apache.hadoop.mapred.TextInputFormat",
        f"{HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
}
"""Input format, output format and SerDe of each storage format."""
CLOUDTRAIL = (
    "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
    f"{HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.apache.hive.hcatalog.data.JsonSerDe",
)
"""Those of CloudTrail's log files, which no word stands for."""


def split_name(name: str, database: str) -> tuple[str, str]:
    """Database and table of a name that may leave the database out.

    >>> split_name("awsdatacatalog.lake.flights", "default"), split_name("flights", "lake")
    (('lake', 'flights'), ('lake', 'flights'))
    """
    parts = name.split(".")
    return (parts[-2], parts[-1]) if len(parts) > 1 else (database, parts[-1])


def run(statement: statements.Statement, glue: Any, s3: Any, database: str) -> Rows:
    """Carry the statement out; what it says comes back as lines of text."""
    try:
        return HANDLERS[type(statement)](statement, glue, s3, database)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise QueryError("FAILED", f"Execution Error, return code 1. {code}: {message}") from None


def create_database(statement: statements.Database, glue: Any, s3: Any, database: str) -> Rows:
    entry = {"Name": statement.name}
    entry |= {"LocationUri": statement.location} if statement.location else {}
    entry |= {"Description": statement.comment} if statement.comment else {}
    try:
        glue.create_database(DatabaseInput=entry)
    except glue.exceptions.AlreadyExistsException:
        if not statement.lenient:
            raise
    return Rows(has_header=False)


def change_database(statement: statements.Database, glue: Any, s3: Any, database: str) -> Rows:
    if not statement.drop:
        return create_database(statement, glue, s3, database)
    try:
        tables = glue.get_tables(DatabaseName=statement.name)["TableList"]
    except glue.exceptions.EntityNotFoundException:
        if statement.lenient:
            return Rows(has_header=False)
        raise
    if tables and not statement.cascade:
        raise QueryError("FAILED", f"Database {statement.name} is not empty. One or more tables exist.")
    glue.delete_database(Name=statement.name)
    return Rows(has_header=False)


def create_external(statement: statements.CreateExternalTable, glue: Any, s3: Any, database: str) -> Rows:
    database, name = split_name(statement.name, database)
    try:
        glue.create_table(DatabaseName=database, TableInput=external_input(statement, name))
    except glue.exceptions.AlreadyExistsException:
        if not statement.if_not_exists:
            raise
    return Rows(has_header=False)


def external_input(statement: statements.CreateExternalTable, name: str) -> dict[str, Any]:
    formats = FORMATS.get(statement.stored_as)
    if formats is None:
        known = (*FORMATS.values(), CLOUDTRAIL)
        formats = next((found for found in known if found[0] == statement.stored_as), None)
    if formats is None:
        raise QueryError("NOT_SUPPORTED", f"STORED AS {statement.stored_as}; offline: {', '.join(FORMATS)}")
    serde = {"SerializationLibrary": statement.serde or formats[2], "Parameters": statement.serde_properties}
    return table_input(
        name,
        [column(*parts) for parts in statement.columns],
        [column(*parts) for parts in statement.keys],
        statement.location,
        formats,
        serde,
        {"EXTERNAL": "TRUE"} | statement.properties,
    )


def column(name: str, kind: str, comment: str = "") -> dict[str, str]:
    return {"Name": name, "Type": kind} | ({"Comment": comment} if comment else {})


def table_input(
    name: str,
    columns: list[dict[str, str]],
    keys: list[dict[str, str]],
    location: str,
    formats: tuple[str, str, str],
    serde: dict[str, Any],
    parameters: dict[str, str],
) -> dict[str, Any]:
    """Glue's TableInput of an external table."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": keys,
        "StorageDescriptor": {
            "Columns": columns,
            "Location": location,
            "InputFormat": formats[0],
            "OutputFormat": formats[1],
            "SerdeInfo": serde,
        },
    }


def drop_table(statement: statements.DropTable, glue: Any, s3: Any, database: str) -> Rows:
    """The catalog forgets the table; its objects stay, as on AWS."""
    database, name = split_name(statement.name, database)
    try:
        glue.delete_table(DatabaseName=database, Name=name)
    except glue.exceptions.EntityNotFoundException:
        if not statement.lenient:
            raise
    return Rows(has_header=False)


def repair(statement: statements.Repair, glue: Any, s3: Any, database: str) -> Rows:
    """Add a partition for every folder `key=value/…` that the catalog does not have; none is removed."""
    table = catalog.table(glue, *split_name(statement.name, database))
    known = {partition.values for partition in table.partitions}
    home = table.location.rstrip("/") + "/"
    _, prefix = split_uri(home)
    names = [re.escape(key) for key, _ in table.keys]
    pattern = re.compile("/".join(f"{name}=([^/]+)" for name in names) + "/", re.IGNORECASE)
    found: dict[tuple[str, ...], str] = {}
    for entry in listing(s3, home):
        if match := pattern.match(entry.key[len(prefix) :]):
            found[match.groups()] = f"{home}{match[0]}"
    missing = {values: place for values, place in sorted(found.items()) if values not in known}
    add_partitions(glue, table, missing)
    lines: list[list[str | None]] = [
        [f"Partitions not in metastore: {table.name}:{places(table, values)}"] for values in missing
    ]
    lines += [[f"Repair: Added partition to metastore {table.name}:{places(table, v)}"] for v in missing]
    return Rows(["result"], ["string"], has_header=False, lines=lines)


def places(table: Table, values: tuple[str, ...]) -> str:
    return "/".join(f"{key}={value}" for (key, _), value in zip(table.keys, values, strict=True))


def add_partitions(glue: Any, table: Table, wanted: dict[tuple[str, ...], str]) -> None:
    """Enter partitions that share the table's storage descriptor."""
    names = {"DatabaseName": table.database, "TableName": table.name}
    storage = glue.get_table(DatabaseName=table.database, Name=table.name)["Table"]["StorageDescriptor"]
    entries = [
        {"Values": list(values), "StorageDescriptor": storage | {"Location": place}}
        for values, place in wanted.items()
    ]
    for start in range(0, len(entries), BATCH):
        answer = glue.batch_create_partition(**names, PartitionInputList=entries[start : start + BATCH])
        for error in answer.get("Errors", []):
            detail = error["ErrorDetail"]
            raise QueryError("FAILED", f"{detail['ErrorCode']}: {detail['ErrorMessage']}")


def alter_partitions(statement: statements.Partitions, glue: Any, s3: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    known = {partition.values for partition in table.partitions}
    for given, location in statement.partitions:
        if sorted(given) != sorted(key for key, _ in table.keys):
            message = f"Partition {given} does not name the keys {[key for key, _ in table.keys]}"
            raise QueryError("FAILED", message)
        values = tuple(given[key] for key, _ in table.keys)
        change_partition(statement, glue, table, known, values, location)
    return Rows(has_header=False)


def change_partition(
    statement: statements.Partitions,
    glue: Any,
    table: Table,
    known: set[tuple[str, ...]],
    values: tuple[str, ...],
    location: str,
) -> None:
    if statement.lenient and (values in known) != statement.drop:
        return
    if statement.drop:
        glue.delete_partition(DatabaseName=table.database, TableName=table.name, PartitionValues=list(values))
    else:
        default = f"{table.location.rstrip('/')}/{places(table, values)}/"
        add_partitions(glue, table, {values: location or default})


def show(statement: statements.Show, glue: Any, s3: Any, database: str) -> Rows:
    return SHOWN[statement.what](statement, glue, database)


def show_databases(statement: statements.Show, glue: Any, database: str) -> Rows:
    return listed(
        "database_name", [found["Name"] for found in glue.get_databases()["DatabaseList"]], statement
    )


def show_tables(statement: statements.Show, glue: Any, database: str) -> Rows:
    found = glue.get_tables(DatabaseName=statement.name or database)["TableList"]
    return listed("tab_name", [table["Name"] for table in found], statement)


def listed(title: str, names: list[str], statement: statements.Show) -> Rows:
    """Names that fit the pattern, a regular expression in which `*` is anything."""
    pattern = re.compile(statement.pattern.replace(".*", "*").replace("*", ".*") or ".*")
    lines: list[list[str | None]] = [[name] for name in sorted(names) if pattern.fullmatch(name)]
    return Rows([title], ["string"], has_header=False, lines=lines)


def show_partitions(statement: statements.Show, glue: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    if not table.keys:
        raise QueryError("FAILED", f"Table {table.name} is not a partitioned table")
    lines: list[list[str | None]] = [
        [text] for text in sorted(places(table, found.values) for found in table.partitions)
    ]
    return Rows(["partition"], ["string"], has_header=False, lines=lines)


def show_columns(statement: statements.Show, glue: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    lines: list[list[str | None]] = [[name] for name, _ in (*table.columns, *table.keys)]
    return Rows(["field"], ["string"], has_header=False, lines=lines)


def describe(statement: statements.Show, glue: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    lines: list[list[str | None]] = [[name, kind, ""] for name, kind in (*table.columns, *table.keys)]
    if table.keys:
        lines += [["", "", ""], ["# Partition Information", "", ""], ["# col_name", "data_type", "comment"]]
        lines += [[name, kind, ""] for name, kind in table.keys]
    return Rows(["col_name", "data_type", "comment"], ["string"] * 3, has_header=False, lines=lines)


def show_properties(statement: statements.Show, glue: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    lines: list[list[str | None]] = [[name, value] for name, value in sorted(table.parameters.items())]
    return Rows(["prpt_name", "prpt_value"], ["string"] * 2, has_header=False, lines=lines)


def show_create(statement: statements.Show, glue: Any, database: str) -> Rows:
    table = catalog.table(glue, *split_name(statement.name, database))
    storage = glue.get_table(DatabaseName=table.database, Name=table.name)["Table"]["StorageDescriptor"]
    text = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`(", *declared(table.columns)]
    if table.keys:
        text += ["PARTITIONED BY ( ", *declared(table.keys)]
    text += ["ROW FORMAT SERDE ", f"  '{storage['SerdeInfo']['SerializationLibrary']}' "]
    text += assigned("WITH SERDEPROPERTIES ( ", table.serde)
    text += ["STORED AS INPUTFORMAT ", f"  '{storage['InputFormat']}' "]
    text += ["OUTPUTFORMAT ", f"  '{storage['OutputFormat']}'", "LOCATION", f"  '{table.location}'"]
    text += assigned("TBLPROPERTIES (", table.parameters)
    return Rows(["createtab_stmt"], ["string"], has_header=False, lines=[[line] for line in text])


def declared(columns: tuple[tuple[str, str], ...]) -> list[str]:
    lines = [f"  `{name}` {kind}, " for name, kind in columns]
    return [*lines[:-1], lines[-1].rstrip(", ") + ")"] if lines else [")"]


def assigned(head: str, values: dict[str, str]) -> list[str]:
    lines = [f"  '{name}'='{value}', " for name, value in sorted(values.items())]
    return [head, *lines[:-1], lines[-1].rstrip(", ") + ") "] if lines else []


SHOWN: dict[str, Callable[[statements.Show, Any, str], Rows]] = {
    "DATABASES": show_databases,
    "TABLES": show_tables,
    "PARTITIONS": show_partitions,
    "COLUMNS": show_columns,
    "TBLPROPERTIES": show_properties,
    "CREATE TABLE": show_create,
    "DESCRIBE": describe,
}
HANDLERS: dict[type[statements.Statement], Callable[..., Rows]] = {
    statements.Database: change_database,
    statements.CreateExternalTable: create_external,
    statements.DropTable: drop_table,
    statements.Repair: repair,
    statements.Partitions: alter_partitions,
    statements.Show: show,
}
