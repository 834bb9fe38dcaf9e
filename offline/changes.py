"""Which backends may be other than they were since somebody last asked.

Every way to a backend leads through moto's dictionary of backends by account and region; while the account
is watched, each look-up there is noted. What only reads is exempt: the operations that AWS names so
(Get…, List…, Describe…), the gate's own look at policies, and moto's ways from a request to its service and
account. Where an engine does change something while it is asked, it says so itself (`note`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

from moto.core.base_backend import AccountSpecificBackend, BaseBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse

READING = ("BatchGet", "Check", "Describe", "Estimate", "Filter", "Get", "Head", "List", "Lookup", "Query")
"""How operations begin that change nothing."""
COMPUTING = {
    "kms": ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateRandom", "ReEncrypt", "Sign", "Verify"),
    "lambda": ("Invoke",),
    "iam": ("Simulate",),
}
"""Operations, by service, that answer from what there is; what a function does are requests of its own."""

_noting: ContextVar[bool] = ContextVar("noting", default=True)
_noted: dict[int, BaseBackend] = {}


def note(backend: BaseBackend) -> None:
    """This backend may have changed."""
    _noted[id(backend)] = backend


def take() -> list[BaseBackend]:
    """The backends that may have changed since the last call."""
    found = list(_noted.values())
    _noted.clear()
    return found


@contextmanager
def unnoted() -> Iterator[None]:
    """What is looked up within is only read; requests made within are noted by what they are."""
    token = _noting.set(False)
    try:
        yield
    finally:
        _noting.reset(token)


@contextmanager
def serving(reads: bool) -> Iterator[None]:
    """A request is served, which may itself be made while another one is."""
    token = _noting.set(not reads)
    try:
        yield
    finally:
        _noting.reset(token)


def only_reads(service: str, operation: str) -> bool:
    """Whether an operation leaves its service as it was.

    >>> only_reads("glue", "GetTable"), only_reads("kms", "Encrypt"), only_reads("sqs", "ReceiveMessage")
    (True, True, False)
    """
    return operation.startswith(READING) or operation.startswith(COMPUTING.get(service, ("-",)))


def call_action(original: Callable[[BaseResponse], Any]) -> Callable[[BaseResponse], Any]:
    """moto's `BaseResponse.call_action`, which serves an operation."""

    def noted(self: BaseResponse) -> Any:
        with serving(only_reads(str(self.boto3_service_name), self._get_action())):
            return original(self)

    return noted


def watch(watching: ExitStack) -> None:
    """Note look-ups until the stack is closed."""
    from moto.iam.models import get_account_id_from, mark_account_as_visited

    routers = (BotocoreStubber.process_request, get_account_id_from, mark_account_as_visited)
    routing = {function.__code__ for function in routers}
    look_up = AccountSpecificBackend.__getitem__

    def noted(self: Any, region: str) -> BaseBackend:
        backend: BaseBackend = look_up(self, region)
        if _noting.get() and sys._getframe(1).f_code not in routing:
            note(backend)
        return backend

    _noted.clear()
    watching.enter_context(patch.object(AccountSpecificBackend, "__getitem__", noted))
    watching.callback(_noted.clear)
