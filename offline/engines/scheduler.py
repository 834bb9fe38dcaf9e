"""Play Amazon EventBridge Scheduler: schedules call their targets as the account's clock moves.

A schedule calls under its own role. What refuses the call keeps the event: it goes to the dead-letter
queue, and without one it is lost, as on AWS after its retries. A flexible time window opens at once.
Source: EventBridge Scheduler User Guide, "Schedule types" and "Configuring a dead-letter queue".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, ScheduleGroup

from offline.clock import clock
from offline.engine import Engine, client_of_role
from offline.engines.targets import CALLS, call_of
from offline.engines.timetable import Timetable


class SchedulerEngine(Engine, EventBridgeSchedulerBackend):
    """moto's schedules, which fire."""

    service = "scheduler"
    clocks = ("moto.scheduler.models.utcnow",)

    def create_schedule(self, **settings: Any) -> Schedule:
        _check(settings)
        self.get_schedule_group(settings["group_name"])
        schedule = super().create_schedule(**settings)
        schedule.creation_date = schedule.last_modified_date = clock.epoch()
        # A rate without StartDate fires at once.
        schedule.seen = clock.now() - timedelta(microseconds=1)
        return schedule

    def update_schedule(self, **settings: Any) -> Schedule:
        _check(settings)
        schedule = super().update_schedule(**settings | {"state": settings["state"] or "ENABLED"})
        schedule.last_modified_date, schedule.seen = clock.epoch(), clock.now()
        return schedule

    def create_schedule_group(self, name: str, tags: list[dict[str, str]]) -> ScheduleGroup:
        group = super().create_schedule_group(name, tags or [])
        group.created_on = group.last_modified = clock.epoch()
        return group

    def delete_schedule_group(self, name: str | None) -> None:
        if name not in self.schedule_groups:
            raise ScheduleGroupNotFound(name or "default")
        self.tagger.delete_all_tags_for_resource(self.schedule_groups[name].arn)
        super().delete_schedule_group(name)

    def due(self) -> datetime | None:
        return min((moment for _, moment in self._waiting()), default=None)

    def settle(self) -> bool:
        ready = [(schedule, moment) for schedule, moment in self._waiting() if moment <= clock.now()]
        for schedule, moment in sorted(ready, key=lambda one: one[1]):
            schedule.seen = moment
            _fire(schedule, moment)
            if schedule.action_after_completion == "DELETE" and _next(schedule) is None:
                self.delete_schedule(schedule.group_name, schedule.name)
        return bool(ready)

    def _waiting(self) -> Iterator[tuple[Schedule, datetime]]:
        """Every enabled schedule, with the moment at which it fires next."""
        for group in self.schedule_groups.values():
            for schedule in group.schedules.values():
                if schedule.state == "ENABLED" and (moment := _next(schedule)) is not None:
                    yield schedule, moment


def _check(settings: dict[str, Any]) -> None:
    arn = settings["target"]["Arn"]
    if call_of(arn) is None:
        raise ValidationException(
            f"Target {arn} is not called here; allowed: {sorted(CALLS)} and universal targets (aws-sdk)"
        )
    try:
        Timetable(settings["schedule_expression"], settings["schedule_expression_timezone"] or "UTC")
    except ValueError as error:
        raise ValidationException(f"Invalid Schedule Expression: {error}") from None


def _next(schedule: Schedule) -> datetime | None:
    """When it fires next, within its StartDate and EndDate; one-time schedules know neither."""
    timetable = Timetable(schedule.schedule_expression, schedule.schedule_expression_timezone)
    start, end = _moment(schedule.start_date), _moment(schedule.end_date)
    after = schedule.seen
    if start is not None and not timetable.once:
        after = max(after, start - timedelta(microseconds=1))
    moment = timetable.next(after, start or datetime.fromtimestamp(schedule.creation_date, UTC))
    over = moment is not None and end is not None and moment > end and not timetable.once
    return None if over else moment


def _moment(stamp: float | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def _fire(schedule: Schedule, moment: datetime) -> None:
    target, region = schedule.target, schedule.arn.split(":")[3]
    client = partial(client_of_role, role_arn=target["RoleArn"], region=region)
    call = call_of(target["Arn"])
    assert call is not None
    text = _input(schedule, moment)
    try:
        call(target, text, client)
    except (BotoCoreError, ClientError):
        if queue := target.get("DeadLetterConfig", {}).get("Arn"):
            _bury(queue, text, client)


def _bury(queue: str, text: str, client: Any) -> None:
    """The dead-letter queue takes the event; where the role may not send, the event is lost."""
    try:
        CALLS["sqs:"]({"Arn": queue}, text, client)
    except (BotoCoreError, ClientError):
        return


def _input(schedule: Schedule, moment: datetime) -> str:
    """The target's Input with Scheduler's words replaced, or Scheduler's own notification."""
    time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    if (given := schedule.target.get("Input")) is None:
        return json.dumps(_notification(schedule, time))
    words = {
        "schedule-arn": schedule.arn,
        "scheduled-time": time,
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    for word, value in words.items():
        given = given.replace(f"<aws.scheduler.{word}>", value)
    return str(given)


def _notification(schedule: Schedule, time: str) -> dict[str, Any]:
    _, _, _, region, account, _ = schedule.arn.split(":", 5)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": time,
        "region": region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
