"""A stream of the size we say is never below one of Kinesis' limits, and never a shard too large."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts import limits
from facts.errors import ImpossibleError
from facts.sizing import shards

RATES = st.integers(1, 1_000_000)
BYTES = st.integers(1, 10_485_760)
READERS = st.integers(1, 20)


def fits(shard_count: int, rate: int, record_bytes: int, readers: int) -> bool:
    return (
        rate <= shard_count * limits.number("kinesis-shard-write-records")
        and rate * record_bytes <= shard_count * limits.number("kinesis-shard-write-bytes")
        and rate * record_bytes * readers <= shard_count * limits.number("kinesis-shard-read-bytes")
    )


@given(RATES, BYTES, READERS)
def test_the_stream_is_within_every_limit_and_one_shard_less_is_not(
    rate: int, record_bytes: int, readers: int
) -> None:
    count = shards(rate, record_bytes, readers)
    assert fits(count, rate, record_bytes, readers)
    assert not fits(count - 1, rate, record_bytes, readers)


@given(RATES, BYTES, READERS, st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 5))
def test_more_of_anything_never_needs_fewer_shards(
    rate: int, record_bytes: int, readers: int, faster: int, bigger: int, more: int
) -> None:
    assert shards(rate + faster, record_bytes + bigger, readers + more) >= shards(rate, record_bytes, readers)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((0, 1, 1), "records_per_second"),
        ((float("nan"), 1, 1), "records_per_second"),
        ((1, -1, 1), "record_bytes"),
        ((1, 1, 0), "readers"),
    ],
)
def test_refuses_what_is_not_above_zero(arguments: tuple[float, int, int], name: str) -> None:
    with pytest.raises(ImpossibleError, match=f"{name}: got"):
        shards(*arguments)
