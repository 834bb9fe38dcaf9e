"""An execution's thread and the caller of `settle` take turns: only one of them runs at any time.

moto's interpreter runs an execution in threads of its own and waits in real time. Here it parks
instead, telling when it may go on, and hands the turn back; so nothing runs in the background, and a
run is the same every time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from offline.clock import clock, in_seconds
from offline.lock import lock, settling

TURNS: dict[str, Turn] = {}
"""By execution ARN, which is all of an execution that the interpreter hands around."""


class Turn:
    """Whose turn it is, and what a parked execution waits for."""

    def __init__(self, work: Callable[[], None], concurrent: bool = False) -> None:
        self._work = work
        self.concurrent = concurrent
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ready: Callable[[], bool] = lambda: True
        self.running = False
        self.finished = False
        self.due: datetime | None = None

    def ready(self) -> bool:
        """Whether the execution could go on now."""
        return not (self.running or self.finished) and self._ready()

    def take(self) -> None:
        """Let the execution go on until it parks or ends."""
        with self._changed:
            self.running, self.due = True, None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._changed.notify_all()
        # The execution asks the account as anybody does, and a branch of it may have the account settle.
        with lock.waiting(), settling.waiting(), self._changed:
            self._changed.wait_for(lambda: not self.running)

    def park(self, ready: Callable[[], bool], due: datetime | None = None) -> None:
        """Called by the execution: hand the turn back until `ready`."""
        with self._changed:
            self._ready, self.due, self.running = ready, due, False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.running)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            with self._changed:
                self.finished, self.running = True, False
                self._changed.notify_all()


def turn_of(env: Any) -> Turn:
    """The turn of the execution that an environment of the interpreter belongs to."""
    return TURNS[env.states.context_object.context_object_data["Execution"]["Id"]]


def pause(env: Any, seconds: float) -> None:
    """Wait until the clock has moved on by so much, or the execution is stopped.

    In a branch of Parallel or Map no time passes: branches share one turn, and a waiting one would
    hold up the others.
    """
    if seconds <= 0 or env.is_frame():
        return
    until = in_seconds(seconds)
    turn_of(env).park(lambda: clock.now() >= until or not env.is_running(), due=until)


def seconds_until(moment: datetime) -> float:
    return max((moment - clock.now()) / timedelta(seconds=1), 0)
