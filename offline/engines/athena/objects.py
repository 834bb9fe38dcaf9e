"""Objects of the lake as files on local disk, fetched once for each version, and their footers."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from offline.engines.athena.errors import QueryError


@dataclass(frozen=True)
class Object:
    """One version of one object."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.uri} {self.etag}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class RowGroup:
    """What a scan of one row group reads and can skip: column → compressed bytes, and (min, max)."""

    sizes: dict[str, int]
    ranges: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class File:
    """An object on disk. Columnar files know their columns' types and row groups."""

    path: Path
    object: Object
    types: dict[str, str] = field(default_factory=dict)
    groups: tuple[RowGroup, ...] = ()
    broken: str = ""


def bad_data(file: File) -> QueryError:
    """What a query fails with that reads a file of another format than its table's."""
    return QueryError("HIVE_BAD_DATA", f"Error reading {file.object.uri}: {file.broken}")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 address.

    >>> split_uri("s3://lake/flights/")
    ('lake', 'flights/')
    """
    parts = urlsplit(uri)
    return parts.netloc, parts.path.removeprefix("/")


def listing(s3: Any, uri: str) -> list[Object]:
    """Every object below a location that Hive would read: not empty, not hidden by `_` or a dot."""
    bucket, prefix = split_uri(uri)
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    except ClientError as error:
        raise QueryError("HIVE_METASTORE_ERROR" if not bucket else "PERMISSION_DENIED", str(error)) from None
    return [
        Object(bucket, found["Key"], found["ETag"], found["Size"])
        for page in pages
        for found in page.get("Contents", [])
        if found["Size"] and not found["Key"].rsplit("/", 1)[-1].startswith(("_", "."))
    ]


def touch(s3: Any, wanted: Object) -> None:
    """Read one byte, which whoever may read the object may do."""
    fetch(s3, wanted, Range="bytes=0-0")


def fetch(s3: Any, wanted: Object, **options: str) -> bytes:
    try:
        body: bytes = s3.get_object(Bucket=wanted.bucket, Key=wanted.key, **options)["Body"].read()
    except ClientError as error:
        raise QueryError("HIVE_CANNOT_OPEN_SPLIT", f"Error opening {wanted.uri}: {error}") from None
    return body


class Store:
    """The fetched files, by version of their object."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[tuple[str, str], File] = {}

    def file(self, s3: Any, wanted: Object, reader: str, serde: Mapping[str, str]) -> File:
        """The object as a file that DuckDB reads; the SerDe's parameters tell what lies in some."""
        key = (wanted.digest, reader + serde.get(PATTERN, ""))
        if key not in self._files:
            self._files[key] = self._fetch(s3, wanted, reader, serde)
        return self._files[key]

    def forget(self, wanted: set[str]) -> None:
        """Keep only these versions of objects."""
        for digest, reader in [key for key in self._files if key[0] not in wanted]:
            self._files.pop((digest, reader)).path.unlink(missing_ok=True)

    def _fetch(self, s3: Any, wanted: Object, reader: str, serde: Mapping[str, str]) -> File:
        body = fetch(s3, wanted)
        if reader in REWRITTEN:
            return self._rewrite(body, wanted, reader, serde)
        suffix = "." + {"orc": "parquet"}.get(reader, reader)
        if wanted.key.endswith(".gz"):
            suffix += ".gz"
        path = self._root / f"{wanted.digest}{suffix}"
        path.write_bytes(body)
        try:
            return columnar(path, wanted, reader) if reader in ("parquet", "orc") else File(path, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            return File(path, wanted, broken=str(error).splitlines()[0])

    def _rewrite(self, body: bytes, wanted: Object, reader: str, serde: Mapping[str, str]) -> File:
        """A file in another format, of what DuckDB cannot read."""
        suffix, rewrite = REWRITTEN[reader]
        content = hashlib.sha256(serde.get(PATTERN, "").encode()).hexdigest()[:8]
        path = self._root / f"{wanted.digest}{content}{suffix}"
        try:
            text = (gzip.decompress(body) if wanted.key.endswith(".gz") else body).decode()
            rewrite(text, serde, path)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            path.touch()
            return File(path, wanted, broken=f"{type(error).__name__}: {error}")
        return File(path, wanted)


def cloudtrail(text: str, serde: Mapping[str, str], path: Path) -> None:
    """A log file of CloudTrail is one JSON document; each of its records becomes a line."""
    records = json.loads(text)["Records"]
    path.write_text("".join(json.dumps(_lowered(record)) + "\n" for record in records))


AS_TEXT = ("requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails")
"""Members of a CloudTrail record that a table holds as JSON text, with their names as they are."""


def _lowered(value: Any, keep: tuple[str, ...] = AS_TEXT) -> Any:
    """Names in small letters, as the catalog has those of columns."""
    if isinstance(value, list):
        return [_lowered(one, ()) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key.lower(): inner if key.lower() in keep else _lowered(inner, ()) for key, inner in value.items()
    }


def pattern_of(serde: Mapping[str, str]) -> re.Pattern[str]:
    """The pattern of a table whose lines RegexSerDe takes apart."""
    try:
        return re.compile(serde[PATTERN])
    except (KeyError, re.error) as error:
        message = f"RegexSerDe needs a regular expression as {PATTERN}: {error}"
        raise QueryError("HIVE_INVALID_METADATA", message) from None


def by_pattern(text: str, serde: Mapping[str, str], path: Path) -> None:
    """RegexSerDe: each group of the pattern is a column; a line that does not fit is all NULL."""
    pattern = pattern_of(serde)
    found = [pattern.fullmatch(line) for line in text.splitlines()]
    groups = [[one.group(index + 1) if one else None for one in found] for index in range(pattern.groups)]
    columns = {f"c{index}": pa.array(values, pa.string()) for index, values in enumerate(groups)}
    pq.write_table(pa.table(columns), path)


PATTERN = "input.regex"
Rewrite = Callable[[str, Mapping[str, str], Path], None]
REWRITTEN: dict[str, tuple[str, Rewrite]] = {
    "cloudtrail": (".json", cloudtrail),
    "regex": (".parquet", by_pattern),
}
"""Of readers that DuckDB lacks: the suffix of the file that it is given instead, and who writes it."""


def columnar(path: Path, wanted: Object, reader: str) -> File:
    """A Parquet file with its footer; ORC becomes Parquet, its columns' shares of the object estimated."""
    if reader == "orc":
        pq.write_table(orc.read_table(path), path)
    metadata = pq.read_metadata(path)
    share = wanted.size / path.stat().st_size if reader == "orc" else 1.0
    schema = metadata.schema.to_arrow_schema()
    types = {name.lower(): str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    return File(path, wanted, types, tuple(row_group(group, share) for group in groups))


def row_group(group: Any, share: float) -> RowGroup:
    sizes: dict[str, int] = {}
    ranges: dict[str, tuple[Any, Any]] = {}
    for index in range(group.num_columns):
        column = group.column(index)
        name = column.path_in_schema.split(".")[0].lower()
        sizes[name] = sizes.get(name, 0) + round(column.total_compressed_size * share)
        if column.is_stats_set and column.statistics.has_min_max:
            ranges[name] = (column.statistics.min, column.statistics.max)
    return RowGroup(sizes, ranges)
