"""A shard's records in the order they came."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from offline.state.part import Part

# AWS's sequence numbers have 56 digits and grow within a shard: here a fixed head, the shard, a counter.
SEQUENCE_HEAD = "496647382570"
COUNTER_DIGITS = 12


class Entry(NamedTuple):
    sequence_number: str
    arrived: float
    partition_key: str
    data: str
    """Base64, exactly as the producer sent it."""


class ShardLog(Part):
    """Records by position; positions only grow, and start over never, not even when records expire.

    Three parallel lists and one mark per moment keep a record at its text's size: nothing is
    scanned on a put, and a read costs what it returns.
    """

    def __init__(self, shard_number: int) -> None:
        self._stem = f"{SEQUENCE_HEAD}{shard_number:032d}"
        self._keys: list[str] = []
        self._data: list[str] = []
        self._first = 1
        self._moments: list[float] = []
        self._marks: list[int] = []
        self._kept = 1
        self._rows: list[tuple[int, int]] = []

    @property
    def first(self) -> int:
        """Position of the oldest record that is still kept (the trim horizon)."""
        return self._first

    @property
    def end(self) -> int:
        """Position that the next record will get."""
        return self._first + len(self._keys)

    def sequence_number(self, position: int) -> str:
        return f"{self._stem}{position:012d}"

    def position(self, sequence_number: str) -> int:
        """Where a sequence number stands; numbers of other shards stand at the nearest end."""
        stem, counter = sequence_number[:-COUNTER_DIGITS], sequence_number[-COUNTER_DIGITS:]
        if stem != self._stem:
            return self.end if int(sequence_number) > int(self.sequence_number(0)) else 0
        return int(counter)

    def append(self, partition_key: str, data: str, now: float) -> int:
        """Keep a record; its position."""
        position = self._first + len(self._keys)
        if not self._moments or self._moments[-1] != now:
            self._moments.append(now)
            self._marks.append(position)
        self._keys.append(partition_key)
        self._data.append(data)
        return position

    def arrived(self, position: int) -> float:
        return self._moments[bisect_right(self._marks, position) - 1]

    def at(self, moment: float) -> int:
        """Position of the first record that arrived then or later."""
        index = bisect_left(self._moments, moment)
        return max(self._marks[index], self._first) if index < len(self._marks) else self.end

    def read(self, position: int) -> Iterator[Entry]:
        """Records from a position on."""
        start = max(position, self._first)
        mark = bisect_right(self._marks, start) - 1
        for offset in range(start - self._first, len(self._keys)):
            place = self._first + offset
            if mark + 1 < len(self._marks) and self._marks[mark + 1] <= place:
                mark += 1
            yield Entry(
                f"{self._stem}{place:012d}", self._moments[mark], self._keys[offset], self._data[offset]
            )

    def expire(self, horizon: float) -> None:
        """Let go of what arrived before the horizon."""
        index = bisect_left(self._moments, horizon)
        if index == 0:
            return
        self._trim(self._marks[index] if index < len(self._marks) else self.end)

    def _trim(self, first: int) -> None:
        """Let go of what stands before a position."""
        first = max(first, self._first)
        mark = len(self._marks) if first == self.end else max(bisect_right(self._marks, first) - 1, 0)
        del self._keys[: first - self._first], self._data[: first - self._first]
        del self._moments[:mark], self._marks[:mark]
        self._first = first

    # -- on disk: what came since the last time is one row, and goes when all of it has expired ----------

    def head(self) -> tuple[str, int]:
        return self._stem, self._first

    def save(self) -> None:
        while self._rows and self._rows[0][1] <= self._first:
            self.rows.drop(self._rows.pop(0)[0])
        start, end = max(self._kept, self._first), self.end
        if start < end:
            number = self._rows[-1][0] + 1 if self._rows else 0
            self.rows.put(number, self._since(start))
            self._rows.append((number, end))
        self._kept = end

    def _since(self, start: int) -> tuple[int, list[str], list[str], list[float], list[int]]:
        """What came from a position on, with the moments of its arrival."""
        offset, mark = start - self._first, max(bisect_right(self._marks, start) - 1, 0)
        return start, self._keys[offset:], self._data[offset:], self._moments[mark:], self._marks[mark:]

    def load(self, head: Any) -> None:
        ShardLog.__init__(self, 0)
        self._stem, first = head
        for number, (start, keys, data, moments, marks) in self.rows.read():
            if not self._rows:
                self._first = start
            self._keys += keys
            self._data += data
            known = bool(self._moments) and moments[0] == self._moments[-1]
            self._moments += moments[known:]
            self._marks += marks[known:]
            self._rows.append((number, self.end))
        self._trim(first)
        self._kept = self.end
