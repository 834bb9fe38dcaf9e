"""`labs sandbox`: the offline account, served on loopback to whoever speaks to AWS.

Ctrl-C ends it with code 0: nothing went wrong.
"""

from __future__ import annotations

import errno
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labs.errors import RunError, UsageError
from labs.options import AsJson, printed

if TYPE_CHECKING:
    from offline.sandbox import Sandbox

PORT = 5000
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

app = typer.Typer(invoke_without_command=True)


@app.callback()
def sandbox_command(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any that is free.")
    ] = PORT,
    region: Annotated[
        str, typer.Option(help="Region of what nobody signed, and of what the account does by itself.")
    ] = "us-east-1",
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="Show a line for each request.")
    ] = False,
) -> None:
    """Serve the offline account to any client of AWS, on loopback.

    The CDK's and AWS's own command lines, boto3 and awswrangler find it by AWS_ENDPOINT_URL, with any keys at
    all. Its clock follows the machine's, and can be moved ahead. Ctrl-C ends it, with code 0.

    \b
    Examples:
      labs sandbox
      labs sandbox --port 5001 --region eu-central-1 --log-requests
      labs sandbox clock --advance 60d
    """
    if ctx.invoked_subcommand is None:
        serve(port, region, log_requests)


def serve(port: int, region: str, log_requests: bool) -> None:
    """Serve an account until somebody ends it."""
    from labs.requests_log import RequestsLog
    from offline.sandbox import Sandbox

    with _ended_by_signals() as ended, Sandbox(region, clock_runs=True) as sandbox:
        with _port_errors(port):
            sandbox.serve(port=port, on_request=RequestsLog().add if log_requests else None)
        introduce(sandbox)
        ended.wait()
        typer.echo("\nclosing the account")


@contextmanager
def _ended_by_signals() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set; a second one ends the process as it would any other."""
    ended = Event()

    def end(number: int, frame: object) -> None:
        ended.set()
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _port_errors(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        told = "is in use" if error.errno == errno.EADDRINUSE else "is not for everyone to listen on"
        raise UsageError(
            f"port {port} {told}: name another one, such as --port {PORT + 1}, or 0 for any"
        ) from None


def introduce(sandbox: Sandbox) -> None:
    """How to use it."""
    assert sandbox.server is not None
    url = sandbox.server.url
    typer.echo(
        f"account {sandbox.account_id} in {sandbox.region} is served at {url}\n\n"
        f"  export AWS_ENDPOINT_URL={url} AWS_REGION={sandbox.region}\n"
        f"  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n\n"
        f"status  {url}/ in a browser\n"
        f"clock   labs sandbox clock --advance 60d{_endpoint_option(sandbox.server.port)}\n"
        "Ctrl-C closes the account, and everything in it is gone"
    )


def _endpoint_option(port: int) -> str:
    return "" if port == PORT else f" --endpoint http://127.0.0.1:{port}"


@app.command("clock")
def clock_command(
    advance: Annotated[
        str | None, typer.Option(metavar="TIME", help="Let so much time pass: 60d, 12h, 30m, 45s, 1d12h.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="AWS_ENDPOINT_URL", help="Where the account is served.")
    ] = f"http://127.0.0.1:{PORT}",
    as_json: AsJson = False,
) -> None:
    """Tell the time in a served account, or let time pass there.

    What falls due on the way is done at its moment: deliveries, schedules, lifecycle rules, retention.

    \b
    Examples:
      labs sandbox clock
      labs sandbox clock --advance 60d
      labs sandbox clock --advance 12h --json
    """
    body = None if advance is None else {"seconds": seconds_of(advance)}
    answer = _asked(f"{endpoint.rstrip('/')}/_sandbox/clock", body)
    if as_json:
        printed(answer)
    elif advance is None:
        typer.echo(answer["now"])
    else:
        typer.echo(f"{answer['from']} → {answer['now']}")
    if "message" in answer:
        raise RunError(f"time has passed, but not all that fell due could be done: {answer['message']}")


def seconds_of(text: str) -> int:
    """The seconds that a time spells.

    >>> seconds_of("60d"), seconds_of("1h30m")
    (5184000, 5400)
    """
    if not re.fullmatch(r"(\d+[dhms])+", text):
        raise UsageError(f"--advance {text}: allowed are numbers with d, h, m or s, such as 60d or 1h30m")
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def _asked(url: str, body: dict[str, Any] | None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            found: dict[str, Any] = json.load(response)
            return found
    except urllib.error.HTTPError as error:
        told: dict[str, Any] = json.load(error)
        if "now" in told:
            return told
        raise UsageError(told["message"]) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"no account is served at {url} ({error}): start one with `labs sandbox`") from None
