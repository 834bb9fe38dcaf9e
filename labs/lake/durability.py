"""Eleven nines as arithmetic: how many objects a year are lost of how many that are kept."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from facts import limits
from labs.context import Context
from labs.evidence import Evidence, Table, equal

OBJECTS = (10**6, 10**7, 10**9, 10**12, 10**14)
NOTED = "99.99999999"
"""Ten nines, as the notes have it."""


def reckon_losses(context: Context) -> Evidence:
    """Of ten million objects S3 is built to lose one in ten thousand years; ten nines would lose ten."""
    durability = f"{limits.number('s3-durability'):.9f}"
    rows = [
        [f"{count:,}", _said(losses(count, durability)), _years(losses(count, durability))]
        for count in OBJECTS
    ]
    return Evidence(
        figures={"durability in percent a year": durability, "nines": nines(durability)},
        table=Table(["objects", "lost a year", "one lost in"], rows),
        checks=[
            equal("S3 is designed for eleven nines", nines(durability), 11),
            equal("ten million objects lose one in ten thousand years", 1 / losses(10**7, durability), 10**4),
            equal("ten nines lose ten times as many", losses(1, NOTED) / losses(1, durability), 10),
        ],
        notes=[
            "What S3 is designed for, not a promise: its service level agreement is on availability.",
            "A deleted or overwritten object is not lost in this sense; versions guard against that.",
        ],
    )


def losses(objects: int, durability: str) -> Fraction:
    """How many of so many objects are lost in a year, at a durability in percent.

    >>> losses(10**11, "99.999999999")
    Fraction(1, 1)
    """
    return objects * (1 - Fraction(Decimal(durability)) / 100)


def nines(durability: str) -> int:
    """
    >>> nines("99.99")
    4
    """
    return durability.replace(".", "").count("9")


def _said(lost: Fraction) -> str:
    return f"{float(lost):,.6g}"


def _years(lost: Fraction) -> str:
    return f"{float(1 / lost):,.6g} years"
