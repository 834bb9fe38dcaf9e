"""JSON records to Parquet or ORC by a Glue table's schema, no record ever lost.

Whole batches go through pyarrow's JSON reader. It is stricter than the SerDes of Firehose, so a batch
that it refuses is halved until what it refuses is small, and that is read record by record; a record
that fails there is a failure of its own. The bulk reader is also never asked what it would read
differently: keys that match a column in another case, and columns with a rename or a time format.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.orc as po
import pyarrow.parquet as pq

from offline.engines.firehose import hive
from offline.engines.firehose.record import Failure, Item, base64_text

# Below this many records, reading them one by one costs less than another attempt in bulk.
SMALL_BATCH = 16


@dataclass(frozen=True)
class Deserializer:
    """How JSON keys and times are read."""

    schema: pa.Schema
    case_insensitive: bool = True
    dots_to_underscores: bool = False
    mappings: dict[str, str] = field(default_factory=dict)
    """Column → JSON key, where they differ."""
    formats: list[str] = field(default_factory=list)

    @property
    def bulk(self) -> bool:
        """Whether the bulk reader reads what this deserializer would."""
        plain = not (self.dots_to_underscores or self.mappings or self.formats)
        return plain and all(_reads_in_bulk(field.type) for field in self.schema)

    def row(self, text: bytes) -> list[dict[str, Any]]:
        """The documents of one record, as rows; ValueError where one does not fit the schema."""
        return [self._row(document) for document in documents(text)]

    def _row(self, document: Any) -> dict[str, Any]:
        if not isinstance(document, dict):
            raise ValueError(f"Data is not a JSON object: {json.dumps(document)[:100]}")
        if self.dots_to_underscores:
            document = {key.replace(".", "_"): found for key, found in document.items()}
        if self.case_insensitive:
            document = {key.lower(): found for key, found in document.items()}
        return {f.name: self._cell(f, document) for f in self.schema}

    def _cell(self, column: pa.Field, document: dict[str, Any]) -> Any:
        key = self.mappings.get(column.name, column.name)
        found = document.get(key.lower() if self.case_insensitive else key)
        try:
            return hive.value(found, column.type, self.formats)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"Error parsing column {column.name}: {error}") from None


def _reads_in_bulk(kind: pa.DataType) -> bool:
    """Nested keys cannot be checked for their case in bulk; binary and date have a text form of their own."""
    nested = pa.types.is_nested(kind)
    return not (nested or pa.types.is_binary(kind) or pa.types.is_date(kind) or pa.types.is_decimal(kind))


def documents(text: bytes) -> list[Any]:
    """The JSON documents of a record: one, or several one after the other.

    >>> documents(b'{"a": 1} {"a": 2}')
    [{'a': 1}, {'a': 2}]
    """
    decoder, content, found = json.JSONDecoder(), text.decode().strip(), []
    position = 0
    while position < len(content):
        document, position = decoder.raw_decode(content, position)
        found.append(document)
        while position < len(content) and content[position].isspace():
            position += 1
    if not found:
        raise ValueError("The record is empty")
    return found


def table_of(
    items: list[Item], reader: Deserializer, extra: dict[str, Any]
) -> tuple[list[pa.Table], list[Item], list[Failure]]:
    """The rows, the items that gave them, and the failures of those that did not."""
    if reader.bulk and len(items) > SMALL_BATCH:
        table = _read_in_bulk(items, reader)
        if table is not None:
            return [table], items, []
        middle = len(items) // 2
        first = table_of(items[:middle], reader, extra)
        second = table_of(items[middle:], reader, extra)
        return first[0] + second[0], first[1] + second[1], first[2] + second[2]
    return _read_one_by_one(items, reader, extra)


def _read_in_bulk(items: list[Item], reader: Deserializer) -> pa.Table | None:
    lines = b"\n".join([item.data.strip() for item in items])
    if b"\n\n" in lines or lines[:1] == b"\n" or lines[-1:] == b"\n":
        return None
    options = pj.ParseOptions(explicit_schema=reader.schema, unexpected_field_behavior="infer")
    block = pj.ReadOptions(use_threads=False, block_size=max(len(lines) + 1, 1024))
    try:
        table = pj.read_json(BytesIO(lines), read_options=block, parse_options=options)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    columns = set(reader.schema.names)
    alike = any(name.lower() in columns for name in table.column_names if name not in columns)
    if table.num_rows != len(items) or lines.count(b"\n") != len(items) - 1 or alike:
        return None
    return table.select(reader.schema.names)


def _read_one_by_one(
    items: list[Item], reader: Deserializer, extra: dict[str, Any]
) -> tuple[list[pa.Table], list[Item], list[Failure]]:
    rows: list[dict[str, Any]] = []
    good: list[Item] = []
    failures: list[Failure] = []
    for item in items:
        try:
            found = reader.row(item.data)
            pa.Table.from_pylist(found, reader.schema)
        except (ValueError, pa.ArrowException) as error:
            failures.append(_failure(item, error, extra))
        else:
            rows += found
            good.append(item)
    return ([pa.Table.from_pylist(rows, reader.schema)] if rows else []), good, failures


def _failure(item: Item, error: Exception, extra: dict[str, Any]) -> Failure:
    malformed = isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
    code = "DataFormatConversion.ParseError" if malformed else "DataFormatConversion.InvalidSchema"
    message = f"Encountered malformed JSON. {error}" if malformed else str(error)
    details = {"sequenceNumber": item.id, "subSequenceNumber": 0, **extra}
    return Failure(
        item.arrived_ms, base64_text(item.data), code, message, "format-conversion-failed", details
    )


@dataclass(frozen=True)
class Serializer:
    """The columnar form and its options, as the API names them."""

    kind: str
    options: dict[str, Any]

    @property
    def extension(self) -> str:
        return f".{self.kind}"

    def write(self, table: pa.Table) -> bytes:
        """The table as one file; timestamps are INT96 in Parquet, as Hive's writer has them."""
        sink = BytesIO()
        if self.kind == "orc":
            po.write_table(table, sink, **self.options)
        else:
            pq.write_table(table, sink, use_deprecated_int96_timestamps=True, **self.options)
        return sink.getvalue()
