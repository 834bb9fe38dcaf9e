"""`labs claims`: what the notes say, and what became of it."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from labs.errors import UsageError
from labs.options import AsJson, printed

COLOURS = {"confirmed": "green", "corrected": "yellow", "untestable": "cyan", "open": "dim"}


def claims_command(
    lab: Annotated[str | None, typer.Option(metavar="NOUN", help="Only what this lab answers for.")] = None,
    verdict: Annotated[
        str | None, typer.Option(metavar="VERDICT", help=f"Only one of {', '.join(COLOURS)}.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show each statement of the notes with its verdict.

    confirmed: by the test that is named. corrected: with what holds today, its source and how sure it is.
    untestable: with the reason. open: no lab has shown it yet.

    \b
    Examples:
      labs claims --lab streaming
      labs claims --verdict corrected --json
    """
    from facts import claims

    if verdict is not None and verdict not in COLOURS:
        raise UsageError(f"got verdict '{verdict}'; there are {', '.join(COLOURS)}")
    found = claims.of_lab(lab) if lab else tuple(claims.table().values())
    chosen = [claim for claim in found if verdict in (None, claim.verdict)]
    if as_json:
        printed([{**asdict(claim), "lab": claim.lab} for claim in chosen])
        return
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    for claim in chosen:
        colour = COLOURS[claim.verdict]
        at = f"{claim.id}, line {claim.line}"
        console.print(f"[{colour}]{claim.verdict}[/{colour}]  {escape(claim.claim_en)}  [dim]{at}[/dim]")
        for line in _because(claim):
            console.print(f"    {escape(line)}", style="dim" if claim.verdict == "open" else "")
    counts: Counter[str] = Counter(claim.verdict for claim in chosen)
    console.print(", ".join(f"{counts[name]} {name}" for name in COLOURS if counts[name]) or "no such claim")


def _because(claim: object) -> list[str]:
    from facts.claims import Claim

    assert isinstance(claim, Claim)
    if claim.verdict == "confirmed":
        return [claim.test]
    if claim.verdict == "corrected":
        return [claim.truth, f"{claim.source}; confidence {claim.confidence}"]
    return [claim.truth] if claim.truth else []
