"""The labs, one noun each, and the sections of the notes they cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from facts.errors import UnknownFactError
from facts.table import load


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab: its noun names the stack, the workload, the exercise, the guide and the test."""

    noun: str
    number: int
    sections: tuple[str, ...]
    title: str


@cache
def table() -> dict[str, Lab]:
    """Every lab by noun, in the order of the notes."""
    return load(Lab, "labs.csv", key=("noun",))


@cache
def nouns() -> tuple[str, ...]:
    return tuple(table())


def row(noun: str) -> Lab:
    if noun not in table():
        raise UnknownFactError.among("lab", noun, table())
    return table()[noun]


@cache
def _nouns_by_section() -> dict[str, str]:
    return {section: lab.noun for lab in table().values() for section in lab.sections}


def of_section(section: str) -> str:
    """The noun of the lab that covers a section of the notes.

    >>> of_section("2.14")
    'training'
    """
    if section not in _nouns_by_section():
        raise UnknownFactError.among("section of the notes", section, _nouns_by_section())
    return _nouns_by_section()[section]
