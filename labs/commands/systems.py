"""`labs systems`: what the notes describe, and what shows it at work."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from labs.options import AsJson, printed

if TYPE_CHECKING:
    from facts.systems import System


def systems_command(
    lab: Annotated[str | None, typer.Option(metavar="NOUN", help="Only the systems of this lab.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the systems of the notes by lab, each with what shows it at work.

    A resource of a lab's template, a step of its exercise, and always a test, which runs in the default
    suite. A system without a test waits for its lab: what is listed below it is how it will be shown.

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
        for system in row:
            mark = "[green]✓[/green]" if system.test else "[dim]·[/dim]"
            console.print(f"{mark} {system.section:<5} {escape(system.name)}", soft_wrap=True)
            for line in shown(system):
                console.print(f"        {escape(line)}", style="dim", soft_wrap=True)
    every = [system for row in found.values() for system in row]
    console.print(f"\n{sum(bool(system.test) for system in every)} of {len(every)} systems at work")


def shown(system: System) -> list[str]:
    """What shows a system at work, or how it will be shown; a test stands whole, so that it can be run."""
    if not system.test:
        return [f"{system.cdk_or_api}; to come: {system.offline_demo}"]
    found = (("resource", system.resource), ("step", system.step), ("test", system.test))
    return [f"{kind} {name}" for kind, name in found if name]
