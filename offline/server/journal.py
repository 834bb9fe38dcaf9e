"""What was asked of a served account, in a line a request: for the log and for the status page."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import unquote

from offline.iam.callers import Caller
from offline.server.forms import Answer
from offline.server.service import Call

logger = logging.getLogger("offline.server")

KEPT = 200
RATE_SECONDS = 10
LOOKED_AT = 1024
"""Bytes of a body, at its beginning and at its end, that are searched for the resource it names."""
NAMED = re.compile(rb'"(?:\w*(?:Name|Arn|ARN|Id)|resource)"\s*:\s*"([^"\\]{1,256})"')
IN_FORM = re.compile(rb"(?:^|&)\w*(?:Name|Arn)=([^&]{1,256})")
CODE = re.compile(rb'"__type"\s*:\s*"([^"]+)"|<Code>([^<]+)')
MESSAGE = re.compile(rb'"[Mm]essage"\s*:\s*"((?:[^"\\]|\\.)+)"|<Message>([^<]+)')


@dataclass(frozen=True)
class Entry:
    """One request that was answered."""

    at: datetime
    """On the machine's clock."""
    operation: str
    resource: str
    caller: str
    status: int
    milliseconds: float
    received: int
    sent: int
    message: str = ""
    """Of what was refused, why."""


class Journal:
    """Counts of all requests, and the last ones."""

    def __init__(self, listener: Callable[[Entry], None] | None = None) -> None:
        self._listener, self._lock = listener, Lock()
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.operations: Counter[str] = Counter()
        self.requests = self.refusals = self.failures = 0
        self._seconds: dict[int, int] = {}

    def add(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)
            self.operations[entry.operation] += 1
            self.requests += 1
            self._count(int(entry.at.timestamp()))
            self.refusals += 400 <= entry.status < 500
            self.failures += entry.status >= 500
        if self._listener is not None:
            self._tell(self._listener, entry)

    def _tell(self, listener: Callable[[Entry], None], entry: Entry) -> None:
        try:
            listener(entry)
        except Exception as error:
            logger.error("a request could not be shown", exc_info=error)

    def _count(self, second: int) -> None:
        self._seconds[second] = self._seconds.get(second, 0) + 1
        if len(self._seconds) > RATE_SECONDS + 1:
            del self._seconds[min(self._seconds)]

    def per_second(self) -> float:
        """The mean of the last whole seconds."""
        now = int(datetime.now(UTC).timestamp())
        with self._lock:
            recent = sum(n for second, n in self._seconds.items() if now - RATE_SECONDS <= second < now)
        return round(recent / RATE_SECONDS, 1)


def entry_of(call: Call, callers: list[Caller], answer: Answer, milliseconds: float) -> Entry:
    """The line of a call that was answered."""
    body = call.request.raw
    return Entry(
        at=datetime.now(UTC),
        operation=f"{call.service or 'unknown'}.{operation_of(call)}",
        resource=resource_of(call, body),
        caller=name_of(callers[0]) if callers else "",
        status=answer.status,
        milliseconds=milliseconds,
        received=len(body),
        sent=len(answer.body),
        message=said(answer.body) if answer.status >= 400 else "",
    )


def said(body: bytes) -> str:
    """Code and message of an error, in JSON or XML.

    >>> said(b'{"__type": "ValidationException", "message": "no"}')
    'ValidationException: no'
    """
    found = [expression.search(body) for expression in (CODE, MESSAGE)]
    texts = [next(filter(None, one.groups())).decode(errors="replace") for one in found if one]
    return ": ".join(texts)[:300]


def operation_of(call: Call) -> str:
    """How AWS names what was asked; of S3, as CloudTrail does."""
    request = call.request
    if call.service != "s3":
        return call.asked.operation or f"{request.method} {request.path}"
    from offline.engines.s3.served import of_bucket, of_object

    bucket, _, key = request.path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    query = request.args.to_dict()
    copied = "x-amz-copy-source" in request.headers
    return (of_object(request.method, query, copied) if key else of_bucket(request.method, query))[0]


def resource_of(call: Call, body: bytes) -> str:
    """What a request is about, as far as it can be told at a glance."""
    path = call.request.path
    if call.service == "s3":
        return path.lstrip("/")
    if given := call.asked.routed[1]:
        return "/".join(given.values())
    for part in (body[:LOOKED_AT], body[-LOOKED_AT:]):
        if found := NAMED.search(part) or IN_FORM.search(part):
            return unquote(found[1].decode(errors="replace")).rpartition(":")[2]
    return ""


def name_of(caller: Caller) -> str:
    """A caller, short: the user, or the role and its session."""
    principal = caller.principal
    if principal.kind in ("root", "anonymous"):
        return principal.kind
    return principal.arn.rpartition(":")[2].partition("/")[2]
