"""`labs systems`: what the notes describe, and what shows it at work."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from labs.options import AsJson, printed


def systems_command(
    lab: Annotated[str | None, typer.Option(metavar="NOUN", help="Only the systems of this lab.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the systems of the notes by lab, each with the test that shows it at work.

    A system without a test waits for its lab: what is listed beside it is how it will be shown.

    \b
    Examples:
      labs systems
      labs systems --lab catalog --json
    """
    from facts import labs, systems

    nouns = [labs.row(lab).noun] if lab else list(labs.nouns())
    found = {noun: systems.of_lab(noun) for noun in nouns}
    if as_json:
        printed([{**asdict(system), "works": bool(system.test)} for row in found.values() for system in row])
        return
    console = Console(highlight=False)
    for noun, row in found.items():
        console.print(
            f"\n[bold cyan]{noun}[/bold cyan]  {sum(bool(s.test) for s in row)} of {len(row)} at work"
        )
        grid = Grid("", "section", "system", "AWS", "shown by", box=None, pad_edge=False, show_header=False)
        for system in row:
            shown = system.test or f"[dim]{system.offline_demo}[/dim]"
            mark = "[green]✓[/green]" if system.test else "[dim]·[/dim]"
            grid.add_row(mark, system.section, system.name, system.cdk_or_api, shown)
        console.print(grid)
    every = [system for row in found.values() for system in row]
    console.print(f"\n{sum(bool(system.test) for system in every)} of {len(every)} systems at work")
