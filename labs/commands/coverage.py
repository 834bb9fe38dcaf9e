"""`labs sandbox coverage`: what the sandbox does with each property of a CloudFormation type."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from labs.errors import UsageError
from labs.options import AsJson, printed

if TYPE_CHECKING:
    from offline.resources.coverage import Coverage

MARKS = {"honoured": "[green]honoured[/green]", "inert": "inert", "unsupported": "[red]unsupported[/red]"}

WIDEST = 110
"""Columns that hold the longest name of a type beside its counts."""


def coverage_command(
    kind: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="A CloudFormation type; default: all of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the sandbox does with CloudFormation types and their properties.

    A property is honoured, inert (it can have no effect here) or unsupported: a template that sets it is
    refused by name. An update changes it in place, replaces the resource or is refused. Found in the code
    that creates each type, and in CloudFormation's own schemas.

    \b
    Examples:
      labs sandbox coverage
      labs sandbox coverage AWS::Glue::Crawler
      labs sandbox coverage AWS::S3::Bucket --json
    """
    from offline.errors import UnknownResourceTypeError
    from offline.resources.coverage import coverage, coverages

    try:
        found = coverages() if kind is None else [coverage(kind)]
    except UnknownResourceTypeError as error:
        raise UsageError(str(error)) from None
    if as_json:
        printed([asdict(one) for one in found] if kind is None else asdict(found[0]))
    elif kind is None:
        _show_types(found)
    else:
        _show_type(found[0])


def _show_types(found: list[Coverage]) -> None:
    grid = Grid("type", *MARKS, "GetAtt", "update", "drift", box=None, pad_edge=False)
    for one in found:
        counts = [sum(p.status == status for p in one.properties) for status in MARKS]
        answers = f"{len(one.answered)}/{len(one.answered) + len(one.unanswered)}"
        facts = [_yes(fact) for fact in (one.update, one.drift)]
        grid.add_row(one.type, *(str(count or "-") for count in counts), answers, *facts)
    # Names of types are long, and are not cut where the terminal is narrow.
    console = Console(highlight=False, width=max(Console().width, WIDEST))
    console.print(grid)
    every = [p for one in found for p in one.properties]
    honoured = sum(p.status == "honoured" for p in every)
    console.print(f"\n{len(found)} types; {honoured} of {len(every)} properties honoured")


def _yes(fact: bool) -> str:
    return "yes" if fact else "-"


def _show_type(one: Coverage) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold cyan]{one.type}[/bold cyan]  {one.module}\n")
    grid = Grid("property", "", "update", "drift", "why", box=None, pad_edge=False)
    for p in one.properties:
        grid.add_row(p.path, MARKS[p.status], p.change or "", _yes(p.drift), p.reason)
    console.print(grid)
    console.print(f"\nFn::GetAtt answers: {', '.join(one.answered) or 'nothing'}")
    if one.unanswered:
        console.print(f"Fn::GetAtt refuses: {', '.join(one.unanswered)}")
    console.print(f"update in place: {_yes(one.update)} · drift detection: {_yes(one.drift)}")
