"""Whatever is sent, the answer is one of AWS's: no crash, no hang, no 500, no page of HTML.

`LABS_MALFORMED=10000` sends that many, `LABS_SEED` others.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from itertools import islice

from offline.server import Server
from tests.offline.server.malformed import Malformed, Sent, right
from tests.offline.server.wire import Got, send

COUNT = int(os.environ.get("LABS_MALFORMED", "1500"))
SEED = int(os.environ.get("LABS_SEED", "1"))
NOT_PLAYED = 501


def answers(server: Server) -> Iterator[tuple[Sent, Got]]:
    """The right requests, which fill the account, and then the broken ones."""
    requests = right(server.url)
    for request in [*requests, *islice(Malformed(requests, SEED), COUNT)]:
        yield request, exchange(server, request)


def exchange(server: Server, request: Sent) -> Got:
    try:
        return send(server, request.method, request.target, request.body, request.headers)
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        return Got(599, {}, repr(error).encode())


def is_wrong(got: Got) -> bool:
    """Whether AWS would not answer so: a failure of its own, or a page."""
    page = "html" in got.headers.get("content-type", "") or b"<html" in got.body.lower()
    return (got.status >= 500 and got.status != NOT_PLAYED) or (got.status >= 400 and page)


def test_malformed_requests_are_answered_as_aws_would(server: Server) -> None:
    wrong = [(request, got) for request, got in answers(server) if is_wrong(got)]
    assert not wrong, f"{len(wrong)} of {COUNT}: {wrong[:3]}"
    assert send(server, "GET", "/_sandbox/clock").status == 200
    assert server.worker is not None
    assert not server.worker.failure
