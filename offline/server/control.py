"""What is no AWS operation: the clock of the account, and its status.

GET  /_sandbox/clock                        {"now": "2026-01-05T12:00:00+00:00", …}
POST /_sandbox/clock {"seconds": 5184000}   lets so much time pass, and does what falls due on the way
GET  /_sandbox/status                       what there is and what is going on
GET  /                                      a page that shows it, for browsers
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offline.clock import clock
from offline.server.forms import Answer
from offline.server.routing import PRESIGNED, Request
from offline.server.status import now, status

if TYPE_CHECKING:
    from offline.server.account import Server

PREFIX = "/_sandbox/"
MOST_SECONDS = 100 * 366 * 86400
PAGE = Path(__file__).with_name("page.html")
PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
NAMES = ("localhost", "127.0.0.1", "[::1]")


def is_meant(request: Request) -> bool:
    """Whether a request is for the sandbox itself; S3 has the root where it is signed, or no browser asks."""
    if request.path.startswith(PREFIX):
        return True
    signed = "Authorization" in request.headers or PRESIGNED in request.args
    return (
        request.path in ("/", "/favicon.ico")
        and "text/html" in request.headers.get("Accept", "")
        and not signed
    )


def answer(request: Request, server: Server) -> Answer:
    """The sandbox's own answer."""
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if host not in NAMES:
        # A page of another site may have its name lead here.
        return _json(403, {"message": f"got the host name {request.host}; allowed: {', '.join(NAMES)}"})
    asked = (request.method, request.path)
    if asked == ("GET", "/"):
        return Answer(200, PAGE_HEADERS, PAGE.read_bytes())
    if asked == ("GET", f"{PREFIX}status"):
        return _json(200, status(server))
    if asked == ("GET", f"{PREFIX}clock"):
        return _json(200, now())
    if asked == ("POST", f"{PREFIX}clock"):
        return _advance(request, server)
    allowed = f"GET /, GET {PREFIX}status, GET and POST {PREFIX}clock"
    return _json(404, {"message": f"got {request.method} {request.path}; allowed: {allowed}"})


def failed(error: Exception) -> Answer:
    """What the sandbox itself broke on."""
    return _json(500, {"message": f"{type(error).__name__}: {error}"})


def _json(status: int, value: Any) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(value).encode())


def _advance(request: Request, server: Server) -> Answer:
    if request.mimetype != "application/json":
        # Pages of other sites can send forms and plain text here, but not this.
        return _json(415, {"message": f"got {request.mimetype or 'no type'}; allowed: application/json"})
    seconds = _seconds(request.raw)
    if seconds is None:
        allowed = f'{{"seconds": a number from 0 to {MOST_SECONDS}}}'
        return _json(400, {"message": f"got {request.raw[:200]!r}; allowed: {allowed}"})
    before = clock.now()
    failure = server.advance(seconds)
    told = {**now(), "from": before.isoformat()}
    return _json(200, told) if not failure else _json(500, {**told, "message": failure})


def _seconds(body: bytes) -> float | None:
    """How much time a request lets pass; None where it does not say."""
    try:
        seconds = json.loads(body)["seconds"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return None
    return float(seconds) if 0 <= seconds <= MOST_SECONDS else None
