"""Everything that can be wrong about a fact, as one tree.

FactsError
├── TableError           a file of facts/data breaks its schema; names file, row and column
├── UnknownFactError     no fact has this id; names the nearest ones
└── ImpossibleError      a question that no fact can answer, such as shards for a negative rate
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FactsError(Exception):
    """A fact is missing, malformed or misused."""


class TableError(FactsError):
    """A table does not hold what its schema says."""

    @classmethod
    def at(cls, file: str, row: int | str, column: str, problem: str) -> TableError:
        return cls(f"{file}, row {row}, column {column!r}: {problem}")


class CellError(ValueError):
    """What a row says of one of its own columns, before its table adds file and row."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


class UnknownFactError(FactsError):
    """A fact was asked for by an id that no table holds."""

    @classmethod
    def among(cls, what: str, asked: str, known: Iterable[str]) -> UnknownFactError:
        ids = sorted(set(known))
        near = get_close_matches(asked, ids, n=5, cutoff=0.5) or ids[:5]
        return cls(f"no {what} {asked!r}; nearest: {', '.join(near)}")


class ImpossibleError(FactsError):
    """What was asked has no meaning in AWS."""
