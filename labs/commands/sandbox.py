"""`labs sandbox`: the offline account served on loopback, its clock, and what it honours."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from labs import served
from labs.commands.coverage import coverage_command
from labs.errors import UsageError
from labs.options import AsJson, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="Serve the offline account on loopback, as if it were AWS.")
app.command("coverage")(coverage_command)

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([dhms])")


@app.callback(invoke_without_command=True)
def sandbox_command(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = served.PORT,
    region: Annotated[str, typer.Option(help="Of requests that name none.")] = "us-east-1",
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the account here: it survives any end.")
    ] = None,
    log_requests: Annotated[bool, typer.Option("--log-requests", help="A line for each request.")] = False,
) -> None:
    """Serve the offline account on loopback, so that any AWS client uses it as if it were AWS.

    Its clock follows the machine's, and can be moved ahead. It ends with Ctrl-C; without --state, so does
    the account.

    \b
    Examples:
      labs sandbox                        http://127.0.0.1:5000
      labs sandbox --port 4566 --log-requests
      labs sandbox --state account        goes on where it was
      labs sandbox clock --advance 60d    sixty days pass, and what falls due happens
      labs sandbox coverage AWS::Glue::Crawler
    """
    if context.invoked_subcommand is None:
        _serve(port, region, state, log_requests)


def _serve(port: int, region: str, state: Path | None, log_requests: bool) -> None:
    from labs.requests_log import RequestsLog
    from offline.errors import StateError
    from offline.sandbox import Sandbox

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Sandbox(region, clock_runs=True) as sandbox, _commit(sandbox, state) as commit:
            server = sandbox.serve(
                port=port, commit=commit, on_request=RequestsLog().add if log_requests else None
            )
            _greet(server.url, region, state)
            stop.wait()
    except OSError as error:
        raise UsageError(f"port {port} cannot be served: {error.strerror or error}; try --port 0") from None
    except StateError as error:
        raise UsageError(str(error)) from None


@contextmanager
def _commit(sandbox: Any, directory: Path | None) -> Iterator[Any]:
    """What keeps the account before anything is acknowledged; nothing, where it is not kept."""
    if directory is None:
        yield lambda: None
        return
    from offline.state import State

    state = State.open(directory)
    state.restore(sandbox)
    try:
        yield state.commit
    finally:
        state.close()


def _greet(url: str, region: str, state: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold green]the account is served at {url}[/bold green]  (Ctrl-C ends it)")
    console.print("[dim]any AWS client uses it with[/dim]")
    # boto3 reads AWS_DEFAULT_REGION, other clients AWS_REGION.
    given = {"AWS_ENDPOINT_URL": url, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    given |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    console.print("  export " + " ".join(f"{name}={value}" for name, value in given.items()))
    kept = f"kept in {state}" if state else "gone when this ends; --state DIR keeps it"
    console.print(f"[dim]{kept}[/dim]")


@app.command("clock")
def clock_command(
    advance: Annotated[
        str | None, typer.Option(metavar="TIME", help="How far to move it, such as 60d, 12h, 30m or 1d12h.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Default: AWS_ENDPOINT_URL, or 127.0.0.1:5000.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell the time of a sandbox that is served, or let time pass in it.

    On the way everything that falls due happens: buffers are delivered, schedules fire, lifecycle rules move
    objects, streams forget, keys are deleted.

    \b
    Examples:
      labs sandbox clock
      labs sandbox clock --advance 60d
      labs sandbox clock --advance 1d12h --json
    """
    url = endpoint or served.endpoint()
    found = served.clock(url) if advance is None else served.advance(url, seconds_of(advance))
    if as_json:
        printed(found)
    else:
        typer.echo(found["now"])


def seconds_of(text: str) -> float:
    """An amount of time in seconds.

    >>> seconds_of("1d12h"), seconds_of("90s")
    (129600.0, 90.0)
    """
    parts = AMOUNT.findall(text)
    if not parts or AMOUNT.sub("", text).strip():
        raise UsageError(f"got --advance {text}; an amount of time is such as 60d, 12h, 30m, 45s or 1d12h")
    return sum(float(number) * UNITS[unit] for number, unit in parts)
