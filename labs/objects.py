"""What lies in a bucket, read the plain way: list, get, count."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from labs.context import pages


def listed(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """Every object under a prefix with its Key and Size, folders' empty markers left out."""
    found = pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
    return [item for item in found if not (item["Key"].endswith("/") and item["Size"] == 0)]


def body(s3: Any, bucket: str, key: str) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


def parquet_rows(s3: Any, bucket: str, key: str) -> int:
    """The rows of a Parquet object, as its footer states them."""
    import pyarrow.parquet as pq

    rows: int = pq.read_metadata(io.BytesIO(body(s3, bucket, key))).num_rows
    return rows


def lines(s3: Any, bucket: str, key: str) -> Iterator[bytes]:
    """The lines of a text object, unpacked where its first bytes say gzip, empty ones left out."""
    data = body(s3, bucket, key)
    if data[:2] == b"\x1f\x8b":
        import gzip

        data = gzip.decompress(data)
    return (line for line in data.splitlines() if line.strip())


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI.

    >>> split_uri("s3://lake/flights/a.parquet")
    ('lake', 'flights/a.parquet')
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
