"""`labs check`: the gate over templates of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labs.errors import CHECK_FAILED, UsageError
from labs.options import AsJson, printed


def check_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[TEMPLATE|ASSEMBLY]...", help="Templates (JSON or YAML) or cdk.out folders."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="OLD", help="Also find updates of this that AWS refuses.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find dead services, retired versions and instance types, and mistakes AWS tells only at deploy time.

    One line per finding: template, logical id, type, property, rule, what is wrong, what to do, source.
    Ends with 1 when there is any. A resource acknowledges a finding in its Metadata:
    {"Gate": {"Acknowledge": [{"Rule": "lifecycle-amazon-kendra", "Reason": "shows history"}]}}.

    \b
    Examples:
      labs check                            this project's cdk.out
      labs check template.yaml --json
      labs check cdk.out --against ../main/cdk.out
    """
    from gate.check import acknowledged_in_assembly, changes, findings
    from gate.errors import TemplateError
    from gate.files import read
    from labs.synth import ASSEMBLY

    found = []
    try:
        for path in paths or [ASSEMBLY]:
            templates = read(path)
            accepted = acknowledged_in_assembly(path) if path.is_dir() else set()
            stand = findings(templates) + (changes(read(against), templates) if against else [])
            found += [one for one in stand if (one.template, one.logical_id, one.rule) not in accepted]
    except TemplateError as error:
        raise UsageError(str(error)) from None
    if as_json:
        printed([one.as_json() for one in found])
    else:
        for one in found:
            typer.echo(one.line())
        typer.echo(f"{len(found)} finding{'' if len(found) == 1 else 's'}", err=True)
    if found:
        raise typer.Exit(CHECK_FAILED)
