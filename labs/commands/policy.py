"""`labs policy`: the permissions that deploying and destroying labs takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labs.assembly import stacks_of, synthesized
from labs.errors import CHECK_FAILED
from labs.options import AsJson, Overrides, printed
from labs.registry import lab


def policy_command(
    nouns: Annotated[list[str], typer.Argument(metavar="NOUN...", help="Labs.")],
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read this cloud assembly instead of synthesizing.")
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Print the least IAM policies that deploy and destroy labs' stacks, as a JSON list of documents.

    The first is for whoever deploys. The others are what CloudFormation does in your name: the role it
    works with carries them (`cdk bootstrap --cloudformation-execution-policies`), or you do. Derived from
    the templates: what CloudFormation's handlers of each type call, narrowed to the names the stacks give,
    each short enough for a managed policy. What the stacks may do once they run is in their own roles.

    Notes go to stderr. Ends with 1, and names them, where types declare no permissions.

    \b
    Examples:
      labs policy lake
      labs policy streaming catalog --json > policies.json
    """
    from labs.policy import policies
    from labs.synth import parsed_overrides

    wanted = list(dict.fromkeys(lab(noun).noun for noun in nouns))
    with synthesized(assembly, parsed_overrides(overrides or [])) as folder:
        found = policies(stacks_of(folder, wanted))
    printed(found.documents)
    if not as_json:
        typer.echo(
            f"{len(found.documents)} policies: the first to deploy, the rest for CloudFormation", err=True
        )
        if found.unknown:
            typer.echo(f"left out, IAM has no such action: {', '.join(found.unknown)}", err=True)
    for kind in found.undeclared:
        typer.echo(f"{kind} declares no permissions: grant what its service needs yourself", err=True)
    if found.undeclared:
        raise typer.Exit(CHECK_FAILED)
