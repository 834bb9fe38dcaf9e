"""Versions of RDS engines that no new instance or cluster may have, one by one, of majors that live on.

Majors that are gone whole are rows of `retired`. An engine may be a glob: `sqlserver-*` is every edition.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from facts.table import load


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """One version of one engine that RDS calls deprecated or no longer supports."""

    engine: str
    version: str
    source: str


@cache
def table() -> dict[tuple[str, str], EngineVersion]:
    """Every row by engine and version."""
    return load(EngineVersion, "engine_versions.csv", key=("engine", "version"))


@cache
def _engines() -> tuple[str, ...]:
    return tuple(dict.fromkeys(engine for engine, _ in table()))


def deprecated(engine: str, version: str) -> EngineVersion | None:
    """The row of a version; None where nothing says that it cannot be created.

    >>> deprecated("postgres", "13.4") is None, deprecated("postgres", "13.23") is None
    (False, True)
    """
    rows = (table().get((one, version)) for one in _engines() if fnmatchcase(engine, one))
    return next((row for row in rows if row), None)
