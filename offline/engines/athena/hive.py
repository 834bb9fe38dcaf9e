"""Types as the catalog writes them (Hive), as DuckDB runs them and as Athena reports them.

>>> duckdb_type("struct<a:int,b:array<decimal(5,2)>>")
'STRUCT("a" INTEGER, "b" DECIMAL(5,2)[])'
>>> athena_type("DECIMAL(5,2)"), athena_type("INTEGER[]"), hive_type("DOUBLE")
('decimal', 'array', 'double')
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from offline.engines.athena.errors import QueryError, unsupported

PRIMITIVES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}
REPORTED = {
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "UINTEGER": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "BLOB": "varbinary",
    "JSON": "json",
    "UUID": "uuid",
    "INTERVAL": "interval day to second",
    '"NULL"': "unknown",
}
INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint")


def split(inner: str, mark: str = ",") -> Iterator[str]:
    """The parts between marks that stand outside of every bracket and quote.

    >>> list(split("a:int,b:map<string,int>"))
    ['a:int', 'b:map<string,int>']
    """
    depth, quote, part = 0, False, ""
    for letter in inner:
        quote ^= letter == "'"
        depth += 0 if quote else (letter in "<(") - (letter in ">)")
        if letter == mark and depth == 0 and not quote:
            yield part.strip()
            part = ""
        else:
            part += letter
    if part.strip():
        yield part.strip()


def duckdb_type(hive: str) -> str:
    """DuckDB's type for a Hive type of the catalog."""
    name = hive.strip().lower()
    if decimal := re.fullmatch(r"decimal(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?", name):
        return f"DECIMAL({decimal[1] or 10},{decimal[2] or 0})"
    if "<" in name and name.endswith(">"):
        return nested_type(name)
    try:
        return PRIMITIVES[name.split("(")[0]]
    except KeyError:
        raise QueryError("HIVE_INVALID_METADATA", f"Type {hive!r} is not a type of Hive") from None


def nested_type(name: str) -> str:
    kind, inner = name[: name.index("<")], name[name.index("<") + 1 : -1]
    if kind == "array":
        return f"{duckdb_type(inner)}[]"
    if kind == "map":
        key, value = split(inner)
        return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
    fields = [part.split(":", 1) for part in split(inner)]
    return f"STRUCT({', '.join(f'{quoted(key.strip())} {duckdb_type(value)}' for key, value in fields)})"


def athena_type(duckdb: str) -> str:
    """The type Athena's API reports for a column that DuckDB calls so."""
    if duckdb.endswith("[]"):
        return "array"
    for prefix, reported in (("DECIMAL", "decimal"), ("MAP", "map"), ("STRUCT", "row")):
        if duckdb.startswith(prefix):
            return reported
    if duckdb not in REPORTED:
        raise unsupported(f"results of DuckDB's type {duckdb}")
    return REPORTED[duckdb]


def hive_type(duckdb: str) -> str:
    """The catalog's type of a column that a CTAS query makes."""
    if duckdb.endswith("[]"):
        return f"array<{hive_type(duckdb[:-2])}>"
    if duckdb.startswith("DECIMAL"):
        return duckdb.lower()
    names = {"integer": "int", "varchar": "string", "varbinary": "binary"}
    reported = athena_type(duckdb)
    if reported in ("map", "row", "json", "uuid", "time", "unknown") or " " in reported:
        raise unsupported(f"tables with a column of type {reported}")
    return names.get(reported, reported)


def quoted(name: str) -> str:
    """An identifier in double quotes.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string in single quotes.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
