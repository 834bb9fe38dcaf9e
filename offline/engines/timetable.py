"""When an expression of EventBridge fires: `rate(…)`, `cron(…)` in a time zone, or once `at(…)`.

Source: EventBridge Scheduler User Guide, "Schedule types"; EventBridge User Guide, "Creating a rule
that runs on a schedule".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from offline.engines.glue.schedule import Cron

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
ONCE = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


@dataclass(frozen=True)
class Timetable:
    """An expression and the time zone it is read in; what cannot be read is a ValueError.

    >>> start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> Timetable("cron(0 9 * * ? *)", "Europe/Berlin").next(start, start).isoformat()
    '2026-01-06T08:00:00+00:00'
    >>> Timetable("rate(2 hours)").next(start + timedelta(minutes=1), start).isoformat()
    '2026-01-05T14:00:00+00:00'
    """

    expression: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except ZoneInfoNotFoundError:
            raise ValueError(f"time zone {self.zone!r} is not known") from None
        if not (RATE.fullmatch(self.expression) or ONCE.fullmatch(self.expression)):
            Cron(self.expression)

    @property
    def once(self) -> bool:
        return ONCE.fullmatch(self.expression) is not None

    def next(self, after: datetime, start: datetime) -> datetime | None:
        """The first moment later than `after`; a rate counts from `start`."""
        if (match := RATE.fullmatch(self.expression)) is not None:
            return _multiple(timedelta(**{f"{match[2]}s": int(match[1])}), after, start)
        if (match := ONCE.fullmatch(self.expression)) is not None:
            moment = datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
            return moment if moment > after else None
        # Cron counts in UTC, so it is shown the zone's wall clock as if it were UTC.
        wall = after.astimezone(ZoneInfo(self.zone)).replace(tzinfo=UTC)
        found = Cron(self.expression).next(wall)
        return found and found.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


def _multiple(period: timedelta, after: datetime, start: datetime) -> datetime:
    passed = max(-1, (after - start) // period)
    return start + (passed + 1) * period
