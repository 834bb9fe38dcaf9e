"""Which of the account's grants were ever needed: every allowed action of every role, used or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from moto.iam.models import iam_backends

from offline.engine import ACCOUNT_ID
from offline.iam.callers import attached
from offline.iam.conditions import matches
from offline.iam.gatekeeper import used


@dataclass(frozen=True)
class Grant:
    """One action that one statement of a role's policy allows, and how many requests it has let pass."""

    role: str
    policy: str
    statement: int
    action: str
    resources: tuple[str, ...]
    role_arn: str
    used: int = 0


def grants(prefix: str = "") -> Iterator[Grant]:
    """Every grant of the roles whose names begin so, by role, policy and statement; not yet counted."""
    for role in sorted(iam_backends[ACCOUNT_ID]["aws"].roles.values(), key=lambda one: one.name):
        if role.name.startswith(prefix):
            for policy in attached(role):
                for one in policy.statements:
                    for action in one.action if one.effect == "Allow" else ():
                        yield Grant(role.name, policy.name, one.number, action, one.resource, role.arn)


def counted(grant: Grant) -> Grant:
    """The grant with the requests it has let pass so far, also after its role is gone."""
    place = (grant.role_arn, grant.policy, grant.statement)
    return replace(
        grant,
        used=sum(
            times
            for (*where, asked), times in used.items()
            if tuple(where) == place and matches(asked, grant.action, ignore_case=True)
        ),
    )
