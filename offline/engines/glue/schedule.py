"""AWS's cron: `cron(minutes hours day-of-month month day-of-week year)`, in UTC.

>>> from datetime import datetime, UTC
>>> Cron("cron(0 12 ? * MON-FRI *)").next(datetime(2026, 1, 9, 12, 0, tzinfo=UTC)).isoformat()
'2026-01-12T12:00:00+00:00'
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

MONTHS = {name.upper(): index for index, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: index + 1 for index, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
YEARS = (1970, 2199)


class Cron:
    """The moments at which a schedule fires; a malformed expression is a ValueError."""

    def __init__(self, expression: str) -> None:
        match = re.fullmatch(r"cron\((.+)\)", expression.strip())
        fields: list[str] = match[1].upper().split() if match else []
        if len(fields) != 6:
            raise ValueError(f"schedule {expression!r} is not cron(<six fields>)")
        minutes, hours, self._days, months, self._weekdays, years = fields
        if (self._days == "?") == (self._weekdays == "?"):
            raise ValueError(
                f"schedule {expression!r}: exactly one of day-of-month and day-of-week must be ?"
            )
        self._minutes = sorted(values(minutes, 0, 59))
        self._hours = sorted(values(hours, 0, 23))
        self._months = values(months, 1, 12, MONTHS)
        self._years = values(years, *YEARS)
        self.fits(date(2026, 1, 1))  # Refuses a malformed day at once.

    def fits(self, day: date) -> bool:
        """Whether the schedule fires on this day."""
        if day.year not in self._years or day.month not in self._months:
            return False
        if self._weekdays == "?":
            return day.day in days_of_month(self._days, day)
        return fits_weekday(self._weekdays, day)

    def next(self, after: datetime) -> datetime | None:
        """The first moment later than this one; None when the years are over."""
        day = after.astimezone(UTC).date()
        while day.year <= max(self._years):
            if self.fits(day):
                later = (moment for moment in self._times(day) if moment > after)
                if (found := next(later, None)) is not None:
                    return found
            day += timedelta(days=1)
        return None

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in self._hours:
            for minute in self._minutes:
                yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def values(text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """The numbers that one field allows: `*`, `a`, `a-b`, `a/step`, `a-b/step`, and lists of them."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if first in ("*", "?") else number(first, names)
        stop = number(last, names) if last else (high if step or first in ("*", "?") else start)
        if not low <= start <= stop <= high:
            raise ValueError(f"schedule field {part!r} is outside of {low}-{high}")
        found |= set(range(start, stop + 1, int(step or 1)))
    return found


def number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isdecimal():
        raise ValueError(f"schedule field {text!r} is not a number")
    return int(text)


def days_of_month(text: str, day: date) -> set[int]:
    """`L` is the month's last day, `nW` the weekday nearest to the nth."""
    last = calendar.monthrange(day.year, day.month)[1]
    if text == "L":
        return {last}
    if match := re.fullmatch(r"(\d+)W", text):
        return {nearest_weekday(day.replace(day=min(int(match[1]), last)), last)}
    return values(text, 1, 31)


def nearest_weekday(day: date, last: int) -> int:
    if day.weekday() == 5:
        return day.day - 1 if day.day > 1 else day.day + 2
    if day.weekday() == 6:
        return day.day + 1 if day.day < last else day.day - 2
    return day.day


def fits_weekday(text: str, day: date) -> bool:
    """`nL` is the month's last such weekday, `n#k` its kth; Sunday is 1."""
    weekday = day.isoweekday() % 7 + 1
    if match := re.fullmatch(r"(\w+?)L", text):
        last = calendar.monthrange(day.year, day.month)[1]
        return weekday == number(match[1], DAYS) and day.day > last - 7
    if match := re.fullmatch(r"(\w+)#([1-5])", text):
        return weekday == number(match[1], DAYS) and (day.day - 1) // 7 + 1 == int(match[2])
    return weekday in values(text, 1, 7, DAYS)
