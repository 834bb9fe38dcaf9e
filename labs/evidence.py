"""What a lab is made of: named steps that return evidence, each with checks against something independent.

Everything here is plain data, so a run is written as JSON and read back for the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.context import Context

Figure = int | float | str


@dataclass(frozen=True)
class Check:
    """A statement about the account that is true or not, with what was seen and what was due."""

    statement: str
    passed: bool
    got: str
    expected: str


def equal(statement: str, got: object, expected: object) -> Check:
    """A check that holds when both sides are the same.

    >>> equal("delivered + failed = sent", 10, 11).passed
    False
    """
    return Check(statement, got == expected, shown(got), shown(expected))


def holds(statement: str, passed: bool, got: object, expected: object) -> Check:
    """A check whose condition the step has decided itself."""
    return Check(statement, bool(passed), shown(got), shown(expected))


def shown(value: object) -> str:
    """A value as a reader sees it: whole numbers grouped, long text cut.

    >>> shown(336776)
    '336,776'
    """
    if isinstance(value, bool) or not isinstance(value, int):
        text = f"{value:,.6g}" if isinstance(value, float) else str(value)
        return text if len(text) <= 300 else f"{text[:297]}…"
    return f"{value:,}"


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Evidence:
    """What a step did: figures to read, a table, series that plots are drawn from, checks, notes."""

    figures: dict[str, Figure] = field(default_factory=dict)
    table: Table | None = None
    series: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Step:
    """One thing a learner does, as a function over the account."""

    name: str
    title: str
    run: Callable[[Context], Evidence]


@dataclass(frozen=True)
class Lab:
    """Steps under one noun, with what must have run before, what bills, and how long it takes on AWS."""

    noun: str
    title: str
    depends_on: tuple[str, ...]
    steps: tuple[Step, ...]
    minutes: int
    bills: tuple[str, ...] = ()
    """Price ids of `facts` that the lab's use adds to."""


@dataclass(frozen=True)
class StepResult:
    """A step's evidence and how long it took."""

    lab: str
    name: str
    title: str
    seconds: float
    evidence: Evidence

    @property
    def passed(self) -> bool:
        return self.evidence.passed


@dataclass
class Run:
    """What happened from synthesis to destruction, in order."""

    started: str
    on: str
    region: str
    rows: int
    labs: list[str]
    steps: list[StepResult] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds of what surrounds the steps: synth, deploy, destroy."""
    ended: str = "running"
    """`finished`, `interrupted`, or the error that ended it."""
    seconds: float = 0.0
    leftovers: list[str] | None = None
    """What outlived the account's stacks; None where that was not asked."""
    grants: list[dict[str, Any]] = field(default_factory=list)
    """What the roles were allowed, and how many requests each grant let pass; only where policies decide."""

    @property
    def passed(self) -> bool:
        return self.ended == "finished" and all(step.passed for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Run:
        """The run that `as_json` wrote."""
        known = {key: value for key, value in data.items() if key not in ("passed", "steps")}
        return cls(**known, steps=[_result(step) for step in data["steps"]])


def _result(data: dict[str, Any]) -> StepResult:
    evidence = data["evidence"]
    table = Table(**evidence["table"]) if evidence["table"] else None
    checks = [Check(**check) for check in evidence["checks"]]
    return StepResult(**{**data, "evidence": Evidence(**{**evidence, "table": table, "checks": checks})})
