"""Triggers: they start crawlers on demand, by a schedule, or when other crawlers have ended.

A trigger that would start a job, that waits for a job or for events of EventBridge, or that belongs to a
workflow, is kept but refuses to be activated: nothing here runs jobs or workflows.
Source: AWS Glue Developer Guide, "AWS Glue triggers".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.glue.utils import Action

from offline.clock import clock
from offline.engines.glue.definitions import Definition, refused
from offline.engines.glue.schedule import Cron


class Trigger(Definition):
    """One trigger; `state` is CREATED, ACTIVATED or DEACTIVATED."""

    def __init__(self, arn: str, given: dict[str, Any]) -> None:
        self.state = "CREATED"
        self.since = clock.now()
        self.ended: dict[str, str] = {}
        """How crawlers have ended since the trigger last fired."""
        super().__init__(arn, given)
        if given.get("StartOnCreation"):
            self._start_on_creation()

    def _start_on_creation(self) -> None:
        if self.type == "ON_DEMAND":
            raise refused("CreateTrigger", "StartOnCreation is not supported for ON_DEMAND triggers.")
        self.activate("CreateTrigger")

    def change(self, given: dict[str, Any]) -> None:
        """The definition is overwritten as a whole, but for its type and workflow."""
        before = getattr(self, "given", {})
        fixed = {name: before[name] for name in ("Type", "WorkflowName") if name in before}
        given = {**{key: value for key, value in given.items() if key != "StartOnCreation"}, **fixed}
        _check(given)
        if self.state == "ACTIVATED":
            _check_plays("UpdateTrigger", given)
        super().change(given)

    @property
    def type(self) -> str:
        return str(self.given["Type"])

    @property
    def actions(self) -> list[Action]:
        return [Action(action) for action in self.given["Actions"]]

    def as_dict(self) -> dict[str, Any]:
        return {**self.given, "State": self.state}

    def activate(self, operation: str) -> None:
        _check_plays(operation, self.given)
        self.state, self.since, self.ended = "ACTIVATED", clock.now(), {}

    def next_run(self) -> datetime | None:
        """When the schedule fires next."""
        scheduled = self.state == "ACTIVATED" and self.type == "SCHEDULED"
        return Cron(self.given["Schedule"]).next(self.since) if scheduled else None

    def note(self, crawler: str, state: str) -> bool:
        """A crawler ended; say whether the trigger fires of it."""
        if self.state != "ACTIVATED" or self.type != "CONDITIONAL":
            return False
        self.ended[crawler] = state
        predicate = self.given["Predicate"]
        held = [self.ended.get(one["CrawlerName"]) == one["CrawlState"] for one in predicate["Conditions"]]
        fires = any(held) if predicate.get("Logical") == "ANY" else all(held)
        if fires:
            self.ended = {}
        return fires

    def fire(self, start: Callable[[str], None]) -> None:
        self.since = clock.now()
        for action in self.given["Actions"]:
            start(action["CrawlerName"])


def _check(given: dict[str, Any]) -> None:
    """Refuse what AWS refuses when a trigger is made."""
    kind = given["Type"]
    for action in given["Actions"]:
        if ("CrawlerName" in action) == ("JobName" in action):
            raise refused("CreateTrigger", f"an action starts one job or one crawler, got {action}")
    if kind == "CONDITIONAL" and not (given.get("Predicate") or {}).get("Conditions"):
        raise refused("CreateTrigger", "Predicate cannot be null or empty")
    if kind == "SCHEDULED":
        try:
            Cron(given.get("Schedule") or "")
        except ValueError as error:
            raise refused("CreateTrigger", str(error)) from None


def _check_plays(operation: str, given: dict[str, Any]) -> None:
    """Refuse to activate what cannot be carried out."""
    conditions = (given.get("Predicate") or {}).get("Conditions", [])
    jobs = [part["JobName"] for part in (*given["Actions"], *conditions) if "JobName" in part]
    reasons = {
        f"it names the job{'s' if len(jobs) > 1 else ''} {', '.join(jobs)}": bool(jobs),
        f"it belongs to the workflow {given.get('WorkflowName')}": "WorkflowName" in given,
        "it waits for events of EventBridge": given["Type"] == "EVENT",
    }
    if why := [reason for reason, holds in reasons.items() if holds]:
        raise refused(
            operation,
            f"trigger {given['Name']} is not run offline: {' and '.join(why)}; a trigger may start crawlers "
            "on demand, by a schedule, or when crawlers have ended",
        )
