"""Rows of Amazon EventBridge Scheduler."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from offline.resources.change import given, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.shape import whole_numbers

GONE = "ResourceNotFoundException"
SCHEDULE = (
    *("Description", "EndDate", "FlexibleTimeWindow", "KmsKeyArn", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State", "Target"),
)


def create_schedule(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=64)
    arn = resource.client("scheduler").create_schedule(Name=name, **_settings(resource))["ScheduleArn"]
    return Physical(name, {"Arn": arn})


def _settings(resource: Resource) -> dict[str, Any]:
    settings = given(resource.properties, *SCHEDULE)
    return {**{name: whole_numbers(value) for name, value in settings.items()}, **_group(resource)}


def _group(resource: Resource) -> dict[str, str]:
    return given(resource.properties, "GroupName")


def update_schedule(resource: Resource, schedule: Physical, old: Properties) -> Physical:
    """UpdateSchedule replaces the whole definition, so what is left out is at its default."""
    group = resource.properties.take("GroupName")
    if group == old.take("GroupName"):
        arn = resource.client("scheduler").update_schedule(Name=schedule.id, **_settings(resource))
        return Physical(schedule.id, {"Arn": arn["ScheduleArn"]})
    # A schedule belongs to its group for good: it is made anew in the other.
    scheduler = resource.client("scheduler")
    made = scheduler.create_schedule(Name=schedule.id, **_settings(resource))
    with unless_gone(GONE):
        scheduler.delete_schedule(Name=schedule.id, **given(old, "GroupName"))
    return Physical(schedule.id, {"Arn": made["ScheduleArn"]})


@unless_gone(GONE)
def read_schedule(resource: Resource, schedule: Physical) -> dict[str, Any] | None:
    found = resource.client("scheduler").get_schedule(Name=schedule.id, **_group(resource))
    told = {name: found.get(name) for name in SCHEDULE}
    for name in ("StartDate", "EndDate"):
        told[name] = _as_written(resource.properties.take(name), found.get(name))
    return {"Name": found["Name"], "GroupName": found["GroupName"], **present(**told)}


def _as_written(wanted: str | None, moment: datetime | None) -> str | None:
    """A date in the template's own words while it is the same moment."""
    if moment is None or (wanted is not None and datetime.fromisoformat(wanted) == moment):
        return wanted if moment is not None else None
    return moment.isoformat()


@unless_gone(GONE)
def delete_schedule(resource: Resource, schedule: Physical) -> None:
    resource.client("scheduler").delete_schedule(Name=schedule.id, **_group(resource))


def create_group(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=64)
    resource.client("scheduler").create_schedule_group(Name=name, Tags=resource.tag_list())
    return _group_as_made(resource, name)


def _group_as_made(resource: Resource, name: str) -> Physical:
    found = resource.client("scheduler").get_schedule_group(Name=name)
    dates = {key: found[key].isoformat() for key in ("CreationDate", "LastModificationDate")}
    return Physical(name, {"Arn": found["Arn"], "State": found["State"], **dates})


def update_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    scheduler, arn = resource.client("scheduler"), group.attributes["Arn"]
    retag(
        resource,
        old,
        lambda tags: scheduler.tag_resource(ResourceArn=arn, Tags=tags),
        lambda keys: scheduler.untag_resource(ResourceArn=arn, TagKeys=keys),
    )
    return _group_as_made(resource, group.id)


@unless_gone(GONE)
def read_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    scheduler = resource.client("scheduler")
    found = scheduler.get_schedule_group(Name=group.id)
    tags = scheduler.list_tags_for_resource(ResourceArn=found["Arn"])["Tags"]
    return {"Name": found["Name"], **present(Tags=told_tags(resource, tags))}


@unless_gone(GONE)
def delete_group(resource: Resource, group: Physical) -> None:
    """Its schedules go with it."""
    resource.client("scheduler").delete_schedule_group(Name=group.id)


ROWS = (
    Row("AWS::Scheduler::Schedule", create_schedule, delete_schedule, update_schedule, read_schedule),
    Row("AWS::Scheduler::ScheduleGroup", create_group, delete_group, update_group, read_group),
)
