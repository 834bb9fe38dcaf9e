"""What the named queries must answer, computed with pandas from the files the flights came from.

Nothing here has been near AWS or DuckDB. A frame may hold more columns than the query asks for;
those that share a name are compared, row by row.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

from labs import flights
from labs.athena import Answer
from labs.evidence import Check, equal, holds

LATE_MINUTES = 15
RELATIVE, ABSOLUTE = 1e-9, 1e-6
"""How far two sums of the same numbers in another order may lie apart."""


def _measures(groups: Any) -> Any:
    """What is asked of every group of flights."""
    late = groups["dep_delay"].agg(
        lambda delays: (delays > LATE_MINUTES).sum() / (delays.count() or math.nan)
    )
    return groups.agg(
        flights=("flight", "size"),
        departed=("dep_delay", "count"),
        mean_delay=("dep_delay", "mean"),
        mean_arr_delay=("arr_delay", "mean"),
        longest_delay=("dep_delay", "max"),
    ).assign(delayed_share=late)


def delays_by_carrier(rows: int) -> Any:
    import pandas as pd

    airlines = pd.read_csv(io.BytesIO(flights.reference_csv("airlines")))
    named = flights.frame(rows).merge(airlines, on="carrier").drop(columns="carrier")
    return _measures(named.rename(columns={"name": "carrier"}).groupby("carrier")).reset_index()


def flights_by_month(rows: int) -> Any:
    return _measures(flights.frame(rows).groupby("month")).reset_index()


def worst_days(rows: int) -> Any:
    found = _measures(flights.frame(rows).groupby(["month", "day"])).reset_index()
    return found.sort_values("mean_delay", ascending=False)


def weather_delays(rows: int) -> Any:
    """Flights with the weather of their scheduled hour at their airport, rain apart from dry."""
    import pandas as pd

    weather = pd.read_csv(io.BytesIO(flights.reference_csv("weather")))
    hour = ["origin", "month", "day", "hour"]
    joined = flights.frame(rows).merge(weather[[*hour, "precip"]], on=hour)
    joined["weather"] = joined["precip"].gt(0).map({True: "rain", False: "dry"})
    return _measures(joined.groupby("weather")).reset_index()


def one_day(rows: int) -> Any:
    """The eighth of February by hour."""
    found = flights.frame(rows)
    day = found[(found["month"] == 2) & (found["day"] == 8)]
    return _measures(day.groupby("hour")).reset_index()


EXPECTED: dict[str, Callable[[int], Any]] = {
    "delays-by-carrier": delays_by_carrier,
    "flights-by-month": flights_by_month,
    "worst-days": worst_days,
    "weather-delays": weather_delays,
    "one-day": one_day,
}
KEYS = ("carrier", "month", "day", "hour", "weather")
LIMITED = {"worst-days": "mean_delay"}
"""Queries that end in a LIMIT, with the column they are ordered by."""


def compare(name: str, answer: Answer, rows: int) -> list[Check]:
    """Whether Athena's answer is the one pandas gives; nothing for a query that is not known here."""
    if name not in EXPECTED:
        return []
    return compare_with(name, answer, EXPECTED[name](rows))


def compare_with(name: str, answer: Answer, expected: Any) -> list[Check]:
    shared = [column for column in answer.columns if column in expected.columns]
    keys = [column for column in shared if column in KEYS]
    if not keys or len(shared) == len(keys):
        wanted = f"some of {list(expected.columns)}"
        return [holds(f"{name}: has columns that can be compared", False, answer.columns, wanted)]
    key_of = _keyed(keys)
    ours = {key_of(row): row for row in expected[shared].to_dict("records")}
    theirs = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    apart = [difference for row in theirs for difference in _apart(row, ours.get(key_of(row)), shared)]
    due = len(ours)
    if name in LIMITED:
        due = min(len(theirs), due) if theirs else 1
        firsts = zip(theirs, expected[LIMITED[name]].head(due), strict=False)
        apart += [f"not the first: {row}" for row, value in firsts if not same(row[LIMITED[name]], value)]
    return [
        equal(f"{name}: as many rows as pandas", len(theirs), due),
        holds(
            f"{name}: {', '.join(shared)} as pandas has them", not apart, apart[:3] or "the same", "the same"
        ),
    ]


def _keyed(keys: list[str]) -> Callable[[dict[str, Any]], tuple[str | float, ...]]:
    """A row's key with numbers as numbers, since one side says "01" and the other 1."""

    def key_of(row: dict[str, Any]) -> tuple[str | float, ...]:
        texts = [str(row[key]) for key in keys]
        return tuple(float(text) if text.replace(".", "", 1).isdecimal() else text for text in texts)

    return key_of


def _apart(theirs: dict[str, Any], ours: dict[str, Any] | None, columns: list[str]) -> list[str]:
    if ours is None:
        return [f"a row that pandas does not have: {theirs}"]
    return [
        f"{column}: got {theirs[column]}, expected {ours[column]}"
        for column in columns
        if not same(theirs[column], ours[column])
    ]


def same(theirs: str | None, ours: Any) -> bool:
    """Equal as numbers where both are numbers, else as text; no value equals only no value.

    >>> same("01", 1), same("12.600000001", 12.6), same(None, float("nan")), same("dry", "rain")
    (True, True, True, False)
    """
    if theirs is None or theirs == "":
        return ours is None or (isinstance(ours, float) and math.isnan(ours))
    try:
        if math.isnan(float(theirs)):
            return math.isnan(float(ours))
        return math.isclose(float(theirs), float(ours), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    except ValueError:
        return theirs == str(ours)
