"""Which parts something still refers to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

Unit = tuple[int, int]
"""What is pickled at once: a row of a part, by both numbers; a backend has the part number 0."""


class References:
    """Counts references by what holds them, so that a part goes with the last of them.

    >>> references = References(); references.hold((0, 1), [7]); references.hold((7, 1), [8])
    >>> references.hold((0, 1), []); list(references.unheld())
    [7, 8]
    """

    def __init__(self) -> None:
        self._held: dict[int, dict[int, tuple[int, ...]]] = defaultdict(dict)
        self._counts: Counter[int] = Counter()
        self._suspects: set[int] = set()

    def hold(self, unit: Unit, parts: Iterable[int]) -> None:
        """From now on a unit refers to these parts, and to no others."""
        part, row = unit
        now = tuple(parts)
        self._counts.update(now)
        for one in self._held[part].pop(row, ()):
            self._counts[one] -= 1
            if not self._counts[one]:
                self._suspects.add(one)
        if now:
            self._held[part][row] = now

    def unheld(self) -> Iterator[int]:
        """The parts that nothing refers to any more, each once; what they held is let go of, too."""
        while self._suspects:
            part = self._suspects.pop()
            if self._counts[part]:
                continue
            del self._counts[part]
            yield part
            for row in list(self._held[part]):
                self.hold((part, row), ())
            self._held.pop(part, None)

    def highest(self) -> int:
        return max(self._counts, default=0)
