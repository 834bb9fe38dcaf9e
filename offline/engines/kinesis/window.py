"""What a shard lets through in a second of the account's clock."""

from __future__ import annotations

from facts import limits


class Window:
    """A rate per second: what is over it has to wait for the next second.

    An amount above a whole second's worth passes when nothing else has, and then blocks what comes
    for as many seconds as it took: "If GetRecords returns 10 MB, subsequent calls made within the
    next 5 seconds throw" (GetRecords, API reference). A second starts with its first use.

    >>> window = Window(2)
    >>> [window.admits(1, 0.0) and window.take(1, 0.0) for _ in range(3)]
    [True, True, False]
    >>> window.admits(10, 1.0) and window.take(10, 1.0), window.admits(1, 5.9), window.admits(1, 6.0)
    (True, False, True)
    """

    __slots__ = ("_used", "per_second", "until")

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self.until = 0.0
        self._used = 0

    def admits(self, amount: int, now: float) -> bool:
        if now >= self.until:
            return True
        return self._used + amount <= self.per_second

    def take(self, amount: int, now: float) -> bool:
        """Count an amount that was admitted; True, so that it reads as a condition."""
        if now >= self.until:
            self._used, self.until = 0, now + 1.0
        self._used += amount
        if self._used > self.per_second:
            self.until += self._used / self.per_second - 1.0
        return True

    def closed(self, now: float) -> bool:
        """Whether a second's worth is used up, so that not even an empty read is let through."""
        return now < self.until and self._used >= self.per_second


class WriteWindow:
    """The two rates of a shard's writes, counted together since every record passes here.

    A record above a second's bytes (streams that allow up to 10 MiB) passes an unused second, as above.
    """

    __slots__ = ("_bytes", "_most_bytes", "_most_records", "_records", "_until")

    def __init__(self) -> None:
        self._most_bytes = int(limits.value("kinesis-shard-write-bytes"))
        self._most_records = int(limits.value("kinesis-shard-write-records"))
        self._bytes = self._records = 0
        self._until = 0.0

    def admit(self, size: int, now: float) -> bool:
        """Count a record, if the second has room for it."""
        if now >= self._until:
            self._bytes, self._records = size, 1
            self._until = now + max(1.0, size / self._most_bytes)
            return True
        if self._records >= self._most_records or self._bytes + size > self._most_bytes:
            return False
        self._records += 1
        self._bytes += size
        return True
