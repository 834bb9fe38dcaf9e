"""The one thread that does what is due in an account whose clock runs.

It sleeps until the next thing falls due, or until a request may have made something due; it calls the same
`settle` as anybody. What an engine fails with is logged and told, and leaves the worker alive.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING

from offline.clock import clock
from offline.lock import lock

if TYPE_CHECKING:
    from offline.sandbox import Sandbox

LEAST_REST = 0.02
"""Seconds between two looks: many requests in a row are looked at together."""
LONGEST_REST = 3600.0
FAILURE_REST = 5.0
"""Seconds before what failed is tried again, unless a request comes."""

logger = logging.getLogger("offline.server")


class Worker:
    """Works from `start` to `stop`."""

    def __init__(self, sandbox: Sandbox, commit: Callable[[], None]) -> None:
        self._sandbox, self._commit = sandbox, commit
        self._woken, self._stopping = Event(), Event()
        self._thread = Thread(target=self._run, name="worker", daemon=True)
        self.failure = ""
        """The traceback of what the last look failed with; empty once one went well again."""
        self.failures = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout=10)

    def wake(self) -> None:
        """A request was served: something may be due."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            rest = self._look()
            self._stopping.wait(LEAST_REST)
            self._woken.wait(rest)

    def _look(self) -> float:
        """Do what is due; seconds until the next thing is."""
        began = clock.now()
        try:
            self._sandbox.settle()
            with lock:
                self._commit()
            due = self._sandbox.next_due(began)
        except Exception as error:  # noqa: BLE001 - whatever an engine fails with, the others go on
            self._failed(error)
            return FAILURE_REST
        self.failure = ""
        seconds = LONGEST_REST if due is None else (due - clock.now()).total_seconds()
        return min(max(seconds, 0.0), LONGEST_REST)

    def _failed(self, error: Exception) -> None:
        if self._stopping.is_set():
            return  # Programs that ran were ended with the account.
        self.failures += 1
        self.failure = f"{time.strftime('%H:%M:%S')} " + "".join(traceback.format_exception(error))
        logger.error("what was due could not be done", exc_info=error)
