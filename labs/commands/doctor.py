"""`labs doctor`: what would stop a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from labs.commands.cost import synthesized
from labs.errors import CHECK_FAILED
from labs.options import AsJson, Nouns, printed
from labs.registry import PIPELINE, lab

COLOURS = {"ok": "green", "problem": "red", "warning": "yellow", "not checked": "yellow", "note": "cyan"}


def doctor_command(
    nouns: Nouns = None,
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Look at this cloud assembly instead of synthesizing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what would stop a deployment into the configured account, by read-only calls.

    Credentials and region, the CDK's bootstrap, its command line against the assembly, Node, quotas of
    the instance types the labs use, Lake Formation settings, leftovers of earlier runs. Honours
    AWS_ENDPOINT_URL. Ends with 1 when there is a problem.

    \b
    Examples:
      labs doctor
      labs doctor training --json
    """
    from labs import account
    from labs.context import silent
    from labs.doctor import examine
    from labs.flights import TOTAL

    wanted = [lab(noun).noun for noun in nouns or PIPELINE]
    context = account.context(TOTAL, silent)
    with synthesized(assembly, {}) as folder:
        findings = examine(context, folder, wanted)
    if as_json:
        printed([finding.as_json() for finding in findings])
    else:
        grid = Grid("check", "", "found", "what to do", box=None, pad_edge=False)
        for one in findings:
            grid.add_row(one.check, f"[{COLOURS[one.level]}]{one.level}", one.found, one.advice)
        Console(highlight=False).print(grid)
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(CHECK_FAILED)
