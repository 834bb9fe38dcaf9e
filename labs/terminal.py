"""What a run looks like while it happens: bars and colours in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as Grid

from labs.evidence import Check, Evidence, Lab, Run, Step, StepResult, Table, shown


class Screen:
    """Listens to a run and shows it; says nothing at all when results go to a machine."""

    def __init__(self, *, quiet: bool = False, details: bool = False, step: str = "") -> None:
        """With `details` every step shows its table and all checks; with `step`, as `noun/name`, that one."""
        self._details, self._step = details, step
        self.console = Console(quiet=quiet, highlight=False, soft_wrap=not sys.stdout.isatty())
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("[dim]{task.description}"),
            BarColumn(bar_width=36),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}
        self._lab = ""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def progress(self, label: str, done: int, total: int) -> None:
        """Move the bar of this name; it goes when it is full."""
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)
        if done >= total:
            self._bars.remove_task(self._tasks.pop(label))

    def say(self, line: str) -> None:
        self.console.print(f"[bold]{escape(line)}[/bold]")

    def phase_started(self, name: str) -> None:
        self._clear_bars()
        self.progress(name, 0, 1)

    def phase_ended(self, name: str, seconds: float) -> None:
        self._clear_bars()
        self.console.print(f"[bold]{name}[/bold]  [dim]{seconds:.1f} s[/dim]")

    def resource(self, event: Any) -> None:
        """A resource of a stack has changed its status (only the terminal has room for that)."""
        if self.console.is_terminal:
            self.progress(f"{event.stack} {event.logical_id}"[:60], 1, 1)

    def step_started(self, lab: Lab, step: Step) -> None:
        self._clear_bars()
        if lab.noun != self._lab:
            self._lab = lab.noun
            self.console.print(f"\n[bold cyan]{lab.noun}[/bold cyan]  {lab.title}")

    def step_ended(self, result: StepResult) -> None:
        self._clear_bars()
        mark = "[green]✓[/green]" if result.passed else "[red]✗[/red]"
        self.console.print(f"  {mark} {result.title}  [dim]{result.seconds:.1f} s[/dim]")
        self._evidence(result.evidence, self._details or f"{result.lab}/{result.name}" == self._step)

    def _clear_bars(self) -> None:
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()

    def _evidence(self, evidence: Evidence, details: bool) -> None:
        figures = "  ".join(
            f"{name} [bold]{escape(shown(value))}[/bold]" for name, value in evidence.figures.items()
        )
        if figures:
            self.console.print(f"      {figures}")
        if details and evidence.table:
            self._table(evidence.table)
        for check in evidence.checks:
            if not check.passed:
                self._failed(check)
            elif details:
                self.console.print(f"      [green]✓[/green] {escape(check.statement)}")
        for note in evidence.notes:
            self.console.print(f"      [dim]{escape(note)}[/dim]")

    def _table(self, table: Table) -> None:
        grid = Grid(box=None, pad_edge=False)
        for column in table.columns:
            grid.add_column(column, overflow="fold")
        for row in table.rows:
            grid.add_row(*(escape(shown(value)) for value in row))
        self.console.print(Padding(grid, (0, 0, 0, 6)))

    def _failed(self, check: Check) -> None:
        said = f"got {check.got}, expected {check.expected}"
        self.console.print(f"      [red]✗ {escape(check.statement)}[/red]: {escape(said)}")

    def ended(self, run: Run, report: str) -> None:
        """The last lines: how many checks held, and where the report lies."""
        checks = [check for step in run.steps for check in step.evidence.checks]
        held = sum(check.passed for check in checks)
        colour = "green" if run.passed else "red"
        self.console.print(
            f"\n[{colour}]{held} of {len(checks)} checks hold[/{colour}], "
            f"{len(run.steps)} steps in {run.seconds:.1f} s"
        )
        self.console.print(f"report: {report}")

    def labs(self, labs: list[Lab]) -> None:
        """All labs with their steps."""
        grid = Grid("lab", "what it is", "runs first", "steps", "minutes on AWS", box=None, pad_edge=False)
        for lab in labs:
            steps = ", ".join(step.name for step in lab.steps)
            grid.add_row(
                f"[bold cyan]{lab.noun}", lab.title, ", ".join(lab.depends_on) or "-", steps, str(lab.minutes)
            )
        self.console.print(grid)


def complain(message: str) -> None:
    """One message on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error[/red]: {escape(message)}")
