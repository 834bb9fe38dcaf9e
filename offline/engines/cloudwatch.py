"""Play Amazon CloudWatch: an alarm knows nothing until it is evaluated, and keeps its state when it changes.

moto says OK of every alarm that nobody has looked at. Alarms are not evaluated here.
Source: Amazon CloudWatch API Reference, "PutMetricAlarm".
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from offline.engine import Engine

STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp")


class CloudWatchEngine(Engine, CloudWatchBackend):
    """moto's alarms and dashboards."""

    service = "cloudwatch"
    clocks = ("moto.cloudwatch.models.utcnow",)

    def put_metric_alarm(self, name: str, *rest: Any, **named: Any) -> Alarm:
        former = self.alarms.get(name)
        if former is not None:
            named["tags"] = None  # Tags of an alarm that exists change by TagResource only.
        alarm = super().put_metric_alarm(name, *rest, **named)
        alarm.state_value = "INSUFFICIENT_DATA"
        for field in STATE if former is not None else ():
            setattr(alarm, field, getattr(former, field))
        return alarm

    def delete_alarms(self, alarm_names: list[str]) -> None:
        for alarm in [self.alarms[name] for name in alarm_names if name in self.alarms]:
            self.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
        super().delete_alarms(alarm_names)
