"""What lies in an archive, and in which tier of Intelligent-Tiering: both follow from the clock alone.

An archived object is closed until somebody restores it, the restore's hours have passed, and for as
many days as the restore asked. Intelligent-Tiering lowers an object that nobody reads by itself, and a
read brings it back up; only its two optional tiers are archives, and what is restored from them stays
restored. Days end at midnight (UTC). Differs: a restore takes the longest time that AWS calls
typical, and a running one cannot be made faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.s3.exceptions import InvalidArgumentError, InvalidObjectState, MalformedXML, S3ClientError
from moto.s3.models import FakeKey, s3_backends

from facts import limits
from facts.errors import UnknownFactError
from offline.clock import clock
from offline.engines.s3.days import midnight_after

ARCHIVES = {"GLACIER": "glacier", "DEEP_ARCHIVE": "deep-archive"}
"""Storage classes whose objects must be restored, and what `facts` calls them."""
OPTIONAL = {"ARCHIVE_ACCESS": "glacier", "DEEP_ARCHIVE_ACCESS": "deep-archive"}
"""The tiers of Intelligent-Tiering that are archives, and whose hours their restores take."""


class RestoreAlreadyInProgressError(S3ClientError):
    """The object is on its way already."""

    code = "RestoreAlreadyInProgress"

    def __init__(self) -> None:
        super().__init__("Object restore is already in progress")


class NoSuchConfigurationError(S3ClientError):
    """No Intelligent-Tiering configuration of this id."""

    code = "NoSuchConfiguration"

    def __init__(self) -> None:
        super().__init__("The specified configuration does not exist.")


@dataclass(frozen=True, slots=True)
class Restore:
    """A copy that can be read from `ready` until `until`; from Intelligent-Tiering it stays."""

    ready: datetime
    until: datetime | None

    def open_at(self, now: datetime) -> bool:
        return self.ready <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Tiering:
    """One Intelligent-Tiering configuration: after how many days without access which archive."""

    id: str
    enabled: bool
    prefix: str
    tags: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, int], ...]

    def holds_for(self, name: str, tags: Mapping[str, str]) -> bool:
        return self.enabled and name.startswith(self.prefix) and set(self.tags) <= set(tags.items())


class Key(FakeKey):
    """An object that knows when it was last read and whether it can be read now."""

    accessed: datetime
    restored: Restore | None = None
    watcher: Any = None
    """Where the objects are kept on disk, which wants to hear of changes; no copy has one."""

    def __setattr__(self, name: str, value: Any) -> None:
        # moto counts in `_tick` how often an object was looked at; nothing here depends on it.
        if self.watcher is not None and name != "_tick" and self.__dict__.get(name, self.watcher) != value:
            self.watcher.changed(self.name)
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "watcher"}

    @classmethod
    def of(cls, key: FakeKey) -> Key:
        """moto's object, which from now on is one of ours."""
        key.__class__ = cls
        key.accessed = clock.now()
        return key

    def set_storage_class(self, storage: str | None) -> None:
        super().set_storage_class(storage)
        self.accessed, self.restored = clock.now(), None

    @property
    def response_dict(self) -> dict[str, Any]:
        return super().response_dict | self._restore_header() | self._archive_header()

    def _restore_header(self) -> dict[str, str]:
        now = clock.now()
        if self.restored is None or (self.restored.until is not None and self.restored.until <= now):
            return {}
        if now < self.restored.ready:
            return {"x-amz-restore": 'ongoing-request="true"'}
        if self.restored.until is None:
            return {}
        until = self.restored.until.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"x-amz-restore": f'ongoing-request="false", expiry-date="{until}"'}

    def _archive_header(self) -> dict[str, str]:
        where = self.place()
        return {"x-amz-archive-status": where} if where in OPTIONAL else {}

    def place(self) -> str:
        """The storage class, or the tier where the class is Intelligent-Tiering."""
        if self.storage_class != "INTELLIGENT_TIERING":
            return self.storage_class or "STANDARD"
        since = self.accessed
        if self.restored is not None and self.restored.ready <= clock.now():
            since = max(since, self.restored.ready)
        # Not kept with the object: moto copies objects deeply, and would copy the bucket with each.
        bucket = s3_backends[self.account_id][self.partition].get_bucket(self.bucket_name)
        return tier(since, clock.now(), self.contentsize, bucket.archive_days(self))

    def closed(self) -> bool:
        """Whether a read is refused."""
        if self.place() not in ARCHIVES | OPTIONAL:
            return False
        return self.restored is None or not self.restored.open_at(clock.now())

    def read(self) -> None:
        """A read counts as access."""
        self.accessed = clock.now()

    def bring_back(self, days: int | None, speed: str) -> bool:
        """A restore begins; whether a restored copy was there already, whose days are counted anew."""
        now, place = clock.now(), self.place()
        if place not in ARCHIVES | OPTIONAL:
            raise InvalidObjectState(storage_class=self.storage_class)
        if (place in OPTIONAL) != (days is None):
            raise MalformedXML()
        if days is not None and days < 1:
            raise InvalidArgumentError("restoration days should be at least 1", "Days", str(days))
        if self.restored is not None and now < self.restored.ready:
            raise RestoreAlreadyInProgressError
        again = self.restored is not None and self.restored.open_at(now)
        ready = now if again else now + timedelta(seconds=seconds_to_restore(place, speed))
        self.restored = Restore(ready, None if days is None else midnight_after(ready, days))
        return again


