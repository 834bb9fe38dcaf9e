"""Records that wait until there are enough of them, or until they have waited long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from offline.clock import clock
from offline.engines.firehose.record import Failure, Item

T = TypeVar("T", Item, Failure)


class Buffer(Generic[T]):
    """What will be one object: its records, their bytes, and when it has to go."""

    __slots__ = ("due", "items", "size")

    def __init__(self, due: datetime) -> None:
        self.items: list[T] = []
        self.size = 0
        self.due = due


class Buffers(Generic[T]):
    """One buffer per partition; a buffer begins its interval with its first record."""

    def __init__(self, most_bytes: int, interval_seconds: int) -> None:
        self._hint(most_bytes, interval_seconds)
        self.open: dict[tuple[str, ...], Buffer[T]] = {}
        self._full: list[tuple[tuple[str, ...], Buffer[T]]] = []

    def _hint(self, most_bytes: int, interval_seconds: int) -> None:
        self.most_bytes = most_bytes
        self.interval = timedelta(seconds=interval_seconds)

    def close(self, most_bytes: int, interval_seconds: int) -> None:
        """Let every buffer go as it is; the next ones are filled by these hints."""
        self._full += self.open.items()
        self.open.clear()
        self._hint(most_bytes, interval_seconds)

    def add(self, key: tuple[str, ...], item: T, size: int) -> None:
        buffer = self.open.get(key)
        if buffer is None:
            buffer = self.open[key] = Buffer(clock.now() + self.interval)
        buffer.items.append(item)
        buffer.size += size
        if buffer.size >= self.most_bytes:
            self._full.append((key, self.open.pop(key)))

    def due(self) -> datetime | None:
        if self._full:
            return min(clock.now(), *(buffer.due for _, buffer in self._full))
        return min((buffer.due for buffer in self.open.values()), default=None)

    def ready(self) -> Iterator[tuple[tuple[str, ...], Buffer[T]]]:
        """The buffers that are full or have waited their interval; they are no longer here."""
        full, self._full = self._full, []
        yield from full
        for key in [key for key, buffer in self.open.items() if buffer.due <= clock.now()]:
            yield key, self.open.pop(key)

    def later(self, key: tuple[str, ...], buffer: Buffer[T]) -> None:
        """Take a buffer back that could not be delivered, for another try an interval later."""
        again = self.open.setdefault(key, Buffer(clock.now() + max(self.interval, timedelta(seconds=1))))
        again.items[:0] = buffer.items
        again.size += buffer.size
        again.due = clock.now() + max(self.interval, timedelta(seconds=1))
