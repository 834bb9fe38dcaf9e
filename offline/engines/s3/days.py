"""S3's days, which end at midnight in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def midnight_after(moment: datetime, days: int) -> datetime:
    """The midnight in UTC at which so many days have passed.

    >>> midnight_after(datetime(2026, 1, 5, 12, tzinfo=UTC), 60).isoformat()
    '2026-03-07T00:00:00+00:00'
    >>> midnight_after(datetime(2026, 1, 5, tzinfo=UTC), 1).isoformat()
    '2026-01-06T00:00:00+00:00'
    """
    passed = moment + timedelta(days=days)
    day = passed.replace(hour=0, minute=0, second=0, microsecond=0)
    return day if day == passed else day + timedelta(days=1)


def aware(moment: datetime) -> datetime:
    """moto's moments have no zone; they are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
