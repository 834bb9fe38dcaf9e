"""Grants that AWS needs and the sandbox does not: why a role is allowed what an offline run never used."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from facts.table import Confidence, load


@dataclass(frozen=True, slots=True)
class IdleGrant:
    """A reason for some actions of some roles; role and action are globs."""

    id: str
    role: str
    action: str
    reason: str
    source: str = ""
    confidence: Confidence = "unknown"


@cache
def table() -> dict[str, IdleGrant]:
    """Every row by id."""
    return load(IdleGrant, "idle_grants.csv")


def why(role: str, action: str) -> IdleGrant | None:
    """The reason for a grant, by the role's name and the action; None where nobody gave one.

    >>> why("ml-labs-training-JobRole014917C6-1", "ecr:BatchGetImage").id
    'job-image'
    """
    for row in table().values():
        if fnmatchcase(role, row.role) and fnmatchcase(action, row.action):
            return row
    return None
