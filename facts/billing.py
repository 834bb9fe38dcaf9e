"""What each CloudFormation type bills while nothing happens: nothing, something, or an hour's price for ever.

A type that no row names is not known to be free: whoever reads this table lists it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from facts.table import Confidence, load

Idle = Literal["free", "billed", "always-on"]
"""`free`: use and storage may bill. `always-on`: runs, and bills, until it is deleted."""

Units = Literal["one", "month", "shards", "interfaces", "provisioned"]
"""How many units of the price an hour takes, as the labs reckon them."""


@dataclass(frozen=True, slots=True)
class Billing:
    """One type, or a glob such as `AWS::IAM::*`; `price` is a row of `prices` where there is one."""

    type: str
    idle: Idle
    price: str = ""
    units: Units = "one"
    only_if: str = ""
    """A property without which the type bills nothing."""
    note: str = ""
    source: str = ""
    confidence: Confidence = "unknown"


@cache
def table() -> dict[str, Billing]:
    """Every row by type."""
    return load(Billing, "billing.csv", key=("type",))


@cache
def of_type(cfn_type: str) -> Billing | None:
    """The row of a type, else the longest glob that it matches.

    >>> of_type("AWS::EC2::NatGateway").idle, of_type("AWS::IAM::Role").idle, of_type("AWS::New::Thing")
    ('always-on', 'free', None)
    """
    if cfn_type in table():
        return table()[cfn_type]
    globs = [row for row in table().values() if fnmatchcase(cfn_type, row.type)]
    return max(globs, key=lambda row: len(row.type), default=None)
