"""Eleven nines as arithmetic."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from labs.context import Context
from labs.lake.durability import losses, nines, reckon_losses


def test_ten_million_objects_lose_one_in_ten_thousand_years(lake: Context) -> None:
    evidence = reckon_losses(lake)
    assert evidence.passed, evidence.checks
    assert evidence.table is not None
    assert ["10,000,000", "0.0001", "10,000 years"] in evidence.table.rows


@given(st.integers(1, 15), st.integers(1, 10**12))
def test_each_nine_more_loses_a_tenth(decimals: int, objects: int) -> None:
    durability = f"99.{'9' * decimals}"
    assert nines(durability) == decimals + 2
    assert losses(objects, durability) == 10 * losses(objects, durability + "9")
    assert math.isclose(losses(objects, durability), objects * 10.0 ** -(decimals + 2))
