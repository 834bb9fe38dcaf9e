"""Write the weather readings in six formats, and read two columns of each with as few bytes as it allows.

Parquet and ORC keep columns together and say in their footer where: a reader asks S3 for ranges. Of the
others a reader needs all. RecordIO-protobuf holds numbers only, so station and hour are numbered there.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from labs.account import empty_bucket
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal, holds
from labs.flights import reference_csv
from labs.lake import recordio

PREFIX = "lab/lake/formats/"
COLUMNS = ["temp", "humid"]


@dataclass(frozen=True)
class Format:
    """How a table is written, and how two columns are read back from a file."""

    name: str
    suffix: str
    write: Callable[[Any], bytes]
    read: Callable[[Any], Any]


class RangedObject(io.RawIOBase):
    """An object in S3 as a file that is read in ranges, and counts what it has read."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        super().__init__()
        self._s3, self._of = s3, {"Bucket": bucket, "Key": key}
        self.size = int(s3.head_object(**self._of)["ContentLength"])
        self.at = self.bytes_read = self.requests = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self.size - self.at if size is None or size < 0 else min(size, self.size - self.at)
        if wanted <= 0:
            return b""
        span = f"bytes={self.at}-{self.at + wanted - 1}"
        data: bytes = self._s3.get_object(**self._of, Range=span)["Body"].read()
        self.at += len(data)
        self.bytes_read += len(data)
        self.requests += 1
        return data

    def readall(self) -> bytes:
        return self.read()


def compare_formats(context: Context) -> Evidence:
    """Columnar formats are smaller, and two columns of them cost a fraction of the bytes."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    rows, checks = [], []
    for done, one in enumerate(FORMATS, start=1):
        key = f"{PREFIX}weather.{one.suffix}"
        started = time.perf_counter()
        s3.put_object(Bucket=bucket, Key=key, Body=one.write(table()))
        written = time.perf_counter()
        file = RangedObject(s3, bucket, key)
        found = one.read(file)
        read = time.perf_counter()
        rows.append(
            [one.name, file.size, file.bytes_read, file.requests, _ms(written - started), _ms(read - written)]
        )
        checks.append(_same(one.name, found))
        context.progress("formats", done, len(FORMATS))
    empty_bucket(s3, bucket, PREFIX)
    return Evidence(
        figures={"rows": len(table()), "columns": len(table().column_names)},
        table=Table(
            ["format", "bytes", "bytes read for two columns", "requests", "time to write", "time to read"],
            rows,
        ),
        series={"formats": [row[:3] for row in rows]},
        checks=[*checks, *_columnar(rows)],
        notes=["Times are those of one run on this machine; bytes are the same in every run."],
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


@cache
def table() -> Any:
    """The hourly weather of three stations (Arrow)."""
    import pyarrow as pa
    from pyarrow import csv

    convert = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True)
    return csv.read_csv(pa.BufferReader(reference_csv("weather")), convert_options=convert)


@cache
def expected() -> tuple[float, ...]:
    """Rows and sums as pandas reads them from the source file."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(reference_csv("weather")))
    return len(frame), *(round(float(frame[name].sum()), 1) for name in COLUMNS)


def summed(found: Any) -> tuple[float, ...]:
    """The same of two columns that were read back: rows, and sums to a tenth."""
    columns = [[value for value in column if value is not None and value == value] for column in found]
    return len(found[0]), *(round(float(sum(column)), 1) for column in columns)


def _same(name: str, found: Any) -> Check:
    got, due = summed(found), expected()
    # 32-bit floats of RecordIO-protobuf: seven digits of each of 26,115 values.
    close = got[0] == due[0] and all(
        abs(one - other) < 1e-5 * abs(other) for one, other in zip(got[1:], due[1:], strict=True)
    )
    return holds(f"{name} gives back both columns as pandas reads them", close, got, due)


