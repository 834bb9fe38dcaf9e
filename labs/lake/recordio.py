"""RecordIO-wrapped protobuf, the format SageMaker's built-in algorithms read fastest, written and read here.

Each record is a magic number, the length of its payload and the payload, padded to four bytes. The payload
is the `Record` message of SageMaker's record.proto: a map of features to values, one of which is a list of
32-bit floats (field 2 of `Value`, a `Float32Tensor` whose `values` are field 1). The whole table is numbers:
one row is one record with a single tensor.
Source: record.proto and sagemaker.amazon.common of the SageMaker Python SDK.
"""

from __future__ import annotations

from typing import Any

MAGIC = 0xCED7230A
FEATURES, KEY, VALUE, FLOAT32_TENSOR, TENSOR_VALUES = 1, 1, 2, 2, 1
NAME = b"values"


def encoded(matrix: Any) -> bytes:
    """A matrix as RecordIO-protobuf, a record for each row."""
    import numpy as np

    rows = np.asarray(matrix, dtype="<f4")
    before = record_of(rows.shape[1])
    after = b"\0" * (-(len(before) - 8 + rows.shape[1] * 4) % 4)
    return b"".join(before + row.tobytes() + after for row in rows)


def record_of(width: int) -> bytes:
    """Everything of a record that stands before its floats, the same for each row of one width."""
    size = width * 4
    tensor = _tag(TENSOR_VALUES) + varint(size)
    value = _tag(FLOAT32_TENSOR) + varint(len(tensor) + size) + tensor
    entry = _field(KEY, NAME) + _tag(VALUE) + varint(len(value) + size) + value
    payload = _tag(FEATURES) + varint(len(entry) + size) + entry
    return MAGIC.to_bytes(4, "little") + (len(payload) + size).to_bytes(4, "little") + payload


def decoded(data: bytes, width: int) -> Any:
    """The matrix again; what is not records of this width is refused."""
    import numpy as np

    before = record_of(width)
    length = len(before) + width * 4
    stride = length + (-(length - 8)) % 4
    if len(data) % stride or any(data[n : n + len(before)] != before for n in range(0, len(data), stride)):
        raise ValueError(f"got {len(data):,} bytes that are not records of {width} floats")
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, stride)[:, len(before) : length]
    return np.ascontiguousarray(raw).view("<f4")


def varint(number: int) -> bytes:
    """A number as protobuf spells it: seven bits a byte, lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _tag(field: int) -> bytes:
    """A field whose length follows."""
    return varint(field << 3 | 2)


def _field(field: int, data: bytes) -> bytes:
    return _tag(field) + varint(len(data)) + data
