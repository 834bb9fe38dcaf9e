"""The one clock that everything in the account waits on.

In process it stands still until somebody moves it, so a run is the same however fast the machine is: sixty
days pass in a millisecond, and a shard's second lasts until its producer waits. An account that is served to
other processes has a clock that runs, since they compare its times with those of their own.
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
        self.ahead: timedelta | None = None
        """Of a clock that runs: how far it was moved before the machine's. None where it stands still."""
        self._moves: list[tuple[datetime, timedelta]] = []
        """Of a clock that runs: since which second of the machine's it is so far ahead."""

    def now(self) -> datetime:
        if self.ahead is not None:
            # The machine's clock may be set back; the account's is not.
            self._now = max(self._now, datetime.now(UTC) + self.ahead)
        return self._now

    def signing_now(self) -> datetime:
        """The time by which requests are signed: of those from other processes, their machine's."""
        return self.now() - self.ahead if self.ahead is not None else self.now()

    def when_signed(self, moment: datetime) -> datetime:
        """The account's time when something was signed at this moment of `signing_now`, to the second."""
        if self.ahead is None:
            return moment
        return moment + next(ahead for since, ahead in reversed(self._moves) if since <= moment)

    def epoch(self) -> float:
        """Seconds since 1970, as AWS's JSON protocols carry timestamps."""
        return self.now().timestamp()

    def move_to(self, moment: datetime) -> None:
        """Set the time; only `Sandbox.advance` should, since it also runs what falls due on the way."""
        now = self.now()
        if self.ahead is not None:
            # A clock that runs may have passed the moment meanwhile.
            self.ahead += max(moment - now, timedelta())
            self._remember(datetime.now(UTC).replace(microsecond=0), self.ahead)
        elif moment < now:
            raise ValueError(f"the clock cannot go back from {now} to {moment}")
        else:
            self._now = moment

    def _remember(self, second: datetime, ahead: timedelta) -> None:
        if self._moves and self._moves[-1][0] >= second:
            second, _ = self._moves.pop()
        self._moves.append((second, ahead))

    def reset(self, start: datetime = START) -> None:
        """Stand still, at this moment."""
        self._now, self.ahead = start, None

    def resume(self, moment: datetime) -> None:
        """Go on from where an account was left: never back, and no further than it was ahead."""
        if self.ahead is None:
            self.reset(moment)
        else:
            self.run(max(moment - datetime.now(UTC), timedelta()))

    def run(self, ahead: timedelta = timedelta()) -> None:
        """Follow the machine's clock from now on, so far ahead of it."""
        self._now, self.ahead = datetime.now(UTC) + ahead, ahead
        self._moves = [(datetime.min.replace(tzinfo=UTC), ahead)]


clock = Clock()


def in_seconds(seconds: float) -> datetime:
    """The moment that lies this far ahead."""
    return clock.now() + timedelta(seconds=seconds)
