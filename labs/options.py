"""Options and arguments that several commands take, and how they print for machines."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class Where(StrEnum):
    """Where the account is."""

    offline = "offline"
    sandbox = "sandbox"
    aws = "aws"


Nouns = Annotated[list[str] | None, typer.Argument(metavar="[NOUN]...", help="Labs; default: the pipeline.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print results for machines, and nothing else.")]
Overrides = Annotated[
    list[str] | None, typer.Option("-c", "--context", metavar="KEY=VALUE", help="Override a key of cdk.json.")
]
On = Annotated[
    Where,
    typer.Option(
        "--on", help="In this process, in a sandbox that `labs sandbox` serves, or in the configured account."
    ),
]


def printed(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1))
