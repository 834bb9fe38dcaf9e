"""Batch transform's way with records: split, filter, batch, join, assemble.

DataProcessing's filters are the JSONPath subset that SageMaker documents for CSV: `$`, `$[1]`,
`$[1:]`, `$[:-1]`, `$[0,-1]`. Paths into JSON documents are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from offline.engines.sagemaker.requests import refuse

NUMBER = re.compile(r"-?\d+")
SLICE = re.compile(r"(-?\d+)?:(-?\d+)?")


class Filter:
    """Which columns of a CSV record go on.

    >>> Filter("$[1:]")("a,b,c"), Filter("$[0,-1]")("a,b,c"), Filter("$")("a,b,c")
    ('b,c', 'a,c', 'a,b,c')
    """

    def __init__(self, path: str) -> None:
        self.path = path
        inside = re.fullmatch(r"\$(?:\[(.+)\])?", path)
        if not inside:
            raise refuse(
                f"Filter '{path}' is not run offline: allowed are $, $[1], $[0,-1], $[1:] and $[0:3] on CSV."
            )
        self._parts = [part.strip() for part in (inside[1] or ":").split(",")]
        for part in self._parts:
            if not (NUMBER.fullmatch(part) or (SLICE.fullmatch(part) and len(self._parts) == 1)):
                raise refuse(f"Filter '{path}': '{part}' is neither an index nor the only slice.")

    def __call__(self, record: str) -> str:
        if self._parts == [":"]:
            return record
        cells = record.split(",")
        return ",".join(cell for part in self._parts for cell in _picked(cells, part))


def _picked(cells: list[str], part: str) -> list[str]:
    if bounds := SLICE.fullmatch(part):
        first, last = (int(bound) if bound else None for bound in bounds.groups())
        return cells[first:last]
    number = int(part)
    return [cells[number]] if -len(cells) <= number < len(cells) else []


def split(content: bytes, split_type: str) -> list[bytes]:
    """The records of an object: its lines, or the object itself.

    >>> split(b"1,2\\n3,4\\n", "Line"), split(b"1,2\\n3,4\\n", "None")
    ([b'1,2', b'3,4'], [b'1,2\\n3,4\\n'])
    """
    if split_type == "None":
        return [content]
    return [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if line]


def batches(records: list[bytes], strategy: str, highest_bytes: int) -> Iterator[list[bytes]]:
    """Records that go in one request: one, or as many as fit. A record that is too long is a ValueError."""
    batch: list[bytes] = []
    size = 0
    for record in records:
        length = len(record) + 1
        if len(record) > highest_bytes:
            raise ValueError(
                f"a record of {len(record)} bytes exceeds MaxPayloadInMB ({highest_bytes} bytes)"
            )
        if batch and (strategy == "SingleRecord" or size + length > highest_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def joined(records: list[str], predictions: list[str]) -> list[str]:
    """Each input record with its prediction behind it.

    >>> joined(["1,a", "0,b"], ["0.9", "0.2"])
    ['1,a,0.9', '0,b,0.2']
    """
    if len(records) != len(predictions):
        raise ValueError(f"{len(records)} records were sent and {len(predictions)} predictions came back")
    return [f"{record},{prediction}" for record, prediction in zip(records, predictions, strict=True)]
