"""Compression of objects that are delivered as they came."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable

import pyarrow as pa
from moto.firehose.exceptions import InvalidArgumentException

# Hadoop's BlockCompressorStream cuts at its buffer: 256 KiB less Snappy's overhead for the worst case.
HADOOP_BLOCK_BYTES = 256 * 1024 - (256 * 1024 // 6 + 32)


def _zip(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data"), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _hadoop_snappy(data: bytes) -> bytes:
    """Blocks of: length of the plain data, length of the packed data, the packed data."""
    packed = bytearray()
    for start in range(0, len(data), HADOOP_BLOCK_BYTES):
        block = data[start : start + HADOOP_BLOCK_BYTES]
        body = pa.compress(block, codec="snappy", asbytes=True)
        packed += struct.pack(">II", len(block), len(body)) + body
    return bytes(packed)


FORMATS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "UNCOMPRESSED": ("", bytes),
    "GZIP": (".gz", lambda data: gzip.compress(data, mtime=0)),
    "ZIP": (".zip", _zip),
    "HADOOP_SNAPPY": (".hsnappy", _hadoop_snappy),
}


def known(name: str) -> str:
    """The name of a format that can be written; Snappy's own stream format cannot."""
    if name not in FORMATS:
        raise InvalidArgumentException(
            f"CompressionFormat {name} is not written offline; allowed are {', '.join(FORMATS)}."
        )
    return name
