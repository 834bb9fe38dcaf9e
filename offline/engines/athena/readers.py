"""How DuckDB reads each kind of table as its SerDe would."""

from __future__ import annotations

from collections.abc import Sequence

from offline.engines.athena.catalog import Table
from offline.engines.athena.errors import QueryError
from offline.engines.athena.hive import INTEGERS, duckdb_type, literal, quoted
from offline.engines.athena.objects import File, pattern_of

NEVER = "\ufdd0"
"""A noncharacter, which no text file holds: switches DuckDB's null string off."""


def select(table: Table, paths: Sequence[str], files: Sequence[File]) -> str:
    """A SELECT of the table's columns and keys; without files, of no rows."""
    if not paths:
        empty = [f"CAST(NULL AS {duckdb_type(kind)}) AS {quoted(name)}" for name, kind in columns(table)]
        return f"SELECT {', '.join(empty)}"
    kinds = {"__table": "VARCHAR"} | {name: duckdb_type(kind) for name, kind in table.keys}
    hive = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in kinds.items())
    source = READERS[table.reader](table, files)
    listed = ", ".join(literal(path) for path in paths)
    made = [expression(table, name, kind, files, index) for index, (name, kind) in enumerate(table.columns)]
    made += [quoted(name) for name, _ in table.keys]
    reading = f"{source[0]}([{listed}], hive_partitioning = true, hive_types = {{{hive}}}{source[1]})"
    return f"SELECT {', '.join(made)} FROM {reading}"


def columns(table: Table) -> tuple[tuple[str, str], ...]:
    return (*table.columns, *table.keys)


def expression(table: Table, name: str, hive: str, files: Sequence[File], index: int) -> str:
    kind, column = duckdb_type(hive), quoted(name)
    if table.reader in ("parquet", "orc"):
        value = columnar_value(table, name, hive, files)
    elif table.reader == "text" and kind != "VARCHAR":
        # DuckDB moves a bare TRY_CAST into its CSV reader, where it fails instead of being NULL.
        value = f"TRY_CAST(trim({column}) AS {kind})"
    elif table.reader == "regex":
        value = f"TRY_CAST(c{index} AS {kind})"
    elif table.reader == "csv":
        value = opencsv_value(column, kind)
    else:
        value = column
    return f"{value} AS {column}"


def columnar_value(table: Table, name: str, hive: str, files: Sequence[File]) -> str:
    """By name, as Athena reads Parquet; a column that no file has is NULL, one of another type an error."""
    kind = duckdb_type(hive)
    for file in files:
        stored = file.types.get(name)
        if stored is not None and not fits(stored, hive):
            message = (
                f"HIVE_BAD_DATA: Field {name}'s type {stored} in {file.object.uri} is incompatible with "
            )
            message += f"type {hive} defined in table schema"
            return f"CAST(error({literal(message)}) AS {kind})"
    if not any(name in file.types for file in files):
        return f"CAST(NULL AS {kind})"
    return f"CAST({quoted(name)} AS {kind})"


def fits(stored: str, hive: str) -> bool:
    """Whether Athena reads this Arrow type as that Hive type.

    >>> fits("int32", "bigint"), fits("double", "int"), fits("timestamp[us]", "timestamp")
    (True, False, True)
    """
    wanted = hive.lower().split("(")[0].split("<")[0]
    if wanted in INTEGERS:
        widths = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 2, "uint16": 4, "uint32": 8}
        return widths.get(stored, 9) <= {"tinyint": 1, "smallint": 2, "bigint": 8}.get(wanted, 4) or (
            wanted in ("tinyint", "smallint") and stored == "int32"
        )
    families = {
        "double": ("double", "float"),
        "float": ("float",),
        "boolean": ("bool",),
        "string": ("string", "large_string", "dictionary", "binary"),
        "varchar": ("string", "large_string", "dictionary", "binary"),
        "char": ("string", "large_string", "dictionary", "binary"),
        "date": ("date32",),
        "timestamp": ("timestamp",),
        "decimal": ("decimal",),
        "binary": ("binary", "fixed_size_binary", "string"),
        "array": ("list",),
        "map": ("map",),
        "struct": ("struct",),
    }
    return stored.startswith(families[wanted])


def opencsv_value(column: str, kind: str) -> str:
    """OpenCSVSerde counts dates in days and timestamps in milliseconds since 1970."""
    if kind == "DATE":
        return f"DATE '1970-01-01' + CAST({column} AS INTEGER)"
    if kind == "TIMESTAMP":
        return f"epoch_ms(CAST({column} AS BIGINT))"
    return column if kind == "VARCHAR" else f"CAST({column} AS {kind})"


def parquet(table: Table, files: Sequence[File]) -> tuple[str, str]:
    same = all(file.types == files[0].types for file in files)
    return "read_parquet", "" if same else ", union_by_name = true"


def text(table: Table, files: Sequence[File]) -> tuple[str, str]:
    """LazySimpleSerDe: no quotes, `\\N` is NULL, lines may be short or long."""
    delimiter = table.serde.get("field.delim") or table.serde.get("serialization.format") or "\x01"
    null = table.serde.get("serialization.null.format", "\\N")
    options = f", delim = {literal(delimiter)}, quote = '', escape = '', nullstr = {literal(null)}"
    return "read_csv", options + csv_options(table)


def csv(table: Table, files: Sequence[File]) -> tuple[str, str]:
    """OpenCSVSerde: quoted values, no NULL; every value is a string before it is cast."""
    separator = table.serde.get("separatorChar", ",")
    quote = table.serde.get("quoteChar", '"')
    options = f", delim = {literal(separator)}, quote = {literal(quote)}, escape = {literal(quote)}"
    return "read_csv", f"{options}, nullstr = {literal(NEVER)}{csv_options(table)}"


def csv_options(table: Table) -> str:
    kinds = ", ".join(f"{literal(name)}: 'VARCHAR'" for name, _ in table.columns)
    return (
        f", header = false, skip = {table.header_lines}, columns = {{{kinds}}}, auto_detect = false"
        ", null_padding = true, strict_mode = false"
    )


def json(table: Table, files: Sequence[File]) -> tuple[str, str]:
    kinds = ", ".join(f"{literal(name)}: {literal(duckdb_type(kind))}" for name, kind in table.columns)
    lenient = table.serde.get("ignore.malformed.json", "false").lower() == "true"
    ignore = ", ignore_errors = true" if lenient else ""
    return "read_json", f", format = 'newline_delimited', columns = {{{kinds}}}{ignore}"


def regex(table: Table, files: Sequence[File]) -> tuple[str, str]:
    """RegexSerDe: as many groups as columns."""
    if pattern_of(table.serde).groups != len(table.columns):
        raise QueryError("HIVE_CURSOR_ERROR", "Number of matching groups doesn't match the number of columns")
    return "read_parquet", ""


READERS = {
    "parquet": parquet,
    "orc": parquet,
    "text": text,
    "csv": csv,
    "json": json,
    "cloudtrail": json,
    "regex": regex,
}
