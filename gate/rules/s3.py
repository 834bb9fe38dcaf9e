"""Amazon S3: lifecycle rules that S3 refuses, and log buckets that stay empty."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from facts import limits
from gate.finding import Finding
from gate.template import Resource, Templates

TYPE = "AWS::S3::Bucket"
GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
TRANSITIONS = GUIDE + "lifecycle-transition-general-considerations.html"
WATERFALL = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Objects move down this list, never up."""
INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")
STAYS = {
    **dict.fromkeys(INFREQUENT, "s3-ia-transition-days-lowest"),
    "GLACIER": "s3-glacier-stay-days-lowest",
}
"""How long a rule leaves objects in a class before it moves them on."""

Move = tuple[str, int]
ACTIONS = {
    "objects": ("Transitions", "Transition", ("ExpirationInDays",)),
    "noncurrent versions": (
        "NoncurrentVersionTransitions",
        "NoncurrentVersionTransition",
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
    ),
}
"""What a rule moves and expires: its transitions, a single one, and the path of the days it expires after."""


def _finding(bucket: Resource, rule: str, at: str, message: str, fix: str, source: str) -> Finding:
    return Finding(bucket.template.name, bucket.logical_id, rule, bucket.type, at, message, fix, source)


def _rules(bucket: Resource) -> Iterator[tuple[str, str, list[Move], list[Any]]]:
    """Location, what it is about, moves and expiry of each rule that is not disabled."""
    for at, rule in bucket.values("LifecycleConfiguration.Rules[]"):
        if not isinstance(rule, dict) or rule.get("Status") == "Disabled":
            continue
        for what, (several, one, expiry) in ACTIONS.items():
            yield at, what, _moves(bucket, rule, several, one), _expiry(bucket, rule, expiry)


def _moves(bucket: Resource, rule: dict[str, Any], several: str, one: str) -> list[Move]:
    """Class and day of each transition, where both are known."""
    items = bucket.template.items
    listed = [*items(rule.get(several)), *items(rule.get(one))]
    moves = []
    for move in listed:
        kinds = list(bucket.template.possible(move.get("StorageClass"))) if isinstance(move, dict) else []
        days = list(bucket.template.possible(move.get("TransitionInDays"))) if kinds else []
        if len(kinds) == len(days) == 1 and str(days[0]).isdigit():
            moves.append((str(kinds[0]), int(days[0])))
    return moves


def _expiry(bucket: Resource, rule: dict[str, Any], path: tuple[str, ...]) -> list[Any]:
    found: list[Any] = [rule]
    for name in path:
        inner = [one.get(name) for one in found if isinstance(one, dict)]
        found = [value for node in inner for value in bucket.template.possible(node)]
    return found


def infrequent_access_days(templates: Templates) -> Iterator[Finding]:
    """Nothing moves to an infrequent-access class in its first thirty days."""
    lowest = int(limits.number("s3-ia-transition-days-lowest"))
    for bucket in templates.resources(TYPE):
        for at, what, moves, _ in _rules(bucket):
            for kind, days in moves:
                if kind in INFREQUENT and days < lowest:
                    message = f"moves {what} to {kind} after {days} days"
                    yield _finding(
                        bucket, "s3-ia-days", at, message, f"wait at least {lowest} days", TRANSITIONS
                    )


def transition_order(templates: Templates) -> Iterator[Finding]:
    """Later transitions go further down, and leave objects in a class as long as S3 wants."""
    for bucket in templates.resources(TYPE):
        for at, what, moves, _ in _rules(bucket):
            moves.sort(key=lambda move: (move[1], _depth(move[0])))
            for (kind, days), (further, later) in pairwise(moves):
                stay = int(limits.number(STAYS[kind])) if kind in STAYS else 0
                if _depth(further) < _depth(kind):
                    message = f"moves {what} to {further} after {later} days, up from {kind} after {days}"
                    fix = f"order them as {', '.join(WATERFALL)}"
                elif later - days < stay:
                    message = f"moves {what} on to {further} {later - days} days after {kind}"
                    fix = f"let {what} stay {stay} days in {kind}"
                else:
                    continue
                yield _finding(bucket, "s3-transition-order", at, message, fix, TRANSITIONS)


def _depth(kind: str) -> int:
    return WATERFALL.index(kind) if kind in WATERFALL else -1


def expiry_after_transitions(templates: Templates) -> Iterator[Finding]:
    """Objects expire after their last transition, not before."""
    for bucket in templates.resources(TYPE):
        for at, what, moves, expiry in _rules(bucket):
            last = max((days for _, days in moves), default=0)
            if last and len(expiry) == 1 and str(expiry[0]).isdigit() and int(expiry[0]) <= last:
                message = f"expires {what} after {expiry[0]} days and moves them after {last}"
                fix = f"expire {what} after their last transition"
                yield _finding(bucket, "s3-expiry", at, message, fix, GUIDE + "intro-lifecycle-rules.html")


def access_log_encryption(templates: Templates) -> Iterator[Finding]:
    """Server access logs are delivered only to buckets encrypted by S3's own keys."""
    for bucket in templates.resources(TYPE):
        target = templates.at(bucket.refers("LoggingConfiguration.DestinationBucketName"), TYPE)
        if target is None:
            continue
        path = (
            "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.SSEAlgorithm"
        )
        for at, algorithm in target.values(path):
            if str(algorithm).startswith("aws:kms"):
                yield _finding(
                    target,
                    "s3-access-log-encryption",
                    at,
                    f"got {algorithm} on the bucket that {bucket.logical_id} logs to",
                    "use AES256: the logging service cannot write with a KMS key",
                    GUIDE + "enable-server-access-logging.html",
                )


RULES = (infrequent_access_days, transition_order, expiry_after_transitions, access_log_encryption)
