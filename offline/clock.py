"""The one clock that everything in the account waits on.

It stands still until somebody moves it, so a run is the same however fast the machine is: sixty
days pass in a millisecond, and a shard's second lasts until its producer waits.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Runs start at a fixed moment, so that two runs write the same arrival prefixes.
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Clock:
    """Time in the account, in UTC.

    >>> clock = Clock(); clock.move_to(START + timedelta(days=60)); clock.now().date().isoformat()
    '2026-03-06'
    """

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def epoch(self) -> float:
        """Seconds since 1970, as AWS's JSON protocols carry timestamps."""
        return self._now.timestamp()

    def move_to(self, moment: datetime) -> None:
        """Set the time; only `Sandbox.advance` should, since it also runs what falls due on the way."""
        if moment < self._now:
            raise ValueError(f"the clock cannot go back from {self._now} to {moment}")
        self._now = moment

    def reset(self, start: datetime = START) -> None:
        self._now = start


clock = Clock()


def in_seconds(seconds: float) -> datetime:
    """The moment that lies this far ahead."""
    return clock.now() + timedelta(seconds=seconds)
