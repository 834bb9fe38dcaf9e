"""`labs cost`: what stacks cost before they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from labs.errors import SynthError, UsageError
from labs.flights import TOTAL
from labs.options import AsJson, Nouns, Overrides, printed
from labs.registry import PIPELINE, lab


def cost_command(
    nouns: Nouns = None,
    region: Annotated[str, typer.Option(help="Region whose prices are used.")] = "us-east-1",
    hours: Annotated[float, typer.Option(min=0, help="How long the stacks stand idle.")] = 730,
    rows: Annotated[int, typer.Option(min=1, max=TOTAL, help="Flights of one run.")] = TOTAL,
    assembly: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read this cloud assembly instead of synthesizing.")
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Reckon what the labs' stacks cost while they idle, and what one run of them costs.

    Every line names its price and how the units come about; prices that nobody has read are listed as
    not known, and left out of the sums. On-demand prices, before tax and free tiers.

    \b
    Examples:
      labs cost                            the pipeline, standing for a month
      labs cost streaming --hours 3        one lab's stack, for an afternoon
      labs cost --region eu-west-1 --json
    """
    from labs import costs
    from labs.synth import parsed_overrides

    costs.check_region(region)
    for noun in nouns or ():
        lab(noun)
    with synthesized(assembly, parsed_overrides(overrides or [])) as folder:
        stacks = stacks_of(folder, nouns or list(PIPELINE))
    idle, used = costs.idle(stacks, region, hours), costs.one_run(stacks, region, rows)
    if as_json:
        sums = {"idle": costs.total(idle), "idle_an_hour": _an_hour(stacks, region), "run": costs.total(used)}
        lines = {"idle": [one.as_json() for one in idle], "run": [one.as_json() for one in used]}
        about = {"region": region, "hours": hours, "rows": rows, "always_on": costs.always_on(stacks)}
        printed({**about, "known_usd": sums, **lines})
    else:
        show(stacks, region, hours, rows)


def _an_hour(stacks: list[dict[str, Any]], region: str) -> float:
    from labs import costs

    return costs.total(costs.idle(stacks, region, 1))


def show(stacks: list[dict[str, Any]], region: str, hours: float, rows: int) -> None:
    """Two tables: idle, and one run."""
    from labs import costs

    console = Console(highlight=False)
    idle, used = costs.idle(stacks, region, hours), costs.one_run(stacks, region, rows)
    console.print(f"[bold]Standing idle for {hours:,g} hours in {region}[/bold]")
    _table(console, idle, "Nothing here bills while it idles.")
    console.print(f"{_sum(idle)}, that is ${_an_hour(stacks, region):,.4f} an hour\n")
    console.print(f"[bold]One run with {rows:,} flights[/bold], storage for a month")
    _table(console, used, "Nothing is used.")
    console.print(_sum(used))
    for found in costs.always_on(stacks):
        console.print(f"[red]runs until it is deleted[/red]: {found}")


def _table(console: Console, lines: list[Any], otherwise: str) -> None:
    if not lines:
        console.print(otherwise)
        return
    grid = Grid("stack", "for", "reckoned as", box=None, pad_edge=False)
    grid.add_column("USD", justify="right", no_wrap=True)
    for line in lines:
        usd = "[yellow]not known[/yellow]" if line.usd is None else f"{line.usd:,.4f}"
        grid.add_row(line.noun, line.what, line.basis, usd)
    console.print(grid)


def _sum(lines: list[Any]) -> str:
    from labs import costs

    missing = len(costs.unknown(lines))
    known = f"[bold]${costs.total(lines):,.2f}[/bold]"
    return f"{known} known, and {missing} prices not known" if missing else known


@contextmanager
def synthesized(assembly: Path | None, overrides: dict[str, str]) -> Iterator[Path]:
    """The assembly that was named, or one made for the moment."""
    from labs.synth import synthesize

    if assembly is not None:
        yield assembly
        return
    with TemporaryDirectory(prefix="cost-") as folder:
        yield synthesize(Path(folder) / "cdk.out", overrides)


def stacks_of(folder: Path, nouns: list[str]) -> list[dict[str, Any]]:
    """The labs' templates of an assembly."""
    found = {file: _noun(file) for file in sorted(folder.glob("*.template.json"))}
    if not found:
        raise SynthError(f"{folder} is no cloud assembly: it holds no *.template.json; run `labs synth`")
    stacks = [
        {"name": file.name.removesuffix(".template.json"), "noun": noun, "template": _template(file)}
        for file, noun in found.items()
        if noun in nouns
    ]
    if not stacks:
        raise UsageError(
            f"{folder} holds {', '.join(sorted(found.values()))}; none of them is one of {', '.join(nouns)}"
        )
    return sorted(stacks, key=lambda stack: nouns.index(stack["noun"]))


def _noun(file: Path) -> str:
    return file.name.removesuffix(".template.json").rpartition("-")[2]


def _template(file: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SynthError(f"{file} is no template: {error}; synthesize again") from None
    if not isinstance(loaded, dict):
        raise SynthError(f"{file} is no template: it holds a {type(loaded).__name__}")
    return loaded
