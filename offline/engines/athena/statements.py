"""What a query string asks for: one dataclass for each statement that the engine runs.

Statements of Athena that are not here (views, Iceberg, EXPLAIN, federated queries, …) are refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Statement:
    type: ClassVar[str] = "DDL"
    substatement: ClassVar[str] = ""


@dataclass(frozen=True)
class Select(Statement):
    type = "DML"
    substatement = "SELECT"
    query: str


@dataclass(frozen=True)
class Unload(Statement):
    type = "DML"
    substatement = "UNLOAD"
    query: str
    to: str
    options: dict[str, str | list[str]]


@dataclass(frozen=True)
class CreateTableAs(Statement):
    substatement = "CREATE_TABLE_AS_SELECT"
    name: str
    query: str
    options: dict[str, str | list[str]]
    if_not_exists: bool = False
    with_data: bool = True


@dataclass(frozen=True)
class Insert(Statement):
    type = "DML"
    substatement = "INSERT"
    name: str
    columns: list[str]
    query: str


@dataclass(frozen=True)
class CreateExternalTable(Statement):
    substatement = "CREATE_TABLE"
    name: str
    columns: list[tuple[str, str, str]]
    keys: list[tuple[str, str, str]]
    location: str
    stored_as: str = "TEXTFILE"
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    if_not_exists: bool = False


@dataclass(frozen=True)
class Database(Statement):
    """CREATE or DROP DATABASE; `lenient` is IF [NOT] EXISTS."""

    substatement = "DATABASE"
    name: str
    drop: bool
    lenient: bool
    cascade: bool = False
    location: str = ""
    comment: str = ""


@dataclass(frozen=True)
class DropTable(Statement):
    substatement = "DROP_TABLE"
    name: str
    lenient: bool


@dataclass(frozen=True)
class Repair(Statement):
    substatement = "MSCK_REPAIR"
    name: str


@dataclass(frozen=True)
class Partitions(Statement):
    """ALTER TABLE ADD or DROP PARTITION: values by key, and a location or none."""

    substatement = "ALTER_TABLE"
    name: str
    drop: bool
    lenient: bool
    partitions: list[tuple[dict[str, str], str]]


@dataclass(frozen=True)
class Show(Statement):
    """SHOW TABLES, DATABASES, PARTITIONS, COLUMNS, CREATE TABLE, TBLPROPERTIES; DESCRIBE."""

    type = "UTILITY"
    what: str
    name: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE name USING …: the engine puts the prepared statement in its place."""

    type = "DML"
    name: str
    parameters: list[str]


@dataclass(frozen=True)
class Prepare(Statement):
    """PREPARE name FROM query; without a query, DEALLOCATE."""

    name: str
    query: str = ""
