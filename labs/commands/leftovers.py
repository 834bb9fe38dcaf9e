"""`labs leftovers`: what a destroyed lab left in the account."""

from __future__ import annotations

from typing import Annotated

import typer

from labs.errors import LeftoversError, RunError
from labs.options import AsJson, Nouns, Where, printed
from labs.registry import PIPELINE, lab

OFFLINE = "an offline account vanishes with its process: nothing can be left"


def leftovers_command(
    nouns: Nouns = None,
    on: Annotated[Where, typer.Option("--on", help="An account that outlives its run.")] = Where.aws,
    as_json: AsJson = False,
) -> None:
    """List what still exists of labs in the configured AWS account, by read-only calls.

    Stacks of ours, whatever carries the tag `lab`, and log groups, buckets and roles with a stack's name.
    Ends with 6 when there is any, with 5 when nothing was found but a call was refused. Keys that wait for
    their deletion do not count.

    \b
    Examples:
      labs leftovers
      labs leftovers streaming --json
    """
    from labs import account
    from labs.leftovers import Left, leftovers

    wanted = [lab(noun).noun for noun in nouns or PIPELINE]
    left = Left() if on is Where.offline else leftovers(account.at(on), wanted)
    if as_json:
        printed({"found": left.found, "not_checked": left.not_checked})
    elif on is Where.offline:
        typer.echo(OFFLINE)
    elif not left.found and not left.not_checked:
        typer.echo(f"nothing is left of {', '.join(wanted)}")
    refused = "".join(f"\nnot checked: {one}" for one in left.not_checked)
    if left.found:
        raise LeftoversError("still there:\n  " + "\n  ".join(left.found) + refused)
    if refused:
        raise RunError(f"found nothing of {', '.join(wanted)}, but could not look everywhere:{refused}")
