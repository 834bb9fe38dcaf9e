"""How many shards a stream needs, by the limits of Amazon Kinesis Data Streams."""

from __future__ import annotations

from math import ceil

from facts import limits
from facts.errors import ImpossibleError


def shards(records_per_second: float, record_bytes: int, readers: int = 1) -> int:
    """The fewest shards that take the writes and feed every reader.

    A shard takes 1 MiB/s and 1000 records/s in. It gives 2 MiB/s out, which all readers without
    enhanced fan-out share: each of them reads everything that is written. Records are taken to
    spread evenly over the shards; a hot partition key needs more.

    >>> shards(1000, 1024)      # the record limit is met exactly
    1
    >>> shards(1001, 1)         # one record too many
    2
    >>> shards(500, 4096)       # 2 MB/s: the write bytes decide
    2
    >>> shards(500, 4096, readers=5)        # 10 MB/s to read: the readers decide
    5
    """
    for name, given in (("records_per_second", records_per_second), ("record_bytes", record_bytes)):
        _positive(name, given)
    _positive("readers", readers)
    written = records_per_second * record_bytes
    return max(
        ceil(records_per_second / limits.number("kinesis-shard-write-records")),
        ceil(written / limits.number("kinesis-shard-write-bytes")),
        ceil(written * readers / limits.number("kinesis-shard-read-bytes")),
    )


def _positive(name: str, given: float) -> None:
    # `not >` refuses NaN as well.
    if not 0 < given < float("inf"):
        raise ImpossibleError(f"{name}: got {given}, expected a number above zero")
