"""`labs iam`: what the roles were allowed, beside what they did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding

from labs import runs
from labs.errors import CHECK_FAILED, UsageError
from labs.options import AsJson, printed

app = typer.Typer(no_args_is_help=True)


@app.callback()
def iam() -> None:
    """What the roles were allowed, beside what they did.

    \b
    Examples:
      labs iam unused                the grants that the last run never used
      labs iam unused runs/…         those of another run
    """


@app.command("unused")
def unused_command(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="A run's folder; default: the last run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the grants that a run never used, each with the reason why it is given all the same.

    Offline every request of a role is decided by its policies, and each grant that let one pass is
    counted. Run all labs first: what a lab needs that did not run looks unused. Ends with 1 where a
    grant has no reason.

    \b
    Examples:
      labs iam unused
      labs iam unused runs/20260105T120000Z --json
    """
    found, _, folder = runs.load(run or runs.newest())
    if not found.grants:
        raise UsageError(f"{folder} has no grants: only offline runs that reach their end count them")
    idle = unused(found.grants)
    if as_json:
        printed(idle)
    else:
        show(idle, len(found.grants))
    if any(grant["reason"] is None for grant in idle):
        raise typer.Exit(CHECK_FAILED)


def unused(grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The grants that let no request pass, with reason, source and confidence where there are any."""
    from facts.idle_grants import why

    found = []
    for grant in grants:
        if not grant["used"]:
            row = why(grant["role"], grant["action"])
            given = asdict(row) if row else {}
            found.append({**grant, **{key: given.get(key) for key in ("reason", "source", "confidence")}})
    return found


def show(idle: list[dict[str, Any]], total: int) -> None:
    """Each role with its idle grants, those of one reason in one line."""
    shared: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for grant in idle:
        reason = grant["reason"] or "[red]no reason is on record: drop it, or say why in facts/[/red]"
        shared[grant["role"].rpartition("-")[0]][reason].append(grant["action"])
    console = Console(highlight=False)
    for role, reasons in shared.items():
        console.print(f"\n[bold cyan]{role}[/bold cyan]")
        for reason, actions in reasons.items():
            console.print(Padding(f"{', '.join(dict.fromkeys(actions))}: [dim]{reason}[/dim]", (0, 0, 0, 2)))
    console.print(f"\n{len(idle)} of {total} grants were never used")
