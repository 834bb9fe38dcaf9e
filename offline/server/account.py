"""The server of an account: what each request passes, and the worker beside it."""

from __future__ import annotations

import logging
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from offline.clock import clock
from offline.errors import SandboxError
from offline.iam.callers import seen
from offline.lock import lock
from offline.server import control
from offline.server.forms import Answer, Refusal
from offline.server.http import LOOPBACK, HttpServer
from offline.server.journal import Entry, Journal, entry_of
from offline.server.routing import Request
from offline.server.service import Call, call_of, serve
from offline.server.worker import Worker

if TYPE_CHECKING:
    from offline.sandbox import Sandbox

logger = logging.getLogger("offline.server")


class Server:
    """An account's address, from `start` to `stop`."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        works: bool = False,
        commit: Callable[[], None] = lambda: None,
        on_request: Callable[[Entry], None] | None = None,
    ) -> None:
        """With `works`, a thread does what is due; `commit` is called, under the account's lock, before
        anything is acknowledged."""
        self.sandbox = sandbox
        self.journal = Journal(on_request)
        self.worker = Worker(sandbox, commit) if works else None
        self._commit = commit
        self._http = HttpServer(self.answer, host, port)
        self._host = host

    def start(self) -> None:
        self._http.start()
        if self.worker is not None:
            self.worker.start()

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.stop()
        self._http.stop()

    @property
    def port(self) -> int:
        return self._http.port

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}"

    def advance(self, seconds: float) -> str:
        """Let time pass; what could not be done meanwhile."""
        try:
            self.sandbox.advance(seconds=seconds)
            with lock:
                self._commit()
        except Exception as error:
            logger.error("what fell due could not all be done", exc_info=error)
            return f"{type(error).__name__}: {error}"
        finally:
            self._wake()
        return ""

    def answer(self, request: Request) -> Answer:
        """The answer to any request at all."""
        if control.is_meant(request):
            return self._own_answer(request)
        started = time.perf_counter()
        call = call_of(request, self.sandbox.region)
        with seen() as callers:
            answer = dressed(self._served(call), call.service)
        milliseconds = (time.perf_counter() - started) * 1000
        self.journal.add(entry_of(call, callers, answer, milliseconds))
        self._wake()
        return answer

    def _own_answer(self, request: Request) -> Answer:
        try:
            return control.answer(request, self)
        except Exception as error:
            logger.error("%s %s failed", request.method, request.path, exc_info=error)
            return control.failed(error)

    def _served(self, call: Call) -> Answer:
        """What the account answers, once that is kept."""
        with lock:
            answer = serve(call)
            try:
                self._commit()
            except SandboxError as error:
                logger.error("%s could not be kept", call.request.path, exc_info=error)
                return call.refused(Refusal("InternalFailure", str(error), 500))
        return answer

    def _wake(self) -> None:
        if self.worker is not None:
            self.worker.wake()


def dressed(answer: Answer, service: str) -> Answer:
    """The answer with the headers that AWS's answers have."""
    headers = {**answer.headers}
    id_ = headers.setdefault("x-amzn-requestid", headers.get("x-amz-request-id") or str(uuid.uuid4()))
    headers["date"] = format_datetime(clock.now(), usegmt=True)
    headers.pop("connection", None)
    headers.pop("status", None)
    if service == "s3":
        headers.setdefault("x-amz-request-id", id_)
        headers.setdefault("x-amz-id-2", b64encode(sha256(id_.encode()).digest()).decode())
    return replace(answer, headers=headers)
