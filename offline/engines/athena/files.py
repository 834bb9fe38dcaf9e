"""Data that UNLOAD, CREATE TABLE AS and INSERT INTO leave in S3.

One file for each partition written (Athena writes several in parallel), named by time and query.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.orc as orc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from offline.clock import clock
from offline.engines.athena import results
from offline.engines.athena.errors import QueryError
from offline.engines.athena.hive import literal
from offline.engines.athena.lake import NULL_PARTITION, Lake
from offline.engines.athena.objects import split_uri
from offline.engines.athena.results import Rows

PARTITIONS_HIGHEST = 100
CODECS = {
    "PARQUET": {"NONE": "NONE", "GZIP": "GZIP", "SNAPPY": "SNAPPY", "ZSTD": "ZSTD", "LZ4": "LZ4"},
    "ORC": {"NONE": "uncompressed", "GZIP": "zlib", "ZLIB": "zlib", "SNAPPY": "snappy", "ZSTD": "zstd"},
    "TEXTFILE": {"NONE": "none", "GZIP": "gzip"},
    "JSON": {"NONE": "none", "GZIP": "gzip"},
}
"""Compressions of each format that can be written here."""


@dataclass(frozen=True)
class Layout:
    """How to write: format, compression, delimiter of text, and partition columns, which come last."""

    format: str
    compression: str
    delimiter: str = "\x01"
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.format not in CODECS:
            allowed = ", ".join(CODECS)
            raise QueryError("NOT_SUPPORTED", f"format {self.format!r}; offline these are written: {allowed}")
        if self.compression not in CODECS[self.format]:
            allowed = ", ".join(CODECS[self.format])
            message = (
                f"compression {self.compression!r} of {self.format}; offline these are written: {allowed}"
            )
            raise QueryError("NOT_SUPPORTED", message)

    @property
    def suffix(self) -> str:
        return ".gz" if self.format in ("TEXTFILE", "JSON") and self.compression == "GZIP" else ""


@dataclass(frozen=True)
class Written:
    uri: str
    values: tuple[str, ...]
    folder: str


def write(
    lake: Lake, s3: Any, rows: Rows, layout: Layout, to: str, query_id: str, put: dict[str, Any]
) -> list[Written]:
    """Write the rows below a location; the rows of each partition into its folder."""
    written: list[Written] = []
    for values, part in parts(lake, rows, layout):
        folder = to + "".join(
            f"{key}={quote(value, safe='')}/" for key, value in zip(layout.keys, values, strict=True)
        )
        uri = f"{folder}{clock.now():%Y%m%d_%H%M%S}_{len(written):05d}_{query_id}{layout.suffix}"
        bucket, key = split_uri(uri)
        s3.put_object(Bucket=bucket, Key=key, Body=encoded(lake, part, layout), **put)
        written.append(Written(uri, values, folder))
    return written


def refuse_used(s3: Any, location: str) -> None:
    """Athena writes only into an empty place."""
    bucket, prefix = split_uri(location)
    try:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except ClientError as error:
        raise QueryError("HIVE_METASTORE_ERROR", f"Cannot write to {location}: {error}") from None
    if found.get("KeyCount"):
        raise QueryError(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{location}' already exists"
        )


def parts(lake: Lake, rows: Rows, layout: Layout) -> Iterator[tuple[tuple[str, ...], Rows]]:
    """The rows of each partition without its key columns."""
    assert rows.typed is not None
    if not layout.keys:
        if rows.typed.num_rows:
            yield (), rows
        return
    if rows.names[-len(layout.keys) :] != layout.keys:
        message = f"Partition keys must be the last columns in the table and in the same order: {layout.keys}"
        raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", message)
    kept = len(rows.names) - len(layout.keys)
    values = [f"coalesce(c{index}, {literal(NULL_PARTITION)})" for index in range(kept, len(rows.names))]
    marks = results.query_over(
        lake,
        results.printed(lake, rows),
        f"SELECT {', '.join(f'{v} AS k{i}' for i, v in enumerate(values))} FROM athena_rows",
    )
    found: dict[tuple[str, ...], list[int]] = {}
    for index, mark in enumerate(zip(*(column.to_pylist() for column in marks.columns), strict=True)):
        found.setdefault(mark, []).append(index)
    if len(found) > PARTITIONS_HIGHEST:
        message = f"Exceeded limit of {PARTITIONS_HIGHEST} open writers for partitions/buckets"
        raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
    for mark in sorted(found):
        table = rows.typed.select(list(range(kept))).take(found[mark])
        yield mark, Rows(rows.names[:kept], rows.types[:kept], table)


def encoded(lake: Lake, rows: Rows, layout: Layout) -> bytes:
    assert rows.typed is not None
    codec = CODECS[layout.format][layout.compression]
    if layout.format == "PARQUET":
        return buffered(
            lambda sink: pq.write_table(rows.typed.rename_columns(rows.names), sink, compression=codec)
        )
    if layout.format == "ORC":
        return buffered(
            lambda sink: orc.write_table(rows.typed.rename_columns(rows.names), sink, compression=codec)
        )
    body = text(lake, rows, layout.delimiter) if layout.format == "TEXTFILE" else lines(lake, rows)
    return gzip.compress(body, compresslevel=6, mtime=0) if codec == "gzip" else body


def buffered(write_to: Any) -> bytes:
    sink = io.BytesIO()
    write_to(sink)
    return sink.getvalue()


def text(lake: Lake, rows: Rows, delimiter: str) -> bytes:
    """Hive's text: no quotes, NULL as `\\N`."""
    printed = results.printed(lake, rows)
    separator = literal(delimiter)
    values = ", ".join(f"coalesce({name}, '\\N')" for name in printed.column_names)
    joined = results.query_over(
        lake, printed, f"SELECT concat_ws({separator}, {values}) || chr(10) AS line FROM athena_rows"
    )
    return characters(joined.column("line"))


def lines(lake: Lake, rows: Rows) -> bytes:
    """One JSON object a line; timestamps as text."""
    fields = ", ".join(
        f"{literal(name)}, {json_value(f'c{index}', kind)}"
        for index, (name, kind) in enumerate(zip(rows.names, rows.types, strict=True))
    )
    made = results.query_over(
        lake, rows.typed, f"SELECT CAST(json_object({fields}) AS VARCHAR) || chr(10) AS line FROM athena_rows"
    )
    return characters(made.column("line"))


def characters(column: pa.ChunkedArray) -> bytes:
    """The texts of a column one after another.

    >>> characters(pa.chunked_array([["a", "bc"], ["d"]]))
    b'abcd'
    """
    lists = [pa.ListArray.from_arrays([0, len(chunk)], chunk) for chunk in column.chunks]
    return b"".join([pc.binary_join(one, "")[0].as_buffer().to_pybytes() for one in lists])


def json_value(value: str, kind: str) -> str:
    return results.text_of(value, kind) if kind.startswith("TIMESTAMP") else value