def _columnar(rows: list[list[Any]]) -> list[Check]:
    read = {row[0]: row[2] / row[1] for row in rows}
    rest = [name for name in read if name not in ("Parquet", "ORC")]
    columnar = max(read["Parquet"], read["ORC"])
    smallest = sorted(row[1] for row in rows)[:2]
    return [
        holds("two columns of Parquet and ORC are less than half of the file", columnar < 0.5, columnar, 0.5),
        equal("of the others a reader needs every byte", {read[name] for name in rest}, {1.0}),
        holds(
            "Parquet and ORC are the smallest files",
            {row[0] for row in rows if row[1] in smallest} == {"Parquet", "ORC"},
            {row[0]: row[1] for row in rows},
            "Parquet and ORC",
        ),
    ]


# -- the six formats ------------------------------------------------------------------------------------


def write_csv(found: Any) -> bytes:
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(found, sink)
    return sink.getvalue()


def read_csv(file: Any) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    read = csv.read_csv(pa.BufferReader(file.read()))
    return [read[name].to_pylist() for name in COLUMNS]


def write_json(found: Any) -> bytes:
    columns = {name: _plain(found[name]) for name in found.column_names}
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _plain(column: Any) -> list[Any]:
    """Values that JSON and Avro have: moments as text."""
    import pyarrow as pa

    return list((column.cast(pa.string()) if pa.types.is_timestamp(column.type) else column).to_pylist())


def read_json(file: Any) -> Any:
    import pyarrow as pa
    from pyarrow import json as arrow

    read = arrow.read_json(pa.BufferReader(file.read()))
    return [read[name].to_pylist() for name in COLUMNS]


def write_parquet(found: Any) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(found, sink, compression="snappy")
    return sink.getvalue()


def read_parquet(file: Any) -> Any:
    import pyarrow.parquet as pq

    read = pq.read_table(file, columns=COLUMNS, use_threads=False, pre_buffer=False)
    return [read[name].to_pylist() for name in COLUMNS]


def write_orc(found: Any) -> bytes:
    from pyarrow import orc

    sink = io.BytesIO()
    orc.write_table(found, sink, compression="snappy")
    return sink.getvalue()


def read_orc(file: Any) -> Any:
    from pyarrow import orc

    read = orc.ORCFile(file).read(columns=COLUMNS)
    return [read[name].to_pylist() for name in COLUMNS]


def write_avro(found: Any) -> bytes:
    import fastavro

    columns = {name: _plain(found[name]) for name in found.column_names}
    kinds = {name: _avro(found[name].type) for name in found.column_names}
    fields = [{"name": name, "type": ["null", kind]} for name, kind in kinds.items()]
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    sink = io.BytesIO()
    fastavro.writer(sink, {"type": "record", "name": "Weather", "fields": fields}, rows, codec="deflate")
    return sink.getvalue()


def _avro(kind: Any) -> str:
    import pyarrow as pa

    return "long" if pa.types.is_integer(kind) else "double" if pa.types.is_floating(kind) else "string"


def read_avro(file: Any) -> Any:
    import fastavro

    rows = list(fastavro.reader(io.BytesIO(file.read())))
    return [[row[name] for row in rows] for name in COLUMNS]


def write_recordio(found: Any) -> bytes:
    return recordio.encoded(numbers(found))


def read_recordio(file: Any) -> Any:
    names = table().column_names
    matrix = recordio.decoded(file.read(), len(names))
    return [matrix[:, names.index(name)].tolist() for name in COLUMNS]


def numbers(found: Any) -> Any:
    """The table as a matrix of floats: text by its place among the distinct values, nothing as NaN."""
    import numpy as np
    import pyarrow as pa

    columns = [found[name].combine_chunks() for name in found.column_names]
    coded = [
        column
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        else column.dictionary_encode().indices
        for column in columns
    ]
    return np.column_stack([column.to_numpy(zero_copy_only=False).astype("f4") for column in coded])


FORMATS = (
    Format("CSV", "csv", write_csv, read_csv),
    Format("JSON lines", "json", write_json, read_json),
    Format("Parquet", "parquet", write_parquet, read_parquet),
    Format("ORC", "orc", write_orc, read_orc),
    Format("Avro", "avro", write_avro, read_avro),
    Format("RecordIO-protobuf", "rec", write_recordio, read_recordio),
)
