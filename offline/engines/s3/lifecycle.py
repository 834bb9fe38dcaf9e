"""Lifecycle rules: read from the request, refused as S3 refuses them, applied as the days go by.

S3 counts whole days: an action falls due at the midnight (UTC) that follows so many days after an
object was created, or after a version stopped being the current one. Objects only ever move down to
colder classes; where rules disagree, an object expires rather than moves, and moves as far down as any
rule says. Below 128 KiB nothing moves unless the rule names a size of its own. Differs: the daily pass
is instant here, while S3 may lag by a day or two (and bills as if it did not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from moto.s3.exceptions import InvalidArgumentError, MalformedXML
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from facts import limits
from offline.engines.s3.days import aware, midnight_after
from offline.engines.s3.notifications import EXPIRED, EXPIRED_MARKED, happened

WATERFALL = (
    *("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA"),
    *("GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
)
"""Objects move down this list, never up."""
INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")


@dataclass(frozen=True, slots=True)
class Move:
    """One transition: after days or at a date; of noncurrent versions, all but the newest `keep`."""

    to: str
    days: int | None = None
    date: datetime | None = None
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One lifecycle rule."""

    id: str
    enabled: bool
    prefix: str
    tags: tuple[tuple[str, str], ...]
    larger_than: int | None
    smaller_than: int | None
    moves: tuple[Move, ...]
    expires: Move | None
    markers: bool
    """Whether delete markers go once nothing else of their object is left."""
    old_moves: tuple[Move, ...]
    old_expire: Move | None
    abort_days: int | None
    raw: dict[str, Any] = field(compare=False, repr=False)
    """As the request had it."""

    @property
    def least_bytes(self) -> int:
        """What an object must have to be moved."""
        named = self.larger_than is not None or self.smaller_than is not None
        return 0 if named else int(limits.number("s3-transition-bytes-lowest"))

    def holds_for(self, name: str, size: int, tags: Callable[[], dict[str, str]]) -> bool:
        if not (self.enabled and name.startswith(self.prefix)):
            return False
        if self.larger_than is not None and size <= self.larger_than:
            return False
        if self.smaller_than is not None and size >= self.smaller_than:
            return False
        return not self.tags or set(self.tags) <= set(tags().items())


# -- reading ------------------------------------------------------------------------------------------


def parse(raw: list[dict[str, Any]]) -> tuple[Rule, ...]:
    """The rules of a request as its XML has them; what S3 refuses is refused."""
    rules = [_rule(one, number) for number, one in enumerate(raw)]
    if len(rules) > int(limits.number("s3-lifecycle-rules")):
        raise MalformedXML()
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise InvalidArgumentError("Rule ID must be unique. Found same ID for more than one rule", "ID", "")
    for rule in rules:
        _check(rule)
    return tuple(rules)


