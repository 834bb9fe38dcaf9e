"""Athena's answers against pandas: what counts as the same."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labs.answers import EXPECTED, compare, compare_with
from labs.athena import Answer

ROWS = 3_000


def as_athena(frame: Any) -> Answer:
    rows = [[None if value != value else str(value) for value in row] for row in frame.values.tolist()]
    return Answer(list(frame.columns), rows, 0, 0)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_equal_to_pandas_passes(name: str) -> None:
    expected = EXPECTED[name](ROWS)
    answer = as_athena(expected.head(10) if name == "worst-days" else expected)
    assert all(check.passed for check in compare(name, answer, ROWS))


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_with_one_flight_too_many_fails(name: str) -> None:
    expected = EXPECTED[name](ROWS)
    answer = as_athena(expected.head(10) if name == "worst-days" else expected)
    at = answer.columns.index("flights")
    answer.rows[0][at] = str(float(answer.rows[0][at] or 0) + 1)
    assert not all(check.passed for check in compare(name, answer, ROWS))


def test_an_answer_that_lacks_a_row_fails() -> None:
    expected = EXPECTED["flights-by-month"](ROWS)
    checks = compare("flights-by-month", as_athena(expected.head(11)), ROWS)
    assert [check.passed for check in checks] == [False, True]


def test_the_wrong_ten_days_fail() -> None:
    expected = EXPECTED["worst-days"](ROWS)
    assert not all(check.passed for check in compare("worst-days", as_athena(expected.tail(10)), ROWS))


def test_an_answer_without_comparable_columns_fails() -> None:
    frame = pd.DataFrame({"month": [1], "flights": [2]})
    [check] = compare_with("flights-by-month", Answer(["a", "b"], [["1", "2"]], 0, 0), frame)
    assert not check.passed


def test_an_unknown_query_is_shown_but_not_compared() -> None:
    assert compare("someone-elses", Answer(["a"], [["1"]], 0, 0), ROWS) == []
