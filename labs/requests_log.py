"""A line for each request that a served account answers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.text import Text

COLOURS = {2: "green", 3: "green", 4: "yellow", 5: "red"}
"""By the first digit of a status."""


class Answered(Protocol):
    """What the account tells of a request."""

    @property
    def at(self) -> datetime: ...
    @property
    def operation(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def caller(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def milliseconds(self) -> float: ...
    @property
    def received(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def message(self) -> str: ...


class RequestsLog:
    """Writes lines with colours in a terminal, and plain ones anywhere else."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def add(self, answered: Answered) -> None:
        self._console.print(line(answered), soft_wrap=True)


def line(answered: Answered) -> Text:
    """Time, status, how long it took, bytes in and out, what was asked, of what, by whom; and why not."""
    text = Text()
    text.append(f"{answered.at.astimezone():%H:%M:%S}  ", "dim")
    text.append(f"{answered.status}  ", COLOURS.get(answered.status // 100, "red"))
    text.append(
        f"{answered.milliseconds:8.1f} ms  {size(answered.received)} in  {size(answered.sent)} out  ", "dim"
    )
    text.append(answered.operation, "bold")
    text.append(f"  {answered.resource}" if answered.resource else "")
    text.append(f"  {answered.caller}" if answered.caller else "", "dim")
    if answered.message:
        text.append(f"  {answered.message}", COLOURS.get(answered.status // 100, "red"))
    return text


def size(count: int) -> str:
    """Bytes, in eight columns.

    >>> size(0), size(4096), size(7 * 1024**2)
    ('     0 B', '   4 KiB', '   7 MiB')
    """
    for unit, least in (("MiB", 1024**2), ("KiB", 1024)):
        if count >= least:
            return f"{count / least:>4.0f} {unit}"
    return f"{count:>6} B"
