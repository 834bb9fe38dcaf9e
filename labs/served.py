"""The account that `labs sandbox` serves: where it is, and its clock.

These are no AWS operations, so they are asked for over plain HTTP.
"""

from __future__ import annotations

import json
import os
from typing import Any

from labs.errors import UsageError

PORT = 5000
SLICE_SECONDS = 3600.0
"""How long one request may take: a clock that moves sixty days lets much happen on the way."""


def endpoint() -> str:
    """Where the environment says that AWS is, or the address that `labs sandbox` has by default."""
    return os.environ.get("AWS_ENDPOINT_URL") or f"http://127.0.0.1:{PORT}"


def clock(url: str) -> dict[str, Any]:
    """The account's time, as the server tells it."""
    return _asked(url, None)


def advance(url: str, seconds: float) -> dict[str, Any]:
    """Let time pass in the account."""
    return _asked(url, {"seconds": seconds})


def _asked(url: str, body: dict[str, float] | None) -> dict[str, Any]:
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{url}/_sandbox/clock", data=data, headers={"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=SLICE_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        raise UsageError(
            f"{url} answered {error.code}: {error.read()[:300].decode(errors='replace')}"
        ) from None
    except (URLError, OSError, ValueError) as error:
        raise UsageError(
            f"no sandbox answers at {url} ({error}); start one with `python -m labs sandbox`, or set "
            "AWS_ENDPOINT_URL to where it is"
        ) from None
    return found
