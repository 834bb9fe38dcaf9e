"""The command line: composes a run from labs and an account, prints, and exits.

Exit codes:  0 all checks hold · 1 a check failed · 2 wrong usage · 3 synthesis failed · 4 deployment
failed · 5 a step could not be carried through · 6 something outlived its stack ·
7 a table of facts is broken · 130 interrupted

Examples:
  labs list                     what there is
  labs run                      the pipeline, offline
  labs run lake --rows 2000     one lab on a sample
  labs report                   where the page of the last run lies
  labs run --help               what a command takes, with more examples
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from facts.errors import FactsError, TableError
from labs import account, runs, synth
from labs.assembly import prefix_of
from labs.commands import check, claims, cost, deploy, doctor, iam, leftovers, policy, sandbox, systems
from labs.context import Context
from labs.errors import (
    BROKEN_TABLE,
    CHECK_FAILED,
    INTERRUPTED,
    WRONG_USAGE,
    DeployError,
    LabError,
    LeftoversError,
    RunError,
    SynthError,
)
from labs.evidence import Lab, Run
from labs.flights import TOTAL
from labs.options import AsJson, Nouns, On, Overrides, Where, printed
from labs.registry import LABS, PIPELINE, in_order
from labs.runner import only_step, phase, run_labs
from labs.terminal import Screen, complain


class Commands(TyperGroup):
    """Turns each branch of the error tree into its message and exit code; nothing else catches them."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as error:
            complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except FactsError as error:
            complain(str(error))
            raise typer.Exit(BROKEN_TABLE if isinstance(error, TableError) else WRONG_USAGE) from None
        except Exception as error:  # whatever is not the account's refusal goes on as it is
            if not _of_an_account(error):
                raise
            complain(f"the account could not be asked: {error}")
            raise typer.Exit(RunError.exit_code) from None
        except KeyboardInterrupt:
            complain("interrupted; the account was closed and what was found so far is kept")
            raise typer.Exit(INTERRUPTED) from None


def _of_an_account(error: Exception) -> bool:
    """Whether AWS refused a call, or never got it; no client of it is loaded only to ask."""
    if "botocore" not in sys.modules:
        return False
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, BotoCoreError | ClientError)