def _rule(raw: dict[str, Any], number: int) -> Rule:
    chosen = raw.get("Filter") or {}
    both = chosen.get("And") or chosen
    expiration, old = raw.get("Expiration") or {}, raw.get("NoncurrentVersionExpiration") or {}
    if raw.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXML()
    expires = _move("", expiration) if {"Days", "Date"} & set(expiration) else None
    return Rule(
        id=raw.get("ID") or f"rule-{number}",
        enabled=raw["Status"] == "Enabled",
        prefix=both.get("Prefix") or raw.get("Prefix") or "",
        tags=tuple((tag["Key"], tag.get("Value") or "") for tag in _listed(both.get("Tag"))),
        larger_than=_int(both.get("ObjectSizeGreaterThan")),
        smaller_than=_int(both.get("ObjectSizeLessThan")),
        moves=tuple(_move(one["StorageClass"], one) for one in _listed(raw.get("Transition"))),
        expires=expires,
        markers=str(expiration.get("ExpiredObjectDeleteMarker")).lower() == "true",
        old_moves=tuple(
            _old_move(one["StorageClass"], one) for one in _listed(raw.get("NoncurrentVersionTransition"))
        ),
        old_expire=_old_move("", old) if old else None,
        abort_days=_int((raw.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")),
        raw=raw,
    )


def _move(to: str, raw: dict[str, Any]) -> Move:
    date = raw.get("Date")
    when = datetime.fromisoformat(str(date).replace("Z", "+00:00")) if date else None
    return Move(to, _int(raw.get("Days")), when)


def _old_move(to: str, raw: dict[str, Any]) -> Move:
    return Move(to, _int(raw.get("NoncurrentDays")), keep=_int(raw.get("NewerNoncurrentVersions")) or 0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _int(value: Any) -> int | None:
    return None if value is None else int(value)


def _check(rule: Rule) -> None:
    """What S3 refuses of one rule."""
    if not (
        rule.moves or rule.expires or rule.markers or rule.old_moves or rule.old_expire or rule.abort_days
    ):
        raise InvalidArgumentError("At least one action needs to be specified in a rule", "Rule", rule.id)
    lowest = int(limits.number("s3-ia-transition-days-lowest"))
    for moves, action in ((rule.moves, "Transition"), (rule.old_moves, "NoncurrentVersionTransition")):
        for move in moves:
            if move.to not in WATERFALL[1:]:
                raise MalformedXML()
            if move.to in INFREQUENT and move.days is not None and move.days < lowest:
                raise InvalidArgumentError(
                    f"'Days' in {action} action must be greater than or equal to {lowest} for storageClass "
                    f"'{move.to}'",
                    "Days",
                    str(move.days),
                )
        _check_order(moves, action)
    last = max((move.days or 0 for move in rule.moves), default=0)
    if rule.expires and rule.expires.days is not None and rule.expires.days <= last:
        raise InvalidArgumentError(
            f"'Days' in the Expiration action for filter '(prefix={rule.prefix})' must be greater than "
            "'Days' in the Transition action",
            "Days",
            str(rule.expires.days),
        )
    if rule.markers and rule.tags:
        raise InvalidArgumentError(
            "ExpiredObjectDeleteMarker cannot be specified with a tag filter", "Rule", rule.id
        )


def _check_order(moves: tuple[Move, ...], action: str) -> None:
    dated = sorted((move for move in moves if move.days is not None), key=lambda move: _depth(move.to))
    for earlier, later in pairwise(dated):
        if (later.days or 0) <= (earlier.days or 0):
            raise InvalidArgumentError(
                f"'Days' in the {action} action for StorageClass '{later.to}' must be greater than 'Days' in "
                f"the {action} action for StorageClass '{earlier.to}'",
                "Days",
                str(later.days),
            )


def _depth(storage_class: str | None) -> int:
    return WATERFALL.index(storage_class) if storage_class in WATERFALL else 0


# -- time ---------------------------------------------------------------------------------------------


def _due(move: Move, since: datetime) -> datetime:
    return move.date if move.date is not None else midnight_after(since, move.days or 0)


# -- the daily pass -----------------------------------------------------------------------------------


class Pass:
    """One look at every object of a bucket: does what is due, and says when something is due next."""

    def __init__(
        self,
        bucket: FakeBucket,
        rules: tuple[Rule, ...],
        now: datetime,
        tags: Callable[[FakeKey], dict[str, str]],
    ) -> None:
        self._bucket, self._now, self._tags = bucket, now, tags
        self._rules = [rule for rule in rules if rule.enabled]
        self.done = 0
        self.next: datetime | None = None

    def run(self) -> None:
        for name, versions in list(self._bucket.keys.lists()):
            self._object(name, versions)
        for upload in list(self._bucket.multiparts.values()):
            self._upload(upload)

    def _any_due(self, moments: Iterable[datetime]) -> bool:
        """Whether one of them has come; otherwise the first is remembered."""
        first = min(moments, default=None)
        if first is None or first <= self._now:
            return first is not None
        self.next = first if self.next is None else min(self.next, first)
        return False

    def _object(self, name: str, versions: list[Any]) -> None:
        current, older = versions[-1], versions[:-1]
        gone = list(self._spent(older, versions))
        if gone:
            versions = [version for version in versions if version not in gone]
            self._drop(name, gone, versions)
        if isinstance(current, FakeDeleteMarker):
            self._marker(name, versions)
            return
        matching = self._matching(current)
        expiring = [rule.expires for rule in matching if rule.expires]
        if self._any_due(_due(move, aware(current.last_modified)) for move in expiring):
            self._expire(name, current)
        else:
            self._move(current, [(rule, rule.moves) for rule in matching], aware(current.last_modified), 0)

    def _matching(self, version: FakeKey) -> list[Rule]:
        size = version.contentsize
        return [
            rule for rule in self._rules if rule.holds_for(version.name, size, lambda: self._tags(version))
        ]

    def _expire(self, name: str, current: FakeKey) -> None:
        """The current version of a versioned bucket hides behind a marker; any other is gone."""
        if self._bucket.is_versioned:
            self.done += 1
            marker = self._bucket.keys[name] = FakeDeleteMarker(key=current)
            happened(self._bucket, EXPIRED_MARKED, marker)
            self._object(name, self._bucket.keys.getlist(name))
        else:
            self._drop(name, [current], [])

    def _drop(self, name: str, gone: list[Any], left: list[Any]) -> None:
        """Delete versions of an object for good; without any left it is gone."""
        self.done += len(gone)
        for version in gone:
            happened(self._bucket, EXPIRED, version)
        self._bucket.keys.setlist(name, left)  # Disposes of what it leaves out.
        if not left:
            del self._bucket.keys[name]

    def _spent(self, older: list[Any], versions: list[Any]) -> Iterator[Any]:
        """Versions that have been replaced for long enough; the others may move."""
        for index, version in enumerate(older):
            replaced, newer = aware(versions[index + 1].last_modified), len(older) - index - 1
            matching = self._matching(version) if isinstance(version, FakeKey) else self._of_marker(version)
            expiring = [
                rule.old_expire for rule in matching if rule.old_expire and newer >= rule.old_expire.keep
            ]
            if self._any_due(_due(move, replaced) for move in expiring):
                yield version
            elif isinstance(version, FakeKey):
                self._move(version, [(rule, rule.old_moves) for rule in matching], replaced, newer)

    def _of_marker(self, marker: FakeDeleteMarker) -> list[Rule]:
        return [rule for rule in self._rules if rule.holds_for(marker.name, 0, dict)]

    def _marker(self, name: str, versions: list[Any]) -> None:
        """A marker that hides nothing any more goes by a rule that says so."""
        alone = len(versions) == 1
        if alone and any(rule.markers for rule in self._of_marker(versions[0])):
            self._drop(name, versions, [])

    def _move(
        self, version: FakeKey, moves: list[tuple[Rule, tuple[Move, ...]]], since: datetime, newer: int
    ) -> None:
        at = _depth(version.storage_class)
        due = [
            move.to
            for rule, listed in moves
            for move in listed
            if version.contentsize >= rule.least_bytes
            and _depth(move.to) > at
            and newer >= move.keep
            and self._any_due([_due(move, since)])
        ]
        if due:
            version.set_storage_class(max(due, key=_depth))
            self.done += 1

    def _upload(self, upload: Any) -> None:
        """Parts of an upload that nobody completed."""
        days = [
            rule.abort_days
            for rule in self._rules
            if rule.abort_days is not None and upload.key_name.startswith(rule.prefix) and not rule.tags
        ]
        if self._any_due(midnight_after(aware(upload.initiated), passed) for passed in days):
            self.done += 1
            del self._bucket.multiparts[upload.id]


# -- answering ----------------------------------------------------------------------------------------


def answer(rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    """The rules as GetBucketLifecycleConfiguration gives them, sizes included, which moto forgets."""
    found = []
    for rule in rules:
        one = rule.raw
        shown: dict[str, Any] = {"ID": rule.id, "Status": one["Status"]}
        if "Filter" in one:
            shown["Filter"] = _filter(one["Filter"] or {})
        else:
            shown["Prefix"] = one.get("Prefix") or ""
        if rule.moves:
            shown["Transitions"] = [_shown(move, "Days") for move in rule.moves]
        if rule.expires or rule.markers:
            marker = {"ExpiredObjectDeleteMarker": True} if rule.markers else {}
            shown["Expiration"] = (_shown(rule.expires, "Days") if rule.expires else {}) | marker
        if rule.old_moves:
            shown["NoncurrentVersionTransitions"] = [
                _shown(move, "NoncurrentDays") for move in rule.old_moves
            ]
        if rule.old_expire:
            shown["NoncurrentVersionExpiration"] = _shown(rule.old_expire, "NoncurrentDays")
        if rule.abort_days is not None:
            shown["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
        found.append(shown)
    return found


def _shown(move: Move, days: str) -> dict[str, Any]:
    found: dict[str, Any] = {"StorageClass": move.to} if move.to else {}
    if move.days is not None:
        found[days] = move.days
    if move.date is not None:
        found["Date"] = move.date
    return found | ({"NewerNoncurrentVersions": move.keep} if move.keep else {})


def _filter(raw: dict[str, Any]) -> dict[str, Any]:
    if "And" in raw:
        tags = [
            {"Key": tag["Key"], "Value": tag.get("Value") or ""} for tag in _listed(raw["And"].get("Tag"))
        ]
        return {"And": _sizes(raw["And"]) | ({"Tags": tags} if tags else {})}
    if raw.get("Tag"):
        return {"Tag": {"Key": raw["Tag"]["Key"], "Value": raw["Tag"].get("Value") or ""}}
    return _sizes(raw)


def _sizes(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Prefix": raw.get("Prefix") or ""} if "Prefix" in raw else {}
    return found | {
        name: int(raw[name]) for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in raw
    }