def seconds_to_restore(place: str, speed: str) -> int:
    """How long a restore takes; a speed that the archive does not have is refused.

    >>> seconds_to_restore("GLACIER", "Standard") // 3600
    5
    """
    archive = (ARCHIVES | OPTIONAL)[place]
    try:
        return int(limits.number(f"s3-restore-{archive}-{speed.lower()}"))
    except UnknownFactError:
        raise InvalidArgumentError(
            "Retrieval option is not supported by this storage class", "Tier", speed
        ) from None


def tier(accessed: datetime, now: datetime, size: int, archive_days: Mapping[str, int]) -> str:
    """Where Intelligent-Tiering keeps an object that was last read at a moment.

    >>> from datetime import UTC
    >>> read = datetime(2026, 1, 5, tzinfo=UTC)
    >>> [tier(read, read + timedelta(days=n), 200_000, {}) for n in (29, 30, 90)]
    ['FREQUENT', 'INFREQUENT', 'ARCHIVE_INSTANT']
    """
    if size < limits.number("s3-tiering-bytes-lowest"):
        return "FREQUENT"
    days = {
        "INFREQUENT": int(limits.number("s3-tiering-infrequent-days")),
        "ARCHIVE_INSTANT": int(limits.number("s3-tiering-archive-instant-days")),
        **{name: archive_days[name] for name in OPTIONAL if name in archive_days},
    }
    reached = [name for name, after in days.items() if midnight_after(accessed, after) <= now]
    return reached[-1] if reached else "FREQUENT"


# -- Intelligent-Tiering configurations -----------------------------------------------------------------


def parse(raw: dict[str, Any], id: str) -> Tiering:
    """The configuration of a request as its XML has it; what S3 refuses is refused."""
    if raw.get("Id") != id or raw.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXML()
    tierings = _listed(raw.get("Tiering"))
    days = {one.get("AccessTier"): int(one.get("Days") or 0) for one in tierings}
    if not days or set(days) - set(OPTIONAL) or len(days) != len(tierings):
        raise MalformedXML()
    highest = int(limits.number("s3-tiering-days-highest"))
    for name, kind in (("ARCHIVE_ACCESS", "archive"), ("DEEP_ARCHIVE_ACCESS", "deep-archive")):
        lowest = int(limits.number(f"s3-tiering-{kind}-days-lowest"))
        if name in days and not lowest <= days[name] <= highest:
            raise InvalidArgumentError(
                f"got {days[name]} days for {name}; allowed are {lowest} to {highest}",
                "Days",
                str(days[name]),
            )
    chosen = raw.get("Filter") or {}
    both = chosen.get("And") or chosen
    tags = tuple((tag["Key"], tag.get("Value") or "") for tag in _listed(both.get("Tag")))
    return Tiering(id, raw["Status"] == "Enabled", both.get("Prefix") or "", tags, tuple(days.items()))


def answer(one: Tiering) -> dict[str, Any]:
    """The configuration as GetBucketIntelligentTieringConfiguration gives it."""
    shown: dict[str, Any] = {"Id": one.id, "Status": "Enabled" if one.enabled else "Disabled"}
    tags = [{"Key": name, "Value": value} for name, value in one.tags]
    if len(tags) + bool(one.prefix) > 1:
        shown["Filter"] = {"And": {"Prefix": one.prefix, "Tags": tags}}
    elif tags:
        shown["Filter"] = {"Tag": tags[0]}
    elif one.prefix:
        shown["Filter"] = {"Prefix": one.prefix}
    return shown | {"Tierings": [{"AccessTier": name, "Days": days} for name, days in one.days]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
