"""What was asked of the account is told here, to whoever keeps a record of it: the trails of CloudTrail.

While nobody does, nothing is put together and no engine is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse

from offline.clock import clock
from offline.iam.callers import Caller
from offline.iam.needs import Place

if TYPE_CHECKING:
    from offline.engines.s3.served import Served


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A use of a KMS key that a service makes for its caller; `context` is the encryption context."""

    caller: Caller
    action: str
    key: str
    service: str
    context: Mapping[str, str]
    place: Place
    kept_minutes: float = 0
    """How long the service goes on with what it got for this caller, before it asks the key again."""


def trails(account: str) -> list[Any]:
    """The account's trails that are logging."""
    module = sys.modules.get("moto.cloudtrail.models")
    if module is None:
        return []
    backends = list(module.cloudtrail_backends[account].values())
    return [trail for one in backends for trail in list(one.trails.values()) if trail.status.is_logging]


def of_call(response: BaseResponse, caller: Caller, answer: Any) -> None:
    """A call of any service but S3 was answered, or refused."""
    if found := trails(response.current_account):
        from offline.engines.cloudtrail import events

        if event := events.of_call(response, caller, answer):
            _tell(found, event)


def of_request(served: Served, account: str) -> None:
    """S3 has answered a request."""
    if found := trails(account):
        from offline.engines.cloudtrail import events

        _tell(found, events.of_request(served, account))


def of_key_use(use: KeyUse, arn: str, error: str = "") -> None:
    """A service has used a key for its caller, or a policy denied it."""
    found = trails(use.place.account)
    if not found or (not error and _goes_on(use, arn)):
        return
    from offline.engines.cloudtrail import events

    _tell(found, events.of_key_use(use, arn, error))


_kept: dict[tuple[str, ...], datetime] = {}
"""Until when a service goes on with what a key gave it, for one caller."""


def forget() -> None:
    """The account is gone."""
    _kept.clear()


def _goes_on(use: KeyUse, arn: str) -> bool:
    """Whether the service had no need to ask the key."""
    if not use.kept_minutes:
        return False
    of = (use.caller.principal.text, use.caller.access_key, use.action, arn, *use.context.values())
    now = clock.now()
    if _kept.get(of, now) > now:
        return True
    _kept[of] = now + timedelta(minutes=use.kept_minutes)
    return False


def _tell(found: list[Any], event: dict[str, Any]) -> None:
    for trail in found:
        trail.hear(event)
