"""The account's locks: one thing is served at a time, and one thing that is due is done at a time.

moto's backends are not made for threads. Whoever waits for a program that calls the account back (a
function, a container, an execution's thread) lets go meanwhile, or that program would wait for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock, get_ident
from types import TracebackType


class AccountLock:
    """Re-entrant, and let go of as a whole.

    >>> lock = AccountLock()
    >>> with lock, lock, lock.waiting():
    ...     lock.held()
    False
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._owner = self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._owner = get_ident()
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = 0
        self._lock.release()

    def held(self) -> bool:
        """Whether this very thread holds it."""
        return self._owner == get_ident()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Others hold it meanwhile, however often this thread entered it."""
        depth = self._depth if self.held() else 0
        for _ in range(depth):
            self.__exit__(None, None, None)
        try:
            yield
        finally:
            for _ in range(depth):
                self.__enter__()


lock = AccountLock()
"""Held by whoever serves a request, or does what is due, while it works on the account."""
settling = AccountLock()
"""Held by whoever does what is due until it is done, waits included: nothing is begun twice. Taken before
`lock` by who needs both."""
