"""Values that AWS no longer takes from a new account: runtimes, versions, classes, as templates write them.

Whole services are in `services`, instance types of EC2, EMR and SageMaker in `instances`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from facts.errors import CellError, UnknownFactError
from facts.services import CLOSED, Status
from facts.table import Confidence, load


@dataclass(frozen=True, slots=True)
class Retired:
    """Values of one property of one CloudFormation type; `[]` in the path walks a list."""

    id: str
    cfn_type: str
    path: str
    values: tuple[str, ...]
    """Exact values or globs, in the case CloudFormation writes them."""
    status: Status
    service: str = ""
    """The row of `services` that this belongs to."""
    only_if: tuple[str, ...] = ()
    """`Path=value` of the same resource, all of which must hold; the value may be a glob."""
    since: str = ""
    successor: str = ""
    source: str = ""
    confidence: Confidence = "unknown"

    def __post_init__(self) -> None:
        if not self.values:
            raise CellError("values", "at least one value or glob")
        if any("=" not in condition for condition in self.only_if):
            raise CellError("only_if", f"got {self.only_if}, expected `Path=value` separated by `;`")

    @property
    def closed(self) -> bool:
        return self.status in CLOSED


@cache
def table() -> dict[str, Retired]:
    """Every row by id."""
    return load(Retired, "retired.csv")


def row(id: str) -> Retired:
    if id not in table():
        raise UnknownFactError.among("retired value", id, table())
    return table()[id]


@cache
def _by_type() -> dict[str, tuple[Retired, ...]]:
    rows: dict[str, list[Retired]] = defaultdict(list)
    for found in table().values():
        rows[found.cfn_type].append(found)
    return {cfn_type: tuple(found) for cfn_type, found in rows.items()}


def of_type(cfn_type: str) -> tuple[Retired, ...]:
    """The rows on properties of a CloudFormation type; none where it is not in the table."""
    return _by_type().get(cfn_type, ())


def matches(row: Retired, value: object) -> bool:
    """Whether a value, as a template has it, is one of the row's."""
    return any(like(pattern, value) for pattern in row.values)


def like(pattern: str, value: object) -> bool:
    """Whether a value is written as the pattern says.

    >>> like("db.m1.*", "db.m1.small"), like("1.0", 1.0), like("dc1.*", "ra3.large")
    (True, True, False)
    """
    return isinstance(value, str | int | float) and fnmatchcase(str(value), pattern)
