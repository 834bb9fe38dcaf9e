"""`labs policy`: the permissions that deploying and destroying labs takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from labs.commands.cost import stacks_of, synthesized
from labs.errors import CHECK_FAILED
from labs.options import Overrides
from labs.registry import lab


def policy_command(
    nouns: Annotated[list[str], typer.Argument(metavar="NOUN...", help="Labs.")],
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read this cloud assembly instead of synthesizing.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Print the least IAM policies that deploy and destroy labs' stacks, as a JSON list of documents.

    Derived from the templates: what CloudFormation's handlers of each type call, narrowed to the names
    the stacks give. Each document fits a managed policy. Ends with 1, and names them, where a type
    declares no permissions. What the stacks may do once they run is in their own roles.

    \b
    Examples:
      labs policy lake
      labs policy streaming catalog > policies.json
    """
    from labs.policy import documents
    from labs.synth import parsed_overrides

    wanted = [lab(noun).noun for noun in nouns]
    with synthesized(assembly, parsed_overrides(overrides or [])) as folder:
        found, undeclared = documents(stacks_of(folder, wanted))
    typer.echo(json.dumps(found, indent=1))
    for kind in undeclared:
        typer.echo(f"{kind} declares no permissions: grant what its service needs yourself", err=True)
    if undeclared:
        raise typer.Exit(CHECK_FAILED)
