"""`labs leftovers`: what a destroyed lab left in the account."""

from __future__ import annotations

import typer

from labs.errors import LeftoversError
from labs.options import AsJson, Nouns, printed
from labs.registry import PIPELINE, lab


def leftovers_command(nouns: Nouns = None, as_json: AsJson = False) -> None:
    """List what still exists of labs in the configured AWS account, by read-only calls.

    Stacks of ours, whatever carries the tag `lab`, and log groups and buckets with a stack's name.
    Ends with 6 when there is any. Keys that wait for their deletion do not count.

    \b
    Examples:
      labs leftovers
      labs leftovers streaming --json
    """
    from labs import account
    from labs.context import silent
    from labs.flights import TOTAL
    from labs.leftovers import leftovers

    wanted = [lab(noun).noun for noun in nouns or PIPELINE]
    found = leftovers(account.context(TOTAL, silent), wanted)
    if as_json:
        printed(found)
    elif not found:
        typer.echo(f"nothing is left of {', '.join(wanted)}")
    if found:
        raise LeftoversError("still there:\n  " + "\n  ".join(found))
