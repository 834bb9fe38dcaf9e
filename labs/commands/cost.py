"""`labs cost`: what stacks cost before they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from labs.assembly import stacks_of, synthesized
from labs.flights import TOTAL
from labs.options import AsJson, Nouns, Overrides, printed
from labs.registry import PIPELINE, lab


def cost_command(
    nouns: Nouns = None,
    region: Annotated[str, typer.Option(help="Region whose prices are used.")] = "us-east-1",
    hours: Annotated[float, typer.Option(min=0, max=100_000, help="How long the stacks stand idle.")] = 730,
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
    from labs import costs, idle_costs, run_costs
    from labs.synth import parsed_overrides

    costs.check_region(region)
    for noun in nouns or ():
        lab(noun)
    with synthesized(assembly, parsed_overrides(overrides or [])) as folder:
        stacks = stacks_of(folder, nouns or list(PIPELINE))
    idle, used = idle_costs.idle(stacks, region, hours), run_costs.one_run(stacks, region, rows)
    if as_json:
        sums = {"idle": costs.total(idle), "idle_an_hour": _an_hour(stacks, region), "run": costs.total(used)}
        lines = {"idle": [one.as_json() for one in idle], "run": [one.as_json() for one in used]}
        kinds = {"always_on": idle_costs.always_on(stacks), "unclassified": idle_costs.unclassified(stacks)}
        about = {"region": region, "hours": hours, "rows": rows, **kinds}
        printed({**about, "known_usd": sums, **lines})
    else:
        show(stacks, region, hours, rows)


def _an_hour(stacks: list[dict[str, Any]], region: str) -> float:
    from labs import costs, idle_costs

    return costs.total(idle_costs.idle(stacks, region, 1))


def show(stacks: list[dict[str, Any]], region: str, hours: float, rows: int) -> None:
    """Two tables: idle, and one run."""
    from labs import idle_costs, run_costs

    console = Console(highlight=False)
    idle, used = idle_costs.idle(stacks, region, hours), run_costs.one_run(stacks, region, rows)
    console.print(f"[bold]Standing idle for {hours:,g} hours in {region}[/bold]")
    _table(console, idle, "Nothing here bills while it idles.")
    console.print(f"{_sum(idle, f'${_an_hour(stacks, region):,.4f} an hour')}\n")
    console.print(f"[bold]One run with {rows:,} flights[/bold], storage for a month")
    _table(console, used, "Nothing is used.")
    console.print(_sum(used))
    for found in idle_costs.always_on(stacks):
        console.print(f"[red]runs until it is deleted[/red]: {found}")
    for kind in idle_costs.unclassified(stacks):
        console.print(f"[yellow]not known whether it bills while it idles[/yellow]: {kind}")


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


def _sum(lines: list[Any], rate: str = "") -> str:
    """The sum of what is known, at what rate that is, and how much is not known."""
    from labs import costs

    missing = len(costs.unknown(lines))
    known = f"[bold]${costs.total(lines):,.2f}[/bold]"
    if not missing:
        return f"{known}, that is {rate}" if rate else known
    known += f" known, {rate}, and" if rate else " known, and"
    return f"{known} {missing} price{'' if missing == 1 else 's'} not known"
