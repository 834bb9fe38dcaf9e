"""What AWS charges, on demand and before tax, as far as it is known.

A price nobody has read is recorded as unknown (`usd` is None): a report says so and never guesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from facts.errors import CellError, UnknownFactError
from facts.table import Confidence, load


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one unit in one region; `usd` is None where it is not known."""

    id: str
    region: str
    usd: float | None = None
    unit: str = ""
    as_of: date | None = None
    source: str = ""
    confidence: Confidence = "unknown"

    def __post_init__(self) -> None:
        if (self.usd is None) != (self.confidence == "unknown"):
            raise CellError("usd", "usd is empty exactly when confidence is `unknown`")
        if self.usd is not None and self.usd < 0:
            raise CellError("usd", f"got {self.usd:g}, expected no less than zero")

    @property
    def known(self) -> bool:
        return self.usd is not None


@cache
def table() -> dict[tuple[str, str], Price]:
    """Every recorded price by id and region."""
    return load(Price, "prices.csv", key=("id", "region"))


@cache
def ids() -> tuple[str, ...]:
    """What has a price, in the order of the table."""
    return tuple(dict.fromkeys(id for id, _ in table()))


def price(id: str, region: str) -> Price:
    """The price in a region; an unknown one where nothing is recorded there. Unknown ids are refused.

    >>> price("kinesis-shard-hour", "mars-north-1").known
    False
    """
    if id not in ids():
        raise UnknownFactError.among("price", id, ids())
    if (id, region) in table():
        return table()[id, region]
    unit = next(row.unit for row in table().values() if row.id == id)
    return Price(id, region, unit=unit, source="not recorded for this region")
