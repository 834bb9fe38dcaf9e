"""Who asks, and the names that a policy may know them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Reach(IntEnum):
    """How exactly an Allow of a resource-based policy names a principal; identity policies need no name.

    Within one account it decides which other policies still have a say (IAM User Guide, "Policy
    evaluation logic").
    """

    IDENTITY = 0
    ACCOUNT = 1
    """The account: it delegates to the account's own policies."""
    ROLE = 2
    EVERYONE = 3
    EXACT = 4
    """A user or one session of a role."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: `kind` is root, user, role, service or anonymous.

    `arn` of a role is its session's: `arn:aws:sts::111122223333:assumed-role/name/session`.
    """

    kind: str
    account: str
    arn: str = ""
    role_arn: str = ""

    @property
    def text(self) -> str:
        return self.arn or self.kind


def root(account: str, partition: str = "aws") -> Principal:
    return Principal("root", account, f"arn:{partition}:iam::{account}:root")


def session(role_arn: str, name: str) -> Principal:
    """A session of a role.

    >>> session("arn:aws:iam::111122223333:role/path/worker", "a").arn
    'arn:aws:sts::111122223333:assumed-role/worker/a'
    """
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    short = role_arn.rpartition("/")[2]
    return Principal("role", account, f"arn:{partition}:sts::{account}:assumed-role/{short}/{name}", role_arn)


def service(name: str) -> Principal:
    """AWS itself, such as `cloudtrail.amazonaws.com`."""
    return Principal("service", "", name)


ANONYMOUS = Principal("anonymous", "")


def reach(stated: Any, principal: Principal) -> Reach | None:
    """How a Principal element reaches a caller; None where it does not."""
    if stated == "*":
        return Reach.EVERYONE
    if not isinstance(stated, dict):
        return None
    names = _listed(stated.get("AWS"))
    if "*" in names:
        return Reach.EVERYONE
    if principal.kind == "service":
        return Reach.EXACT if principal.arn in _listed(stated.get("Service")) else None
    found = [how for name in names if (how := _named(name, principal)) is not None]
    return max(found, default=None)


def _named(name: str, principal: Principal) -> Reach | None:
    if principal.kind == "anonymous":
        return None
    if name == principal.role_arn:
        return Reach.ROLE
    if re.fullmatch(r"\d{12}", name) or re.fullmatch(r"arn:[^:]+:iam::\d{12}:root", name):
        account = name if name.isdigit() else name.split(":")[4]
        return Reach.ACCOUNT if account == principal.account else None
    return Reach.EXACT if name == principal.arn else None


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
