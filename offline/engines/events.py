"""Play Amazon EventBridge: rules call their targets, for events and as the account's clock moves.

A target with a role is called under it, any other in EventBridge's own name: the policies of functions,
queues and topics are not asked. What refuses the call goes to the target's dead-letter queue.
Source: EventBridge User Guide, "Event bus targets" and "Creating a rule that runs on a schedule".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.utils import EventTemplateParser

from offline.clock import clock
from offline.engine import Engine, client_of_role, client_of_service
from offline.engines.targets import CALLS, at, call_of
from offline.engines.timetable import Timetable

BY_MOTO = ("arn:aws:logs:", "arn:aws:events:", "arn:aws-cn:logs:", "arn:aws-cn:events:")
"""Targets that moto calls itself: log groups, and other buses."""


class CallingRule(Rule):
    """moto's rule, which calls what moto does not."""

    targets: list[dict[str, Any]]
    seen: datetime
    """Until when its schedule was looked at."""

    def send_to_targets(self, original_event: Any, transform_input: bool = True) -> None:
        has_pattern = bool(self.event_pattern.get_pattern())
        if self.state == "ENABLED" and has_pattern and self.event_pattern.matches_event(original_event):
            self._send(original_event, transform_input)

    def _send(self, event: Any, transform_input: bool = True) -> None:
        """To every target: those that moto knows, by moto."""
        targets, known = self.targets, [one for one in self.targets if call_of(one["Arn"]) is None]
        for target in targets:
            if target not in known:
                self._call(target, event)
        self.targets = known
        try:
            super().send_to_targets(event, transform_input)
        finally:
            self.targets = targets

    def _call(self, target: dict[str, Any], event: dict[str, Any]) -> None:
        own = partial(client_of_service, region=self.region_name)
        role = target.get("RoleArn")
        client = partial(client_of_role, role_arn=role, region=self.region_name) if role else own
        text, call = _input(target, event), call_of(target["Arn"])
        assert call is not None
        try:
            call(target, text, client)
        except (BotoCoreError, ClientError):
            if queue := target.get("DeadLetterConfig", {}).get("Arn"):
                CALLS["sqs:"]({"Arn": queue}, text, own)

    def next(self) -> datetime | None:
        """When its schedule fires next; a rate counts from when the rule was made."""
        if not self.scheduled_expression or self.state != "ENABLED":
            return None
        return Timetable(self.scheduled_expression).next(self.seen, self.seen)

    def fire(self, moment: datetime) -> None:
        self.seen = moment
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.account_id,
            "time": moment.timestamp(),
            "region": self.region_name,
            "resources": [self.arn],
            "detail": {},
        }
        self._send({**event, "ingestion-time": event["time"]})


class EventsEngine(Engine, EventsBackend):
    """moto's buses and rules, which call and fire."""

    service = "events"

    def put_rule(self, name: str, *rest: Any, **named: Any) -> Rule:
        expression = named.get("scheduled_expression")
        if expression:
            _check(expression)
        former = self._get_event_bus(self._normalize_event_bus_arn(named.get("event_bus_arn"))).rules.get(
            name
        )
        rule = super().put_rule(name, *rest, **named)
        rule.__class__ = CallingRule
        unchanged = former is not None and former.scheduled_expression == expression
        rule.seen = former.seen if unchanged and former.state == rule.state else clock.now()
        return rule

    def enable_rule(self, name: str, event_bus_arn: str | None) -> bool:
        enabled: bool = super().enable_rule(name, event_bus_arn)
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        bus.rules[name].seen = clock.now()
        return enabled

    def put_targets(self, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            arn = str(target["Arn"])
            if call_of(arn) is None and not arn.startswith(BY_MOTO):
                raise ValidationException(
                    f"Target {arn} is not called here; allowed: {sorted(CALLS)}, log groups and event buses"
                )
        super().put_targets(name, event_bus_arn, targets)

    def put_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return super().put_events([{"Time": clock.epoch(), **event} for event in events])

    def due(self) -> datetime | None:
        return min((moment for _, moment in self._waiting()), default=None)

    def settle(self) -> bool:
        ready = [(rule, moment) for rule, moment in self._waiting() if moment <= clock.now()]
        for rule, moment in ready:
            rule.fire(moment)
        return bool(ready)

    def _waiting(self) -> Iterator[tuple[CallingRule, datetime]]:
        """Every enabled rule with a schedule, and when it fires next."""
        for bus in self.event_buses.values():
            for rule in list(bus.rules.values()):
                if isinstance(rule, CallingRule) and (moment := rule.next()) is not None:
                    yield rule, moment


def _check(expression: str) -> None:
    try:
        timetable = Timetable(expression)
    except ValueError as error:
        raise ValidationException(f"Parameter ScheduleExpression is not valid: {error}") from None
    if timetable.once:
        raise ValidationException("Parameter ScheduleExpression is not valid.")


def _input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """What the target is sent: the event, a part of it, a text made of it, or a text of the target's own."""
    sent = {name: value for name, value in event.items() if name != "ingestion-time"}
    sent["time"] = f"{datetime.fromtimestamp(float(sent['time']), UTC):%Y-%m-%dT%H:%M:%SZ}"
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(at(sent, target["InputPath"]))
    if transformer := target.get("InputTransformer"):
        made = EventTemplateParser.parse(
            input_template=transformer["InputTemplate"],
            input_paths_map=transformer.get("InputPathsMap", {}),
            event={**sent, "ingestion-time": sent["time"]},
        )
        return json.dumps(made)
    return json.dumps(sent)
