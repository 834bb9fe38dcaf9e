"""Addresses of the account where a client without credentials may PUT something for a stack.

A wait condition handle's takes signals (`api.receive_signal`); a request to a custom resource has one that
takes the answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from offline.clock import clock
from offline.sandbox import current

WAIT_CONDITION, CUSTOM_RESOURCE = "waitcondition", "customresource"
_boxes: dict[str, list[bytes]] = {}
"""Query of an address → what was PUT there."""


def address(kind: str, path: str, region: str) -> str:
    """An address that nobody can guess; its query names the service, as a presigned request's does."""
    signed = clock.signing_now()
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"offline/{signed:%Y%m%d}/{region}/cloudformation/aws4_request",
        "X-Amz-Date": f"{signed:%Y%m%dT%H%M%SZ}",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": secrets.token_hex(32),
    }
    return f"{current().endpoint()}/{kind}/{quote(path)}?{urlencode(query)}"


@contextmanager
def answers(path: str, region: str) -> Iterator[tuple[str, list[bytes]]]:
    """An address, as long as somebody waits for an answer, and what is PUT there."""
    url, box = address(CUSTOM_RESOURCE, path, region), list[bytes]()
    _boxes[urlsplit(url).query] = box
    try:
        yield url, box
    finally:
        del _boxes[urlsplit(url).query]


def receive_answer(request: Any, url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """Something is PUT at the address of a request to a custom resource."""
    if request.method != "PUT":
        return 405, {}, f"an answer is PUT at the address of its request, got {request.method}"
    box = _boxes.get(urlsplit(url).query)
    if box is None:
        return 403, {}, "SignatureDoesNotMatch: nobody waits for an answer at this address"
    box.append(request.raw)
    return 200, {}, ""
