"""Rows of Amazon CloudWatch.

An alarm exists, is described, changed and deleted; nothing evaluates it, so it stays in
INSUFFICIENT_DATA until SetAlarmState says otherwise.
"""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

ALARM = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm"),
    *("Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic"),
    *("InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic"),
    *("Threshold", "ThresholdMetricId", "TreatMissingData", "Unit"),
)
NUMBERS = {"DatapointsToAlarm": int, "EvaluationPeriods": int, "Period": int, "Threshold": float}


def create_alarm(resource: Resource) -> Physical:
    name = resource.properties.take("AlarmName") or resource.name(longest=255)
    _put(resource, name, Tags=resource.tag_list())
    return Physical(name, {"Arn": resource.arn("cloudwatch", f"alarm:{name}")})


def _put(resource: Resource, name: str, **more: Any) -> None:
    """PutMetricAlarm replaces an alarm's whole definition, so what is left out is at its default."""
    settings = given(resource.properties, *ALARM)
    numbers = {key: NUMBERS[key](value) for key, value in settings.items() if key in NUMBERS}
    resource.client("cloudwatch").put_metric_alarm(AlarmName=name, **settings | numbers, **more)


def update_alarm(resource: Resource, alarm: Physical, old: Properties) -> Physical:
    _put(resource, alarm.id)
    cloudwatch, arn = resource.client("cloudwatch"), alarm.attributes["Arn"]
    retag(
        resource,
        old,
        lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tags),
        lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
    )
    return alarm


def read_alarm(resource: Resource, alarm: Physical) -> dict[str, Any] | None:
    cloudwatch = resource.client("cloudwatch")
    described = cloudwatch.describe_alarms(AlarmNames=[alarm.id], AlarmTypes=["MetricAlarm"])
    for found in described["MetricAlarms"]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
        told = {name: found.get(name) for name in ALARM}
        told["Threshold"] = _plain(found.get("Threshold"))
        return {"AlarmName": alarm.id, **present(**told, Tags=told_tags(resource, tags))}
    return None


def _plain(threshold: float | None) -> float | None:
    """CloudWatch tells 1.0 of what a template calls 1."""
    return int(threshold) if threshold is not None and threshold.is_integer() else threshold


def delete_alarm(resource: Resource, alarm: Physical) -> None:
    """To CloudWatch, an alarm that is gone already is deleted."""
    resource.client("cloudwatch").delete_alarms(AlarmNames=[alarm.id])


def create_dashboard(resource: Resource) -> Physical:
    """A dashboard's tags are not taken, since the account keeps none."""
    name = resource.properties.take("DashboardName") or resource.name(longest=255)
    body = resource.properties.take("DashboardBody")
    resource.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return Physical(name)


def update_dashboard(resource: Resource, dashboard: Physical, old: Properties) -> Physical:
    body = resource.properties.take("DashboardBody")
    resource.client("cloudwatch").put_dashboard(DashboardName=dashboard.id, DashboardBody=body)
    return dashboard


@unless_gone("ResourceNotFound")
def read_dashboard(resource: Resource, dashboard: Physical) -> dict[str, Any] | None:
    found = resource.client("cloudwatch").get_dashboard(DashboardName=dashboard.id)
    return {"DashboardName": found["DashboardName"], "DashboardBody": found["DashboardBody"]}


@unless_gone("ResourceNotFound")
def delete_dashboard(resource: Resource, dashboard: Physical) -> None:
    resource.client("cloudwatch").delete_dashboards(DashboardNames=[dashboard.id])


ROWS = (
    Row("AWS::CloudWatch::Alarm", create_alarm, delete_alarm, update_alarm, read_alarm),
    Row("AWS::CloudWatch::Dashboard", create_dashboard, delete_dashboard, update_dashboard, read_dashboard),
)
