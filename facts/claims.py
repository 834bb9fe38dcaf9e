"""The checkable statements of the notes, and what became of each.

A claim ends as `confirmed` by a named test, `corrected` with today's truth and its source, or
`untestable` with the reason why; until then it is `open`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from facts import labs
from facts.errors import CellError, UnknownFactError
from facts.table import Confidence, load

Verdict = Literal["confirmed", "corrected", "untestable", "open"]

Kind = Literal[
    "architecture",
    "behaviour",
    "constraint",
    "cost",
    "default",
    "format",
    "formula",
    "instance-type",
    "limit",
]

Problem = Literal["out of date", "incomplete or misleading", "wrong", "mistranslation or typo"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement, by section and line of the notes; `truth` is what holds today where it does not."""

    id: str
    section: str
    line: int
    claim_en: str
    kind: Kind
    check_idea: str
    verdict: Verdict
    problem: Problem | None = None
    truth: str = ""
    source: str = ""
    confidence: Confidence = "unknown"
    test: str = ""

    def __post_init__(self) -> None:
        if self.verdict == "confirmed" and not self.test:
            raise CellError("test", "a confirmed claim names the test that confirms it")
        for column, given in (("truth", self.truth), ("source", self.source)):
            if self.verdict == "corrected" and not given:
                raise CellError(column, "a corrected claim says today's truth and its source")
        if self.verdict == "untestable" and not self.truth:
            raise CellError("truth", "an untestable claim says why in `truth`")

    @property
    def lab(self) -> str:
        """The lab that answers for the claim."""
        return labs.of_section(self.section)


@cache
def table() -> dict[str, Claim]:
    """Every claim by id, in the order of the notes."""
    return load(Claim, "claims.csv")


def row(id: str) -> Claim:
    if id not in table():
        raise UnknownFactError.among("claim", id, table())
    return table()[id]


def of_lab(noun: str) -> tuple[Claim, ...]:
    """The claims that one lab has to settle."""
    sections = labs.row(noun).sections
    return tuple(claim for claim in table().values() if claim.section in sections)


def with_verdict(verdict: Verdict) -> tuple[Claim, ...]:
    """The claims that stand so."""
    return tuple(claim for claim in table().values() if claim.verdict == verdict)
