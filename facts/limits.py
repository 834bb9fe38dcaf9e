"""The limits AWS puts on its services, in base units: bytes, seconds, counts.

>>> value("kinesis-shard-write-records")
1000
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from facts.errors import CellError, ImpossibleError, UnknownFactError
from facts.table import Confidence, Scalar, load, whole
from facts.table import number as number_of

WORDS = ("date", "name", "names", "release", "tag", "version", "word")
"""Units of values that stay text even where they look like numbers: version 3.10 is not 3.1."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, what the notes of 2022 said of it, and where today's value comes from."""

    id: str
    value: Scalar
    unit: str
    stated_2022: str = ""
    note: str = ""
    source: str = ""
    confidence: Confidence = "unknown"
    as_of: date | None = None

    def __post_init__(self) -> None:
        if self.unit not in WORDS:
            object.__setattr__(self, "value", numeric(str(self.value)))


def numeric(text: str) -> int | float:
    """The number a text spells: an int unless it has a fraction.

    >>> numeric("1048576"), numeric("0.2")
    (1048576, 0.2)
    """
    try:
        return whole(text) if text.lstrip("-").isdecimal() else number_of(text)
    except ValueError as problem:
        raise CellError("value", str(problem)) from None


@cache
def table() -> dict[str, Limit]:
    """Every limit by id."""
    return load(Limit, "limits.csv")


def row(id: str) -> Limit:
    """The limit with its source, or an error that lists the nearest ids."""
    if id not in table():
        raise UnknownFactError.among("limit", id, table())
    return table()[id]


def value(id: str) -> Scalar:
    """Today's value: int or float, or text where its unit is a word (a version, a name, a list of names)."""
    return row(id).value


def number(id: str) -> int | float:
    """Today's value of a limit that is a number; a limit in words is refused.

    >>> number("kinesis-retention-hours-default")
    24
    """
    found = value(id)
    if isinstance(found, str):
        raise ImpossibleError(f"limit {id!r} is {found!r}, which is not a number; read it with `value`")
    return found


def names(id: str) -> tuple[str, ...]:
    """Today's value of a limit that is a list of names, such as the compression formats of Firehose.

    >>> names("sagemaker-tuning-strategies")
    ('Bayesian', 'Random', 'Hyperband', 'Grid')
    """
    return tuple(str(value(id)).split(";"))
