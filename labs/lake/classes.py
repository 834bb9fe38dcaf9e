"""Let two years pass over an object in every storage class, under the rules that the lake was deployed with.

Where the account's clock can be moved, the objects are put, the days pass, and what S3 then says of each
is held against what the rules say. Elsewhere nobody waits two years: the table is what the rules say.
"""

from __future__ import annotations

from typing import Any

from facts import limits, prices
from labs.account import empty_bucket
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal
from labs.flights import reference_csv
from labs.lake.bucket import lifecycle_rules
from labs.lake.objects import said
from labs.objects import body

PREFIX = "lab/lake/classes/"
DAYS = (0, 30, 60, 180, 365, 730)
CLASSES = (
    *("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA"),
    *("GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
)
"""From warm to cold, as objects may move."""
EXPIRED = "expired"
PRICES = {
    "STANDARD": "s3-standard-gb-month",
    "STANDARD_IA": "s3-standard-ia-gb-month",
    "ONEZONE_IA": "s3-onezone-ia-gb-month",
    "GLACIER_IR": "s3-glacier-ir-gb-month",
    "GLACIER": "s3-glacier-gb-month",
    "DEEP_ARCHIVE": "s3-deep-archive-gb-month",
    "INTELLIGENT_TIERING, frequent": "s3-tiering-frequent-gb-month",
    "INTELLIGENT_TIERING, infrequent": "s3-tiering-infrequent-gb-month",
    "INTELLIGENT_TIERING, archive instant": "s3-tiering-archive-instant-gb-month",
}
KEPT_GB = 1000
"""Costs are those of so much data."""
DAY = 86_400
Places = dict[tuple[str, int], str]


def let_time_pass(context: Context) -> Evidence:
    """Every object goes down as the lake's rules say, costs less each time, and is gone at the end."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    rules = lifecycle_rules(s3, bucket)
    stated: Places = {(kind, day): place_on(rules, kind, day) for kind in CLASSES for day in DAYS}
    seen, checks = TimeMachine(context, s3, bucket).run() if context.days_pass else (stated, [])
    costs = {place: monthly_usd(place, context.region) for place in seen.values()}
    passed = [
        equal(
            f"put as {kind}, it lies where the rules say",
            [seen[kind, day] for day in DAYS],
            [stated[kind, day] for day in DAYS],
        )
        for kind in CLASSES
        if context.days_pass
    ]
    return Evidence(
        figures={"days": DAYS[-1] if context.days_pass else 0, "rules": len(rules)},
        table=Table(
            ["put as", *(f"day {day}" for day in DAYS)],
            [[kind, *(_cell(seen[kind, day], costs) for day in DAYS)] for kind in CLASSES],
        ),
        series={
            "days": list(DAYS),
            "usd": {kind: [costs[seen[kind, day]] for day in DAYS] for kind in CLASSES},
            "observed": context.days_pass,
        },
        checks=[*passed, *checks, *_never_dearer(seen, costs)],
        notes=_notes(context),
    )


def place_on(rules: list[dict[str, Any]], kind: str, day: int) -> str:
    """Where the enabled rules for every object have an object of this class, so many days after its put.

    >>> rules = [{"Status": "Enabled", "Transitions": [{"Days": 60, "StorageClass": "STANDARD_IA"}]}]
    >>> place_on(rules, "STANDARD", 60), place_on(rules, "GLACIER", 60)
    ('STANDARD_IA', 'GLACIER')
    """
    holding = [rule for rule in rules if rule["Status"] == "Enabled" and _for_all(rule)]
    lives = [rule["Expiration"]["Days"] for rule in holding if "Days" in rule.get("Expiration", {})]
    if any(days <= day for days in lives):
        return EXPIRED
    moves = [move for rule in holding for move in rule.get("Transitions", []) if move["Days"] <= day]
    coldest = max([kind, *(move["StorageClass"] for move in moves)], key=CLASSES.index)
    return _tier(day) if coldest == "INTELLIGENT_TIERING" else coldest


def _for_all(rule: dict[str, Any]) -> bool:
    """Whether a rule holds for every object: it names a prefix at most, and one that ours begin with."""
    chosen = rule.get("Filter") or {}
    prefix: str = chosen.get("Prefix") or rule.get("Prefix") or ""
    return not set(chosen) - {"Prefix"} and PREFIX.startswith(prefix)


def _tier(day: int) -> str:
    """The automatic tier of an object nobody reads; the S3 API does not tell it."""
    if day >= limits.number("s3-tiering-archive-instant-days"):
        return "INTELLIGENT_TIERING, archive instant"
    infrequent = day >= limits.number("s3-tiering-infrequent-days")
    return f"INTELLIGENT_TIERING, {'in' if infrequent else ''}frequent"


def monthly_usd(place: str, region: str) -> float | None:
    """What keeping the data there costs a month, None where the price is not known."""
    if place == EXPIRED:
        return 0.0
    usd = prices.price(PRICES[place], region).usd
    return None if usd is None else usd * KEPT_GB


def _cell(place: str, costs: dict[str, float | None]) -> str:
    usd = costs[place]
    where = place.rpartition(", ")[2]
    return f"{where} {'price unknown' if usd is None else f'${usd:,.2f}'}"


def _never_dearer(seen: Places, costs: dict[str, float | None]) -> list[Check]:
    """As far as prices are known."""
    dearer = []
    for kind in CLASSES:
        known = [usd for day in DAYS if (usd := costs[seen[kind, day]]) is not None]
        if known != sorted(known, reverse=True):
            dearer.append(kind)
    return [equal("no object ever costs more to keep than before", dearer, [])]


def _notes(context: Context) -> list[str]:
    notes = [
        f"Dollars a month for {KEPT_GB:,} GB in {context.region}, storage alone: moves, requests, retrieval, "
        "least days charged and Intelligent-Tiering's monitoring come on top.",
        "The tier within Intelligent-Tiering is reckoned from days without access; S3 does not tell it.",
    ]
    low = sorted(
        id for id in PRICES.values() if prices.price(id, context.region).confidence in ("low", "background")
    )
    if low:
        notes.append(f"Prices not read from a price list: {', '.join(low)}.")
    if not context.days_pass:
        notes.append("Reckoned from the rules; run the lab alone and offline to see the days pass.")
    return notes


class TimeMachine:
    """Objects of every class, and days that pass over them."""

    def __init__(self, context: Context, s3: Any, bucket: str) -> None:
        self._context, self._s3, self._bucket = context, s3, bucket
        self._passed = 0.0
        self._data = reference_csv("weather")

    def run(self) -> tuple[Places, list[Check]]:
        """Where each object lay on each of the days, and what a read of an archived one came to."""
        for kind in CLASSES:
            self._s3.put_object(**self._of(kind), Body=self._data, StorageClass=kind)
        seen: Places = {}
        checks: list[Check] = []
        for done, day in enumerate(DAYS, start=1):
            # S3 acts at the midnight after so many days: look when that day is over.
            self._until(day + 1 if day else 0)
            seen |= {(kind, day): self._place(kind, day) for kind in CLASSES}
            archived = [kind for kind in CLASSES if seen[kind, day] == "GLACIER"]
            if archived and not checks and day:
                checks = self._retrieved(archived[0])
            self._context.progress("days", done, len(DAYS))
        empty_bucket(self._s3, self._bucket, PREFIX)
        return seen, checks

    def _of(self, kind: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": PREFIX + kind}

    def _wait(self, seconds: float) -> None:
        self._context.wait(seconds)
        self._passed += seconds

    def _until(self, day: int) -> None:
        self._wait(max(0.0, day * DAY - self._passed))

    def _place(self, kind: str, day: int) -> str:
        from botocore.exceptions import ClientError

        try:
            head = self._s3.head_object(**self._of(kind))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return EXPIRED
        found = str(head.get("StorageClass", "STANDARD"))
        return _tier(day) if found == "INTELLIGENT_TIERING" else found

    def _retrieved(self, kind: str) -> list[Check]:
        """An archived object is closed until its restore has taken its hours."""

        def read() -> None:
            self._s3.get_object(**self._of(kind))

        seconds = limits.number("s3-restore-glacier-standard")
        before = said(read)
        self._s3.restore_object(
            **self._of(kind), RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}}
        )
        self._wait(seconds - 60)
        meanwhile = said(read)
        self._wait(60)
        return [
            equal("an archived object is not read", before, "InvalidObjectState"),
            equal(
                f"nor before its restore has taken {seconds // 3600} hours", meanwhile, "InvalidObjectState"
            ),
            equal("then it is, unchanged", body(self._s3, self._bucket, PREFIX + kind) == self._data, True),
        ]
