"""Files and payloads as matrices: the label in the first column, no header, `nan` or nothing for missing."""

from __future__ import annotations

import csv
import io
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import xgboost

from offline.containers.toolkit import UserError, say

FORMATS = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "parquet": "parquet",
    "application/x-parquet": "parquet",
}


def format_of(content_type: str | None) -> str:
    """
    >>> format_of("text/csv; label_size=1"), format_of(None)
    ('csv', 'libsvm')
    """
    if content_type is None:
        return "libsvm"
    header = Message()
    header["content-type"] = content_type.lower()
    label_size = header.get_param("label_size")
    if header.get_content_type() == "text/csv" and label_size not in (None, "1"):
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    found = FORMATS.get(content_type.lower().split(";")[0].strip())
    if found is None:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(FORMATS)}.")
    return found


def files(folder: Path) -> list[Path]:
    """The data files below a channel; names that start with a dot or an underscore are not data."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    return sorted(path for path in found if path.name[0] not in "._")


def load(folder: Path, content_type: str | None, weights: bool) -> xgboost.DMatrix:
    """Every file of a channel, one below the other, with labels (and weights from the second column)."""
    kind, paths = format_of(content_type), files(folder)
    if kind == "libsvm":
        return _libsvm(paths)
    if kind == "parquet":
        table = np.vstack([_parquet(path) for path in paths])
    else:
        table = np.vstack([_csv_file(path) for path in paths])
    if table.shape[1] < (3 if weights else 2):
        raise UserError(
            f"Failed to load {kind} data with exception:\n{table.shape[1]} columns leave no feature"
        )
    features = table[:, 2:] if weights else table[:, 1:]
    return xgboost.DMatrix(features, label=table[:, 0], weight=table[:, 1] if weights else None)


def delimiter(line: str) -> str:
    try:
        found = csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(f"Could not determine delimiter on line {line[:50]}:\n{error}") from error
    return "," if found.isalnum() else found


def _csv_file(path: Path) -> Any:
    content = path.read_bytes()
    found = delimiter(content[:65536].decode(errors="ignore").split("\n")[0])
    say(f"Determined delimiter of CSV input is '{found}'")
    try:
        return csv_table(content, found)
    except ValueError as error:
        raise UserError(f"Failed to load csv data with exception:\n{path.name}: {error}") from error


def csv_table(content: bytes, delimiter: str) -> Any:
    """Rows of numbers; a cell that is no number, and a row of another length, is a ValueError."""
    columns = [f"f{number}" for number in range(content.split(b"\n", 1)[0].count(delimiter.encode()) + 1)]
    table = pa.csv.read_csv(
        io.BytesIO(content),
        read_options=pa.csv.ReadOptions(column_names=columns),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.float64())),
    )
    return np.column_stack([column.to_numpy() for column in table.columns]).astype(np.float32)


def _parquet(path: Path) -> Any:
    try:
        table = pa.parquet.read_table(path)
        return np.column_stack([column.cast(pa.float64()).to_numpy() for column in table.columns])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise UserError(f"Failed to load parquet data with exception:\n{path.name}: {error}") from error


def _libsvm(paths: list[Path]) -> xgboost.DMatrix:
    lines = [line for path in paths for line in path.read_text().splitlines() if line.strip()]
    try:
        labels = np.array([float(line.split()[0].split(":")[0]) for line in lines])
        return xgboost.DMatrix(libsvm_table([line.split()[1:] for line in lines]), label=labels)
    except ValueError as error:
        raise UserError(f"Failed to load libsvm data with exception:\n{error}") from error


def libsvm_table(rows: list[list[str]]) -> Any:
    """index:value pairs as a sparse matrix; what a row does not name is missing. Indices from 1 move to 0."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # slow to import, for libsvm only

    cells = [(row, pair.partition(":")) for row, pairs in enumerate(rows) for pair in pairs]
    indices = np.array([int(pair[0]) for _, pair in cells])
    indices = indices - 1 if indices.size and indices.min() >= 1 else indices
    values = np.array([float(pair[2]) for _, pair in cells])
    width = int(indices.max()) + 1 if indices.size else 1
    return csr_matrix((values, ([row for row, _ in cells], indices)), shape=(len(rows), width))
