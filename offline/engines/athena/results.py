"""Rows as Athena writes them: `<id>.csv` with every value quoted, and pages of the API.

NULL is an unquoted nothing, a boolean `true`, a double what Java prints, a timestamp has milliseconds.
Differs from Athena: no `.csv.metadata` beside the file; the type of a division of decimals is double.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from offline.engines.athena.hive import athena_type, literal, quoted, split
from offline.engines.athena.lake import Lake


@dataclass
class Rows:
    """A result: Athena's column names and types, DuckDB's types, values as typed and as printed."""

    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    typed: pa.Table | None = None
    printed: pa.Table | None = None
    has_header: bool = True
    lines: list[list[str | None]] = field(default_factory=list)

    def count(self) -> int:
        return len(self.lines) if self.printed is None else self.printed.num_rows

    def page(self, start: int, stop: int) -> list[list[str | None]]:
        """Printed rows; row 0 is the header of a SELECT."""
        first = 1 if self.has_header else 0
        head: list[list[str | None]] = [list(self.names)] if self.has_header and start == 0 else []
        start, stop = max(0, start - first), max(0, stop - first)
        if self.printed is None:
            return head + self.lines[start:stop]
        columns = [column.to_pylist() for column in self.printed.slice(start, stop - start).columns]
        return head + [list(row) for row in zip(*columns, strict=True)]


def column_names(names: list[str], given: list[str | None]) -> list[str]:
    """DuckDB's names where none is given; Athena calls a column without a name `_col<position>`.

    >>> column_names(["A", "(b[1]).c", "count_star()"], [None, "c", ""])
    ['a', 'c', '_col2']
    """
    return [
        (name if told is None else told).lower() or f"_col{index}"
        for index, (name, told) in enumerate(zip(names, given, strict=True))
    ]


def run(lake: Lake, sql: str, types: list[str]) -> pa.Table:
    """The query's rows as an Arrow table with columns c0, c1, …; what Athena calls bigint is 64 bits wide."""
    columns = [f"c{index}" for index in range(len(types))]
    wide = ("HUGEINT", "UBIGINT", "UINTEGER")
    values = [
        f"CAST({c} AS BIGINT) AS {c}" if kind in wide else c for c, kind in zip(columns, types, strict=True)
    ]
    wrapped = f"SELECT {', '.join(values)} FROM ({sql}) AS r({', '.join(columns)})"
    return lake.connection.sql(wrapped).to_arrow_table()


def printed(lake: Lake, rows: Rows) -> pa.Table:
    """The same rows, every value as the text Athena prints."""
    return query_over(lake, rows.typed, printing(rows))


def printing(rows: Rows) -> str:
    columns = [f"{text_of(f'c{index}', kind)} AS c{index}" for index, kind in enumerate(rows.types)]
    return f"SELECT {', '.join(columns)} FROM athena_rows"


def query_over(lake: Lake, table: pa.Table | None, sql: str) -> pa.Table:
    lake.connection.register("athena_rows", table)
    try:
        return lake.connection.sql(sql).to_arrow_table()
    finally:
        lake.connection.unregister("athena_rows")


def text_of(value: str, kind: str) -> str:
    """SQL that prints a value of a DuckDB type as Athena does."""
    if kind.endswith("[]"):
        return nullable(value, f"'[' || {joined(value, kind[:-2])} || ']'")
    if kind.startswith("MAP("):
        return nullable(value, map_text(value, kind))
    if kind.startswith("STRUCT("):
        return nullable(value, struct_text(value, kind))
    if kind in ("DOUBLE", "FLOAT"):
        return f"athena_float({value})"
    if kind.startswith("TIMESTAMP"):
        zone = " || ' UTC'" if kind.endswith("ZONE") else ""
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S.%g'){zone}"
    if kind == "BLOB":
        return f"trim(regexp_replace(lower(hex({value})), '(..)', '\\1 ', 'g'))"
    if kind == '"NULL"':
        return "CAST(NULL AS VARCHAR)"
    return f"CAST({value} AS VARCHAR)"


def nullable(value: str, text: str) -> str:
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE {text} END"


def joined(value: str, element: str) -> str:
    item = f"coalesce({text_of('x', element)}, 'null')"
    return f"array_to_string(list_transform({value}, LAMBDA x : {item}), ', ')"


def map_text(value: str, kind: str) -> str:
    key, item = split(kind[4:-1])
    pair = f"{text_of('x.key', key)} || '=' || coalesce({text_of('x.value', item)}, 'null')"
    entries = f"list_transform(map_entries({value}), LAMBDA x : {pair})"
    return f"'{{' || array_to_string({entries}, ', ') || '}}'"


def struct_text(value: str, kind: str) -> str:
    fields = [part.split(" ", 1) for part in split(kind[7:-1])]
    parts = [field_text(value, name.strip().strip('"'), inner) for name, inner in fields]
    return "'{' || " + " || ', ' || ".join(parts) + " || '}'"


def field_text(value: str, name: str, kind: str) -> str:
    return f"{literal(name + '=')} || coalesce({text_of(f'{value}.{quoted(name)}', kind)}, 'null')"


def csv_bytes(lake: Lake, rows: Rows) -> bytes:
    """The result file: header and values in quotes, NULL as nothing."""
    path = lake.scratch("result.csv")
    renamed = ", ".join(f"c{index} AS {quoted(name)}" for index, name in enumerate(unique(rows.names)))
    lake.connection.register("athena_rows", rows.printed)
    try:
        lake.connection.execute(
            f"COPY (SELECT {renamed} FROM athena_rows) TO {literal(str(path))}"
            " (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '', QUOTE '\"', ESCAPE '\"', DELIMITER ',')"
        )
    finally:
        lake.connection.unregister("athena_rows")
    head = ",".join('"' + name.replace('"', '""') + '"' for name in rows.names)
    return f"{head}\n".encode() + path.read_bytes()


def unique(names: list[str]) -> list[str]:
    """COPY wants distinct names; the header is written apart."""
    return [f"{index}{name}" for index, name in enumerate(names)]


def text_bytes(rows: Rows) -> bytes:
    """The result file of a utility statement: tabs between values, no header."""
    return "".join("\t".join(value or "" for value in line) + "\n" for line in rows.lines).encode()


def metadata(rows: Rows) -> list[dict[str, Any]]:
    """ColumnInfo of each column, as GetQueryResults gives it."""
    kinds = [kind if kind.islower() else athena_type(kind) for kind in rows.types]
    return [
        column_info(name, kind, raw) for name, kind, raw in zip(rows.names, kinds, rows.types, strict=True)
    ]


def column_info(name: str, kind: str, raw: str) -> dict[str, Any]:
    precision, scale = PRECISION.get(kind, 0), 0
    if kind == "decimal":
        precision, scale = (int(part) for part in raw[8:-1].split(","))
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in ("varchar", "char", "string"),
    }


PRECISION = {
    "varchar": 2147483647,
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}
