"""The same table in six formats, each read back by a library that did not write it where there is one."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from labs.context import Context
from labs.lake import recordio
from labs.lake.formats import FORMATS, compare_formats, numbers, table

WRITTEN = {one.name: one.write for one in FORMATS}
SAMPLE = table().slice(0, 1000)


def frame_of(name: str, data: bytes) -> Any:
    """What a reader of the format makes of it."""
    readers = {
        "CSV": pd.read_csv,
        "JSON lines": lambda file: pd.read_json(file, lines=True),
        "Parquet": lambda file: pq.read_table(file).to_pandas(),
        "ORC": lambda file: orc.ORCFile(file).read().to_pandas(),
        "Avro": lambda file: pd.DataFrame(list(fastavro.reader(file))),
    }
    return readers[name](io.BytesIO(data))


@pytest.mark.claim("c-1.1-014")
def test_six_formats_hold_the_same_thousand_rows() -> None:
    due = SAMPLE.to_pandas()
    numeric = [name for name in due.columns if pd.api.types.is_numeric_dtype(due[name])]
    for name in ("CSV", "JSON lines", "Parquet", "ORC", "Avro"):
        found = frame_of(name, WRITTEN[name](SAMPLE))
        assert list(found.columns) == list(due.columns), name
        assert found["origin"].tolist() == due["origin"].tolist(), name
        assert np.allclose(found[numeric].astype(float), due[numeric].astype(float), equal_nan=True), name
    matrix = recordio.decoded(WRITTEN["RecordIO-protobuf"](SAMPLE), len(due.columns))
    at = [due.columns.get_loc(name) for name in numeric]
    assert np.array_equal(matrix[:, at], due[numeric].to_numpy("f4"), equal_nan=True)


def test_columnar_formats_are_smaller_and_two_columns_need_a_part_of_them(lake: Context) -> None:
    evidence = compare_formats(lake)
    assert evidence.passed, evidence.checks
    assert evidence.table is not None
    sizes = {row[0]: (row[1], row[2]) for row in evidence.table.rows}
    assert sizes["Parquet"][0] * 5 < sizes["CSV"][0] < sizes["JSON lines"][0]
    assert sizes["Parquet"][1] < sizes["Parquet"][0] / 2
    assert sizes["CSV"][0] == sizes["CSV"][1]


def fields(data: bytes) -> dict[int, list[bytes]]:
    """The length-delimited fields of a protobuf message, read apart from how they were written."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(data):
        key, at = number(data, at)
        assert key & 7 == 2
        size, at = number(data, at)
        found.setdefault(key >> 3, []).append(data[at : at + size])
        at += size
    return found


def number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if not byte & 0x80:
            return value, at


@pytest.mark.parametrize("width", [1, 3, 15, 16, 31, 40])
def test_a_record_is_magic_length_and_sagemakers_record_message(width: int) -> None:
    matrix = np.arange(2 * width, dtype="f4").reshape(2, width) / 3
    data = recordio.encoded(matrix)
    at = 0
    for row in matrix:
        assert data[at : at + 4] == bytes.fromhex("0a23d7ce")
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        [entry] = fields(data[at + 8 : at + 8 + length])[1]
        assert fields(entry)[1] == [b"values"]
        [tensor] = fields(fields(entry)[2][0])[2]
        assert np.frombuffer(fields(tensor)[1][0], "<f4").tolist() == row.tolist()
        at += 8 + length + -length % 4
    assert at == len(data)
    assert np.array_equal(recordio.decoded(data, width), matrix)


def test_refuses_what_is_not_records_of_the_width() -> None:
    data = recordio.encoded(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="not records of 5 floats"):
        recordio.decoded(data, 5)
    with pytest.raises(ValueError, match="not records of 4 floats"):
        recordio.decoded(b"x" * len(data), 4)


def test_text_is_numbered_and_nothing_is_no_number() -> None:
    found = numbers(pa.table({"a": ["x", "y", "x", None], "b": [1, None, 3, 4]}))
    assert np.array_equal(found, np.array([[0, 1], [1, np.nan], [0, 3], [np.nan, 4]]), equal_nan=True)