app = typer.Typer(
    cls=Commands,
    help=(__doc__ or "").replace("\n\n", "\n\n\b\n"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command("list")
def list_labs(as_json: AsJson = False) -> None:
    """Show every lab, its steps and what runs before it.

    \b
    Examples:
      labs list
      labs list --json
    """
    if as_json:
        printed([_described(lab) for lab in LABS.values()])
    else:
        Screen().labs(list(LABS.values()))


def _described(lab: Lab) -> dict[str, Any]:
    steps = [{"name": step.name, "title": step.title} for step in lab.steps]
    about = {"noun": lab.noun, "title": lab.title, "depends_on": lab.depends_on, "minutes": lab.minutes}
    return {**about, "bills": lab.bills, "steps": steps}


@app.command("synth")
def synth_command(
    outdir: Annotated[
        Path, typer.Option(help="Where the cloud assembly goes.", show_default="cdk.out")
    ] = synth.ASSEMBLY,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Synthesize the stacks into a cloud assembly; needs no credentials.

    \b
    Examples:
      labs synth
      labs synth --outdir build/cdk.out -c lab:retain_data=true
    """
    Screen(quiet=as_json).say("synth")
    assembly = synth.synthesize(outdir, synth.parsed_overrides(overrides or []))
    stacks = sorted(file.name.removesuffix(".template.json") for file in assembly.glob("*.template.json"))
    if as_json:
        printed({"assembly": str(assembly), "stacks": stacks})
    else:
        typer.echo(f"{_relative(assembly)}: {', '.join(stacks)}")


@app.command("run")
def run_command(
    nouns: Nouns = None,
    rows: Annotated[
        int, typer.Option(min=1, max=TOTAL, help="Flights to replay, spread over the year.")
    ] = TOTAL,
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run this cloud assembly instead of synthesizing.")
    ] = None,
    on: On = Where.offline,
    step: Annotated[
        str | None, typer.Option(help="End with this step of the last lab named, and show it in detail.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Show each step's table and checks.")] = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Run labs and whatever they depend on, and write a report.

    Offline, the account lives in this process: stacks are synthesized, deployed, used, destroyed, and
    nothing may be left. On AWS, or in a sandbox that is served, the stacks must be deployed, and stay; --step
    runs that step alone.

    \b
    Examples:
      labs run                            the pipeline on all flights, offline
      labs run query --rows 20000         one lab and what it depends on, on a sample
      labs run lake --step reference      up to one step
      labs run --assembly build/cdk.out   templates synthesized (or edited) elsewhere
      labs run --on aws                   the same steps against deployed stacks
      labs run --on sandbox               the same, in the account that `labs sandbox` serves
    """
    labs = in_order(nouns or PIPELINE)
    if step is not None:
        labs = only_step(labs, step, with_what_leads_to_it=on is Where.offline)
    given = synth.parsed_overrides(overrides or [])
    started = datetime.now(UTC).isoformat(timespec="seconds")
    run = Run(started, on.value, "", rows, [lab.noun for lab in labs])
    stacks: list[dict[str, Any]] = []
    shown = f"{labs[-1].noun}/{step}"
    with Screen(quiet=as_json, details=details, step=shown) as screen, _kept(run, stacks, screen, as_json):
        if on is not Where.offline:
            _run_deployed(labs, run, stacks, screen)
        else:
            _run_offline(labs, run, stacks, screen, assembly, given)
    if run.leftovers:
        raise LeftoversError("still there after everything was destroyed: " + ", ".join(run.leftovers))
    if not run.passed:
        raise typer.Exit(CHECK_FAILED)


@contextmanager
def _kept(run: Run, stacks: list[dict[str, Any]], screen: Screen, as_json: bool) -> Iterator[None]:
    """However the run ends, what it found is written down and shown."""
    started = time.perf_counter()
    run.ended = "interrupted"
    try:
        yield
        run.ended = "finished"
    except LabError as error:
        run.ended = str(error)
        raise
    except Exception as error:
        run.ended = f"{type(error).__name__}: {error}"
        raise
    finally:
        run.seconds = time.perf_counter() - started
        if run.steps or run.ended == "finished":
            report = runs.save(runs.new_folder(), run, stacks)
            screen.ended(run, _relative(report))
            if as_json:
                printed({**run.as_json(), "report": str(report)})


def _relative(path: Path) -> str:
    shorter = os.path.relpath(path)
    return str(path) if shorter.startswith("..") else shorter


def _run_deployed(labs: list[Lab], run: Run, stacks: list[dict[str, Any]], screen: Screen) -> None:
    """Over stacks that stand already, and stay."""
    context = account.at(Where(run.on), run.rows, screen.progress)
    run.region = context.region
    account.require_deployed(context, run.labs)
    stacks += account.stacks(context, PIPELINE)
    run_labs(labs, context, run, screen)


def _run_offline(
    labs: list[Lab],
    run: Run,
    stacks: list[dict[str, Any]],
    screen: Screen,
    assembly: Path | None,
    overrides: dict[str, str],
) -> None:
    """Synthesize, deploy, run, destroy, and look for what is left, in an account of this process."""
    if assembly is None:
        with phase(run, "synth", screen), _engines_loaded_meanwhile():
            assembly = synth.synthesize(overrides=overrides)
    with _sandbox_errors(), _offline_account(run, stacks, screen, assembly) as context:
        run_labs(labs, context, run, screen)


@contextmanager
def _engines_loaded_meanwhile() -> Iterator[None]:
    """The app is a process of its own, so this one can import what it needs next."""

    def load() -> None:
        import offline.deploy
        import offline.sandbox

        offline.sandbox.load_engines()

    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load)
        yield
        loading.result()


@contextmanager
def _offline_account(
    run: Run, stacks: list[dict[str, Any]], screen: Screen, assembly: Path
) -> Iterator[Context]:
    import boto3

    from offline.assembly import Assembly
    from offline.deploy import deploy, destroy, leftovers
    from offline.iam.grants import counted, grants
    from offline.sandbox import Sandbox

    prefix = prefix_of(assembly, run.labs)
    loaded = Assembly.load(assembly).only(run.labs)
    stacks += [stack_record(stack) for stack in loaded.stacks]
    with Sandbox() as sandbox:
        run.region = sandbox.region
        with phase(run, "deploy", screen):
            deploy(loaded, sandbox, on_event=screen.resource)
        yield Context(
            client_of=lambda service: boto3.client(service, region_name=sandbox.region),
            sleep=lambda seconds: sandbox.advance(seconds=seconds),
            region=sandbox.region,
            rows=run.rows,
            progress=screen.progress,
            prefix=prefix,
            days_pass=len(run.labs) == 1,
        )
        held = list(grants(prefix))  # Destroying takes the roles, and uses some of them.
        with phase(run, "destroy", screen):
            destroy(loaded, sandbox, on_event=screen.resource)
            run.leftovers = list(leftovers())
        run.grants = [asdict(counted(grant)) for grant in held]


def stack_record(stack: Any) -> dict[str, Any]:
    """A synthesized stack as runs keep it."""
    depends_on = [str(one) for one in stack.depends_on]
    return {"name": stack.name, "noun": stack.noun, "template": stack.template, "depends_on": depends_on}


@contextmanager
def _sandbox_errors() -> Iterator[None]:
    """The sandbox's errors as the labs' own, so that each has its exit code."""
    from offline.errors import AssemblyError, DeploymentError, SandboxError

    try:
        yield
    except AssemblyError as error:
        raise SynthError(str(error)) from error
    except DeploymentError as error:
        raise DeployError(str(error)) from error
    except SandboxError as error:
        raise RunError(str(error)) from error


@app.command("destroy")
def destroy_command(
    nouns: Nouns = None,
    on: On = Where.offline,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the labs' stacks, with everything their buckets hold, from an AWS account or a served sandbox.

    An offline account vanishes with the process that made it: there is nothing to destroy.

    \b
    Examples:
      labs destroy --on aws
      labs destroy training query --on aws --yes
    """
    in_order(nouns or PIPELINE)  # refuses nouns that do not exist
    chosen = [noun for noun in LABS if not nouns or noun in nouns]
    if on is Where.offline:
        said = "an offline account vanishes with its process: nothing to destroy (`--on aws` deletes stacks)"
        printed({"destroyed": [], "note": said}) if as_json else typer.echo(said)
        return
    screen = Screen(quiet=as_json)
    context = account.at(on, progress=screen.progress)
    found = account.deployed(context, chosen)
    if (
        not yes
        and found
        and not typer.confirm(f"Delete {', '.join(found)} with all data in {context.region}?", err=True)
    ):
        raise typer.Exit()
    left = account.destroy(context, chosen, lambda name, what: screen.say(f"{what} {name}"))
    if as_json:
        still = account.deployed(context, found)
        printed({"destroyed": [noun for noun in found if noun not in still], "leftovers": left})
    if left:
        raise LeftoversError("; ".join(left))


@app.command("report")
def report_command(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="A run's folder; default: the newest.")
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Copy the page there too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Render a run's report again, and print where it lies.

    \b
    Examples:
      labs report
      labs report runs/20260105T120000Z --to report.html
    """
    found, stacks, folder = runs.load(run or runs.newest())
    page = runs.save(folder, found, stacks)
    if to is not None:
        shutil.copyfile(page, to)
    if as_json:
        printed({"report": str(page), "run": found.as_json()})
    else:
        typer.echo(_relative(page))


app.command("claims")(claims.claims_command)
app.command("systems")(systems.systems_command)
app.command("check")(check.check_command)
app.command("cost")(cost.cost_command)
app.command("doctor")(doctor.doctor_command)
app.command("deploy")(deploy.deploy_command)
app.command("policy")(policy.policy_command)
app.command("leftovers")(leftovers.leftovers_command)
app.add_typer(iam.app, name="iam")
app.add_typer(sandbox.app, name="sandbox")
