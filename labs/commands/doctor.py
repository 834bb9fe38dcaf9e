"""`labs doctor`: what would stop a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from labs.assembly import stacks_of, synthesized
from labs.errors import CHECK_FAILED
from labs.options import AsJson, Nouns, Overrides, printed
from labs.registry import PIPELINE, lab

if TYPE_CHECKING:
    from labs.doctor import Finding

COLOURS = {"ok": "green", "problem": "red", "warning": "yellow", "not checked": "yellow", "note": "cyan"}


def doctor_command(
    nouns: Nouns = None,
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Look at this cloud assembly instead of synthesizing.")
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find what would stop a deployment into the configured account, by read-only calls.

    Credentials and region, the CDK's bootstrap, its command line against the assembly, Node, quotas of
    the instance types the labs use, Lake Formation settings, leftovers of earlier runs. Honours
    AWS_ENDPOINT_URL. What could not be looked at is listed as not checked. Ends with 1 when there is a
    problem.

    \b
    Examples:
      labs doctor
      labs doctor training -c lab:spot=true
      labs doctor training --json
    """
    findings = _findings([lab(noun).noun for noun in nouns or PIPELINE], assembly, overrides or [])
    if as_json:
        printed([finding.as_json() for finding in findings])
    else:
        _show(findings)
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(CHECK_FAILED)


def _findings(nouns: list[str], assembly: Path | None, overrides: list[str]) -> list[Finding]:
    from labs import account
    from labs.context import silent
    from labs.doctor import examine, missing
    from labs.flights import TOTAL
    from labs.synth import parsed_overrides

    given = parsed_overrides(overrides)
    if lacks := missing():
        return [lacks]
    context = account.context(TOTAL, silent)
    with synthesized(assembly, given) as folder:
        return examine(context, folder, stacks_of(folder, nouns))


def _show(findings: list[Finding]) -> None:
    grid = Grid("check", "", box=None, pad_edge=False)
    for heading in ("found", "what to do"):
        grid.add_column(heading, overflow="fold")
    for one in findings:
        level = Text(one.level, style=COLOURS[one.level], no_wrap=True)
        grid.add_row(one.check, level, escape(one.found), escape(one.advice))
    Console(highlight=False).print(grid)
