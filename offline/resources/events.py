"""Rows of Amazon EventBridge."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, only_in, present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.shape import whole_numbers

GONE = "ResourceNotFoundException"
RULE = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")


def create_rule(resource: Resource) -> Physical:
    """`Ref` of a rule on another bus than the default one answers `bus|rule`."""
    properties = resource.properties
    name = properties.take("Name") or resource.name(longest=64)
    arn = _put(resource, name, Tags=resource.tag_list())
    bus = (properties.take("EventBusName") or "default").rsplit("/", 1)[-1]
    rule = resource.begin(
        Physical(name if bus == "default" else f"{bus}|{name}", {"Arn": arn, "RuleName": name})
    )
    _follow_targets(resource, name, Properties({}))
    return rule


def _put(resource: Resource, name: str, **more: Any) -> str:
    """PutRule replaces a rule's whole definition, so what is left out is at its default."""
    pattern = resource.properties.take("EventPattern")
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    arn: str = resource.client("events").put_rule(
        Name=name,
        **given(resource.properties, *RULE),
        **({} if pattern is None else {"EventPattern": text}),
        **more,
    )["RuleArn"]
    return arn


def _follow_targets(resource: Resource, name: str, old: Properties) -> None:
    events, bus = resource.client("events"), _bus(resource)
    targets = [whole_numbers(target) for target in resource.properties.take("Targets") or []]
    ids = [target["Id"] for target in targets]
    if gone := only_in([target["Id"] for target in old.take("Targets") or []], ids):
        events.remove_targets(Rule=name, Ids=gone, **bus)
    if targets:
        answer = events.put_targets(Rule=name, Targets=targets, **bus)
        assert not answer["FailedEntryCount"], answer["FailedEntries"]


def _bus(resource: Resource) -> dict[str, str]:
    return given(resource.properties, "EventBusName")


def update_rule(resource: Resource, rule: Physical, old: Properties) -> Physical:
    events, name, arn = resource.client("events"), rule.attributes["RuleName"], rule.attributes["Arn"]
    _put(resource, name)
    _follow_targets(resource, name, old)
    retag(
        resource,
        old,
        lambda tags: events.tag_resource(ResourceARN=arn, Tags=tags),
        lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
    )
    return rule


@unless_gone(GONE)
def read_rule(resource: Resource, rule: Physical) -> dict[str, Any] | None:
    events, bus, name = resource.client("events"), _bus(resource), rule.id.rsplit("|", 1)[-1]
    found = events.describe_rule(Name=name, **bus)
    targets = events.list_targets_by_rule(Rule=name, **bus)["Targets"]
    tags = events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
    pattern = found.get("EventPattern")
    return present(
        Name=name,
        **{key: found.get(key) for key in RULE},
        EventPattern=json.loads(pattern) if pattern else None,
        Targets=targets,
        Tags=told_tags(resource, tags),
    )


@unless_gone(GONE)
def delete_rule(resource: Resource, rule: Physical) -> None:
    """A rule is deleted once it has no targets."""
    events, bus, name = resource.client("events"), _bus(resource), rule.id.rsplit("|", 1)[-1]
    targets = events.list_targets_by_rule(Rule=name, **bus)["Targets"]
    if targets:
        events.remove_targets(Rule=name, Ids=[target["Id"] for target in targets], **bus)
    events.delete_rule(Name=name, **bus)


ROWS = (Row("AWS::Events::Rule", create_rule, delete_rule, update_rule, read_rule),)
