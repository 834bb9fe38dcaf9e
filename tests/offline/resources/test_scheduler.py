"""Rows of EventBridge Scheduler: schedules and their groups follow their template."""

from __future__ import annotations

from typing import Any

import boto3

from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.resources.stage import Staged, made

OFF = {"Mode": "OFF"}


def target(**more: Any) -> dict[str, Any]:
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    return {"Arn": function, "RoleArn": "arn:aws:iam::123456789012:role/r", **more}


def schedule(**more: Any) -> Staged:
    settings = {
        "Name": "nightly",
        "GroupName": made("AWS::Scheduler::ScheduleGroup", name="Group").id,
        "Description": "every night",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": "2026-02-01T00:00:00.000Z",
        "EndDate": "2027-02-01T00:00:00Z",
        "State": "DISABLED",
        "KmsKeyArn": boto3.client("kms").create_key()["KeyMetadata"]["Arn"],
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        "Target": target(
            Input="{}",
            RetryPolicy={"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 300},
            DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        ),
    }
    return made("AWS::Scheduler::Schedule", **{**settings, **more})


def test_a_schedule_has_everything_its_template_says(sandbox: Sandbox) -> None:
    nightly = schedule()
    assert nightly.read() == nightly.properties
    found = boto3.client("scheduler").get_schedule(Name="nightly", GroupName=nightly.properties["GroupName"])
    assert found["Arn"] == nightly.attribute("Arn")


def test_an_updated_schedule_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    nightly = schedule()
    nightly.update(
        *("Description", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State", "KmsKeyArn"),
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow=OFF,
        Target=target(RetryPolicy={"MaximumRetryAttempts": "2", "MaximumEventAgeInSeconds": 60}),
    )
    told = nightly.read()
    assert told.pop("Target")["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    assert told == {
        **{name: value for name, value in nightly.properties.items() if name != "Target"},
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
    }


def test_a_schedule_moves_to_another_group(sandbox: Sandbox) -> None:
    nightly = schedule()
    nightly.update("GroupName")
    assert nightly.read()["GroupName"] == "default"
    assert ":schedule/default/" in nightly.attribute("Arn")
    assert len(boto3.client("scheduler").list_schedules()["Schedules"]) == 1


def test_what_a_hand_changed_on_a_schedule_is_read(sandbox: Sandbox) -> None:
    nightly = schedule()
    boto3.client("scheduler").update_schedule(
        Name="nightly",
        GroupName=nightly.properties["GroupName"],
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow=OFF,
        StartDate="2026-03-01T00:00:00Z",
        Target=target(),
    )
    told = nightly.read()
    assert told["ScheduleExpression"] == "rate(1 hour)"
    assert told["StartDate"].startswith("2026-03-01")


def test_a_schedule_is_deleted_once_and_for_all(sandbox: Sandbox) -> None:
    nightly = schedule()
    nightly.delete()
    nightly.delete()
    assert nightly.read() is None


def test_a_group_comes_changes_and_takes_its_schedules_with_it(sandbox: Sandbox) -> None:
    group = made("AWS::Scheduler::ScheduleGroup", Name="labs", Tags=[{"Key": "lab", "Value": "mlops"}])
    assert group.read() == group.properties
    group.update(Tags=[{"Key": "team", "Value": "a"}])
    assert group.in_sync()
    nightly = schedule(GroupName="labs")
    group.delete()
    group.delete()
    assert group.read() is None
    assert nightly.read() is None
    nightly.delete()


def test_a_schedule_of_a_template_fires(sandbox: Sandbox) -> None:
    inbox = made("AWS::SQS::Queue")
    sender = role("sender", "scheduler.amazonaws.com")
    made(
        "AWS::Scheduler::Schedule",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow=OFF,
        Target={"Arn": inbox.attribute("Arn"), "RoleArn": sender, "Input": "now"},
    )
    sandbox.advance(days=1, hours=1)
    found = boto3.client("sqs").receive_message(QueueUrl=inbox.id, MaxNumberOfMessages=10)
    assert [message["Body"] for message in found["Messages"]] == ["now", "now"]
