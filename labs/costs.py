"""Lines of a bill that is reckoned beforehand: so many units at the price of a row.

Every line names the price row it used. A price that nobody has read stays unknown: it is listed with
its units and left out of the sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from facts.errors import UnknownFactError
from facts.prices import Price, price, table
from labs.errors import UsageError

HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Line:
    """So many units of something that has a price, or would have one."""

    noun: str
    what: str
    units: float | None
    price: Price

    @property
    def usd(self) -> float | None:
        """Dollars; None where the price is not known, or how many units."""
        return None if self.price.usd is None or self.units is None else self.units * self.price.usd

    @property
    def basis(self) -> str:
        """How the dollars come about, in words."""
        if self.units is None:
            return f"so many of {self.price.id} as only the deployed stack knows; {self.price.source}"
        units = plain(self.units)
        if self.price.usd is None:
            return f"{units} of {self.price.id}: price not known in {self.price.region}"
        return f"{units} at ${plain(self.price.usd, 10)} per {self.price.unit}"

    def as_json(self) -> dict[str, Any]:
        found = self.price
        priced = {"id": found.id, "region": found.region, "usd": found.usd, "unit": found.unit}
        as_of = found.as_of.isoformat() if found.as_of else None
        told = {"as_of": as_of, "source": found.source, "confidence": found.confidence}
        line = {"noun": self.noun, "what": self.what, "units": self.units, "usd": self.usd}
        return {**line, "price": {**priced, **told}}


def plain(number: float, digits: int = 6) -> str:
    """A number to so many digits, never with an exponent.

    >>> plain(0.00003), plain(1460), plain(1e7 / 3)
    ('0.00003', '1,460', '3,333,330')
    """
    return f"{Decimal(f'{number:.{digits}g}'):,f}"


def total(lines: Iterable[Line]) -> float:
    """The sum of what is known."""
    return sum(line.usd for line in lines if line.usd is not None)


def unknown(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.usd is None]


def check_region(region: str) -> None:
    """A region in which no price at all is known is refused."""
    known = sorted({where for (_, where), row in table().items() if row.known})
    if region not in known:
        raise UsageError(
            f"got region '{region}', of which no price is on record; there are {', '.join(known)}: "
            "`--region` takes one of them, for its prices alone"
        )


def priced(id: str, region: str) -> Price:
    """The price row; an unknown price where there is no such row."""
    try:
        return price(id, region)
    except UnknownFactError:
        return Price(id, region, unit="unit", source="no price on record")
