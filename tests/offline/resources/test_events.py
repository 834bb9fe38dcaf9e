"""Rows of EventBridge: rules follow their template, with their targets."""

from __future__ import annotations

from typing import Any

import boto3

from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
ROLE = "arn:aws:iam::123456789012:role/r"


def rule(**more: Any) -> Staged:
    settings = {
        "Name": "flights",
        "Description": "of flights",
        "EventPattern": {"source": ["lab"], "detail": {"carrier": ["AA"]}},
        "ScheduleExpression": "rate(1 hour)",
        "RoleArn": ROLE,
        "State": "DISABLED",
        "Targets": [
            {"Id": "function", "Arn": FUNCTION, "RetryPolicy": {"MaximumRetryAttempts": 3}},
            {"Id": "machine", "Arn": MACHINE, "RoleArn": ROLE, "Input": "{}"},
        ],
        "Tags": [{"Key": "lab", "Value": "streaming"}],
    }
    return made("AWS::Events::Rule", **{**settings, **more})


def test_a_rule_has_everything_its_template_says(sandbox: Sandbox) -> None:
    flights = rule()
    assert flights.read() == {**flights.properties, "EventBusName": "default"}
    assert (flights.id, flights.attribute("RuleName")) == ("flights", "flights")
    assert flights.attribute("Arn").endswith(":rule/flights")


def test_an_updated_rule_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    flights = rule()
    flights.update(
        *("Description", "ScheduleExpression", "RoleArn", "State", "Tags"),
        EventPattern={"source": ["other"]},
        Targets=[{"Id": "function", "Arn": f"{FUNCTION}2", "RetryPolicy": {"MaximumRetryAttempts": "2"}}],
    )
    told = flights.read()
    assert told.pop("Targets")[0]["RetryPolicy"] == {"MaximumRetryAttempts": 2}
    assert told == {
        "Name": "flights",
        "EventBusName": "default",
        "EventPattern": {"source": ["other"]},
        "State": "ENABLED",
    }
    flights.update("Targets")
    assert "Targets" not in flights.read()


def test_what_a_hand_changed_on_a_rule_is_read(sandbox: Sandbox) -> None:
    flights = rule()
    boto3.client("events").enable_rule(Name="flights")
    assert flights.read()["State"] == "ENABLED"


def test_a_rule_on_another_bus_is_called_after_both(sandbox: Sandbox) -> None:
    events = boto3.client("events")
    events.create_event_bus(Name="lab")
    pattern = {"source": ["lab"]}
    flights = made("AWS::Events::Rule", Name="flights", EventBusName="lab", EventPattern=pattern)
    assert flights.id == "lab|flights"
    assert flights.read()["EventBusName"] == "lab"
    flights.update(Description="changed")
    flights.delete()
    assert events.list_rules(EventBusName="lab")["Rules"] == []


def test_a_rule_is_deleted_with_its_targets(sandbox: Sandbox) -> None:
    flights = rule()
    flights.delete()
    flights.delete()
    assert flights.read() is None


def test_what_fails_halfway_leaves_nothing(sandbox: Sandbox) -> None:
    target = {"Id": "1", "Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}
    failing("AWS::Events::Rule", ScheduleExpression="rate(1 day)", Targets=[target])
    assert boto3.client("events").list_rules()["Rules"] == []
