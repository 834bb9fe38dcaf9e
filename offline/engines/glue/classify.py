"""Formats and schemas, read out of the beginning or the footer of an object.

Like Glue's crawlers, which sample, this reads no more than the first MiB of text and the footer of
columnar files. Avro and XML are not read: such objects are UNKNOWN, with the reason in the crawl's log.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq

from offline.engines.glue.schema import Columns, json_type, merge, merge_types, type_of

HEAD = 1024 * 1024
TAIL = 64 * 1024
DELIMITERS = ",|\t;\x01"
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Class:
    """What one object is: classification, columns, and what its SerDe must know."""

    name: str
    columns: Columns = field(default_factory=dict)
    compression: str = "none"
    delimiter: str = ""
    has_header: bool = False
    quoted: bool = False
    records: int | None = None
    record_bytes: float = 0.0
    reason: str = ""

    @property
    def kind(self) -> tuple[str, str, str]:
        """Objects of one table agree in this."""
        return self.name, self.compression, self.delimiter


class Reader:
    """Ranges of one object, as the crawler's role may read it; an object read whole is not fetched again."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        self._s3, self._bucket, self.key, self.size = s3, bucket, key, size
        self._body = b""

    def range(self, start: int, stop: int) -> bytes:
        start, stop = max(0, start), min(stop, self.size)
        if self._body:
            return self._body[start:stop]
        answer = self._s3.get_object(Bucket=self._bucket, Key=self.key, Range=f"bytes={start}-{stop - 1}")
        found = bytes(answer["Body"].read())
        if stop - start == self.size:
            self._body = found
        return found

    def whole(self) -> bytes:
        return self.range(0, self.size)


def classify(reader: Reader) -> Class:
    """The object's class; one that cannot be read as what it begins as is UNKNOWN."""
    head = reader.range(0, HEAD if reader.size <= HEAD else TAIL)
    try:
        if head[:4] == b"PAR1" or (reader.key.endswith(".parquet") and reader.size):
            return parquet(reader)
        if head[:3] == b"ORC":
            return columns_of(orc.ORCFile(io.BytesIO(reader.whole())).schema, "orc")
    except (pa.ArrowException, OSError) as error:
        return Class(UNKNOWN, reason=f"not readable as Parquet or ORC: {str(error).splitlines()[0]}")
    if head[:4] == b"Obj\x01":
        return Class(UNKNOWN, reason="Avro is not read by the offline crawler")
    return text(reader, head)


def parquet(reader: Reader) -> Class:
    """By the footer alone, fetched from the object's end."""
    tail = reader.range(reader.size - TAIL, reader.size)
    if tail[-4:] == b"PAR1":
        wanted = int.from_bytes(tail[-8:-4], "little") + 8
        if wanted > len(tail):
            tail = reader.range(reader.size - wanted, reader.size)
        tail = b"PAR1" + tail if len(tail) < reader.size else tail
    metadata = pq.read_metadata(io.BytesIO(tail))
    found = columns_of(metadata.schema.to_arrow_schema(), "parquet")
    codec = metadata.row_group(0).column(0).compression if metadata.num_row_groups else "NONE"
    names = {"UNCOMPRESSED": "none", "NONE": "none"}
    size = reader.size / metadata.num_rows if metadata.num_rows else 0.0
    return Class(
        "parquet", found.columns, names.get(codec, "none"), records=metadata.num_rows, record_bytes=size
    )


def columns_of(schema: pa.Schema, name: str) -> Class:
    return Class(name, {entry.name.lower(): hive_type(entry.type) for entry in schema})


def hive_type(kind: pa.DataType) -> str:
    """Hive's name of an Arrow type.

    >>> hive_type(pa.list_(pa.int32())), hive_type(pa.timestamp("us"))
    ('array<int>', 'timestamp')
    """
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ",".join(f"{entry.name.lower()}:{hive_type(entry.type)}" for entry in kind) + ">"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = (
        ("timestamp", "timestamp"), ("date", "date"), ("int8", "tinyint"), ("int16", "smallint"),
        ("int32", "int"), ("int64", "bigint"), ("uint8", "smallint"), ("uint16", "int"),
        ("uint32", "bigint"), ("uint64", "bigint"), ("float", "float"), ("double", "double"),
        ("bool", "boolean"), ("large_binary", "binary"), ("binary", "binary"),
    )  # fmt: skip
    return next((hive for prefix, hive in names if str(kind).startswith(prefix)), "string")


def text(reader: Reader, head: bytes) -> Class:
    compression = "none"
    if head[:2] == b"\x1f\x8b":
        compression = "gzip"
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD)
        except zlib.error as error:
            return Class(UNKNOWN, reason=f"not readable as gzip: {error}")
    try:
        body = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return Class(UNKNOWN, reason="neither Parquet, ORC, JSON nor text")
        body = head[: error.start].decode("utf-8")
    whole = compression == "none" and reader.size <= len(head)
    lines = body.splitlines() if whole or body.count("\n") < 1 else body[: body.rindex("\n")].splitlines()
    lines = [line for line in lines if line.strip()]
    if not lines:
        return Class(UNKNOWN, reason="empty")
    return json_lines(lines, compression) or delimited(lines, compression)


def json_lines(lines: list[str], compression: str) -> Class | None:
    """JSON, one object a line; None where the first line is none."""
    if not lines[0].lstrip().startswith("{"):
        return None
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            return Class(UNKNOWN, compression=compression, reason=f"not JSON: {line[:80]}")
        rows.append({name.lower(): json_type(value) for name, value in row.items()})
    columns = {name: kind or "string" for name, kind in merge(rows).items()}
    return Class("json", columns, compression, records=len(rows), record_bytes=mean_length(lines))


def mean_length(lines: list[str]) -> float:
    return sum(len(line.encode()) + 1 for line in lines) / len(lines)


def delimited(lines: list[str], compression: str) -> Class:
    """CSV with the delimiter that cuts every line into as many parts; line one may name the columns."""
    for delimiter in DELIMITERS:
        rows = list(csv.reader(lines, delimiter=delimiter))
        if len(rows[0]) > 1 and len({len(row) for row in rows}) == 1:
            return table(rows, lines, delimiter, compression)
    return Class(
        UNKNOWN, compression=compression, reason="no delimiter splits every line into as many columns"
    )


def table(rows: list[list[str]], lines: list[str], delimiter: str, compression: str) -> Class:
    header = is_header(rows)
    body = rows[1:] if header else rows
    names = [name.strip().lower() for name in rows[0]] if header else [f"col{i}" for i in range(len(rows[0]))]
    columns: Columns = {}
    for name, values in zip(names, zip(*body, strict=True), strict=True):
        kind = ""
        for value in values:
            kind = merge_types(kind, type_of(value))
            if kind == "string":
                break
        columns[name] = "string" if kind in ("date", "timestamp") else kind or "string"
    quoted = any('"' in line for line in lines)
    return Class(
        "csv",
        columns,
        compression,
        delimiter,
        header,
        quoted,
        records=len(body),
        record_bytes=mean_length(lines),
    )


def is_header(rows: list[list[str]]) -> bool:
    """Glue's rule: names in every column, all different, and some column below that is not text."""
    first = rows[0]
    if len(rows) < 2 or any(type_of(name) != "string" or len(name) > 150 for name in first):
        return False
    if len(set(first)) != len(first):
        return False
    return any(type_of(value) not in ("", "string") for row in rows[1:] for value in row) or all(
        name.replace("_", "").isalnum() and name == name.lower() for name in first
    )
