"""A line for each request of a served account."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

from rich.console import Console

from labs.requests_log import RequestsLog, size
from offline.server.journal import Entry


def entry(resource: str = "flights", status: int = 200, message: str = "") -> Entry:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    return Entry(moment, "kinesis.PutRecords", resource, "root", status, 3.21, 85120, 48, message)


def written(*entries: Entry, colours: bool = False) -> str:
    file = io.StringIO()
    log = RequestsLog(Console(file=file, force_terminal=colours, width=80, highlight=False))
    for one in entries:
        log.add(one)
    return file.getvalue()


def test_a_request_is_one_line_however_narrow_the_terminal() -> None:
    line = written(entry())
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  200       3\.2 ms    83 KiB in      48 B out  kinesis\.PutRecords  flights  root\n",
        line,
    )


def test_a_refusal_says_why() -> None:
    assert written(entry(status=400, message="ValidationException: no")).endswith(
        "root  ValidationException: no\n"
    )


def test_names_are_shown_as_they_are() -> None:
    assert "  [bold]a[/]  " in written(entry("[bold]a[/]"))


def test_a_terminal_has_colours_by_status() -> None:
    assert "\x1b[32m200" in written(entry(), colours=True)
    assert "\x1b[31m500" in written(entry(status=500), colours=True)


def test_sizes_have_one_width() -> None:
    assert {len(size(count)) for count in (0, 1023, 1024, 10**6, 10**9)} == {8}
