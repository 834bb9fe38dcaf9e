"""Signals that a resource waits for before it is complete, by a creation policy or as a wait condition.

They come by SignalResource, or are PUT at the address of a wait condition handle.
Source: AWS CloudFormation User Guide, "CreationPolicy attribute" and "Create wait conditions in a
CloudFormation template".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from facts import limits
from offline.clock import clock
from offline.errors import DeploymentError, TemplateError, UnsupportedPropertyError
from offline.resources.row import Awaited

if TYPE_CHECKING:
    from offline.cloudformation.stack import Deployed, Stack

WAIT_CONDITION = "AWS::CloudFormation::WaitCondition"
DURATION = re.compile(r"PT(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?")
STATUSES = ("SUCCESS", "FAILURE")


@dataclass(frozen=True)
class Signal:
    """One signal."""

    status: str
    data: str = ""
    reason: str = ""


def parsed(body: bytes) -> tuple[str, Signal]:
    """The unique id and the signal that were PUT at a handle's address."""
    try:
        given = json.loads(body)
        signal = Signal(given["Status"], str(given.get("Data", "")), str(given.get("Reason", "")))
        unique_id = str(given["UniqueId"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise TemplateError("a signal is a JSON object with Status, UniqueId, Data and Reason") from None
    if signal.status not in STATUSES:
        raise TemplateError(f"got Status {signal.status!r}; allowed: {', '.join(STATUSES)}")
    return unique_id, signal


def duration(text: str) -> timedelta:
    """An ISO 8601 duration as creation policies have it.

    >>> duration("PT1H30M")
    datetime.timedelta(seconds=5400)
    """
    found = DURATION.fullmatch(text)
    if found is None:
        raise TemplateError(f"got Timeout {text!r}; a duration has the form PT#H#M#S")
    return timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()})


def awaited_by_policy(policy: dict[str, Any]) -> Awaited:
    """What a creation policy waits for."""
    others = sorted(set(policy) - {"ResourceSignal"})
    if others or not isinstance(policy.get("ResourceSignal"), dict):
        raise UnsupportedPropertyError(f"CreationPolicy of {others} is not played; allowed: ResourceSignal")
    signal = policy["ResourceSignal"]
    given = signal.get("Timeout")
    default = timedelta(seconds=int(limits.value("cloudformation-creation-policy-seconds")))
    return Awaited(int(signal.get("Count", 1)), duration(str(given)) if given else default)


def awaited(kind: str, of_row: list[Awaited], policy: dict[str, Any] | None) -> Awaited | None:
    """What a resource waits for, by its creation policy or by its own properties."""
    if kind != WAIT_CONDITION:
        return None
    ways = of_row + ([awaited_by_policy(policy)] if policy else [])
    if len(ways) != 1:
        raise TemplateError("a wait condition has either Handle and Timeout, or a CreationPolicy")
    [found] = ways
    longest = timedelta(seconds=int(limits.value("cloudformation-wait-seconds-highest")))
    if found.count < 1 or not timedelta() < found.timeout <= longest:
        raise TemplateError(
            f"got {found.count} signals within {found.timeout}; allowed: 1 or more, within {longest}"
        )
    return found


class SignalWait:
    """One resource that waits, from now on until enough signals came, one of failure did, or time is over."""

    def __init__(self, stack: Stack, deployed: Deployed, awaited: Awaited) -> None:
        self._awaited = awaited
        self._until = clock.now() + awaited.timeout
        if not awaited.handle:
            # What an earlier attempt was sent is none of this one's; at a handle everything counts.
            stack.signals.pop(deployed.resource.logical_id, None)
        source = stack.handle(awaited.handle) if awaited.handle else deployed.resource.logical_id
        self._signals = stack.signals.setdefault(source, {})

    def due(self) -> datetime:
        """When the stack goes on."""
        return clock.now() if self._decided() else self._until

    def over(self) -> bool:
        return self.due() <= clock.now()

    def _decided(self) -> bool:
        return bool(self._failed()) or len(self._signals) >= self._awaited.count

    def _failed(self) -> list[str]:
        return [id for id, signal in self._signals.items() if signal.status == "FAILURE"]

    def attributes(self) -> dict[str, str]:
        """What came with the signals, by their unique ids; `DeploymentError` where the wait was in vain."""
        wanted, came = self._awaited.count, len(self._signals)
        for id in self._failed():
            raise DeploymentError(
                f"WaitCondition received failed message: '{self._signals[id].reason}' for uniqueId: {id}"
                if self._awaited.handle
                else f"Received FAILURE signal with UniqueId {id}"
            )
        if came < wanted:
            raise DeploymentError(
                f"WaitCondition timed out. Received {came} conditions when expecting {wanted}"
            )
        data = {id: signal.data for id, signal in self._signals.items()}
        return {"Data": json.dumps(data, separators=(",", ":"))}
