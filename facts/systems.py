"""The systems that the notes describe, and the lab that shows each at work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from facts import labs
from facts.errors import CellError, UnknownFactError
from facts.table import load

Kind = Literal[
    "algorithm", "aws-feature", "aws-service", "ml-technique", "pattern", "security-control", "tool"
]


@dataclass(frozen=True, slots=True)
class System:
    """One system, and what shows it at work: a resource of a lab's template, a step of its exercise, a test.

    `cdk_or_api` is where AWS has the system, whether or not a lab deploys it.
    """

    id: str
    section: str
    name: str
    kind: Kind
    what_notes_say: str
    cdk_or_api: str
    offline_demo: str
    lab: str
    resource: str = ""
    """Lab and type, such as `lake AWS::S3::Bucket`."""
    step: str = ""
    """Lab and step, such as `lake/layouts`."""
    test: str = ""

    def __post_init__(self) -> None:
        if (self.resource or self.step) and not self.test:
            raise CellError("test", "a system with a resource or a step is shown at work by a test")


@cache
def table() -> dict[str, System]:
    """Every system by id, in the order of the notes."""
    return load(System, "systems.csv")


def row(id: str) -> System:
    if id not in table():
        raise UnknownFactError.among("system", id, table())
    return table()[id]


def of_lab(noun: str) -> tuple[System, ...]:
    """The systems that one lab has to show.

    >>> [system.id for system in of_lab("tabular")][0]
    'linear-learner'
    """
    labs.row(noun)
    return tuple(system for system in table().values() if system.lab == noun)
