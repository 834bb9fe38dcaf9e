"""EventBridge Scheduler: schedules call their targets, under their role, as the clock comes to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.clock import START, clock
from offline.engines.timetable import Timetable
from offline.sandbox import Sandbox
from tests.offline.engines.roles import idle_role, role

MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


@pytest.fixture
def arn(sandbox: Sandbox) -> str:
    """A role that may do everything."""
    return role("schedules", "scheduler.amazonaws.com")


def queue(name: str) -> tuple[str, str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def letters(url: str) -> list[str]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    for message in found.get("Messages", []):
        boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in found.get("Messages", [])]


def schedule(expression: str, target: dict[str, Any], **more: Any) -> None:
    boto3.client("scheduler").create_schedule(
        Name="s",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        **more,
    )


def test_a_rate_fires_at_once_and_then_each_time_it_has_passed(sandbox: Sandbox, arn: str) -> None:
    url, inbox = queue("inbox")
    schedule("rate(1 hour)", {"Arn": inbox, "RoleArn": arn, "Input": "<aws.scheduler.scheduled-time>"})
    sandbox.settle()
    assert letters(url) == ["2026-01-05T12:00:00Z"]
    sandbox.advance(hours=2, minutes=30)
    assert letters(url) == ["2026-01-05T13:00:00Z", "2026-01-05T14:00:00Z"]


def test_a_rate_counts_from_its_start_date_to_its_end_date(sandbox: Sandbox, arn: str) -> None:
    url, inbox = queue("inbox")
    target = {"Arn": inbox, "RoleArn": arn, "Input": "<aws.scheduler.scheduled-time>"}
    start = START + timedelta(hours=5)
    schedule("rate(2 hours)", target, StartDate=start, EndDate=start + timedelta(hours=3))
    sandbox.advance(days=1)
    assert letters(url) == ["2026-01-05T17:00:00Z", "2026-01-05T19:00:00Z"]


def test_a_cron_is_read_in_its_time_zone(sandbox: Sandbox, arn: str) -> None:
    url, inbox = queue("inbox")
    target = {"Arn": inbox, "RoleArn": arn, "Input": "<aws.scheduler.scheduled-time>"}
    schedule("cron(30 9 * * ? *)", target, ScheduleExpressionTimezone="America/New_York")
    sandbox.advance(days=1)
    assert letters(url) == ["2026-01-05T14:30:00Z"]


def test_a_one_time_schedule_can_delete_itself(sandbox: Sandbox, arn: str) -> None:
    url, inbox = queue("inbox")
    target = {"Arn": inbox, "RoleArn": arn}
    schedule("at(2026-01-05T18:00:00)", target, ActionAfterCompletion="DELETE")
    sandbox.advance(days=1)
    [event] = map(json.loads, letters(url))
    assert (event["source"], event["time"]) == ("aws.scheduler", "2026-01-05T18:00:00Z")
    assert boto3.client("scheduler").list_schedules()["Schedules"] == []


def test_a_state_machine_runs_with_the_schedules_input(sandbox: Sandbox, arn: str) -> None:
    states = boto3.client("stepfunctions")
    machine = states.create_state_machine(
        name="m", definition=json.dumps(MACHINE), roleArn=role("machine", "states.amazonaws.com")
    )["stateMachineArn"]
    schedule("rate(1 day)", {"Arn": machine, "RoleArn": arn, "Input": '{"day": 1}'})
    sandbox.advance(hours=1)
    [execution] = states.list_executions(stateMachineArn=machine)["executions"]
    described = states.describe_execution(executionArn=execution["executionArn"])
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"day": 1}')


def test_a_universal_target_is_any_operation(sandbox: Sandbox, arn: str) -> None:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:ssm:putParameter",
        "RoleArn": arn,
        "Input": '{"Name": "/made", "Value": "by a schedule", "Type": "String"}',
    }
    schedule("rate(1 day)", target)
    sandbox.advance(hours=1)
    assert boto3.client("ssm").get_parameter(Name="/made")["Parameter"]["Value"] == "by a schedule"


def test_what_the_role_may_not_do_ends_in_the_dead_letter_queue(sandbox: Sandbox) -> None:
    url, dead = queue("dead")
    weak = idle_role("weak", "scheduler.amazonaws.com")
    boto3.client("kinesis").create_stream(StreamName="flights", ShardCount=1)
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/flights"
    target = {
        "Arn": stream,
        "RoleArn": weak,
        "Input": "record",
        "KinesisParameters": {"PartitionKey": "k"},
        "DeadLetterConfig": {"Arn": dead},
    }
    schedule("rate(1 day)", target)
    sandbox.advance(hours=1)
    assert letters(url) == ["record"]
    boto3.client("iam").put_role_policy(
        RoleName="weak",
        PolicyName="now",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream}],
            }
        ),
    )
    sandbox.advance(days=1)
    assert letters(url) == []


def test_a_disabled_schedule_waits_and_misses_what_has_passed(sandbox: Sandbox, arn: str) -> None:
    url, inbox = queue("inbox")
    target = {"Arn": inbox, "RoleArn": arn, "Input": "<aws.scheduler.scheduled-time>"}
    schedule("cron(0 * * * ? *)", target, State="DISABLED")
    sandbox.advance(hours=3)
    boto3.client("scheduler").update_schedule(
        Name="s",
        ScheduleExpression="cron(0 * * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    sandbox.advance(minutes=61)
    assert letters(url) == ["2026-01-05T16:00:00Z"]


@pytest.mark.parametrize(
    ("expression", "zone", "reason"),
    [
        ("often", "UTC", "cron"),
        ("rate(1 week)", "UTC", "cron"),
        ("rate(1 day)", "Mars/Olympus", "time zone"),
    ],
)
def test_refuses_an_expression_that_never_fires(
    sandbox: Sandbox, arn: str, expression: str, zone: str, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        schedule(expression, {"Arn": queue("q")[1], "RoleArn": arn}, ScheduleExpressionTimezone=zone)


def test_refuses_a_target_that_nothing_here_calls(sandbox: Sandbox, arn: str) -> None:
    target = {"Arn": "arn:aws:codebuild:us-east-1:123456789012:project/p", "RoleArn": arn}
    with pytest.raises(ClientError, match="is not called here; allowed:"):
        schedule("rate(1 day)", target)


def test_clocks_that_are_set_forward_skip_no_day() -> None:
    daily = Timetable("cron(30 2 * * ? *)", "Europe/Berlin")
    moment, days = datetime(2026, 3, 27, tzinfo=UTC), []
    for _ in range(4):
        found = daily.next(moment, moment)
        assert found is not None
        assert found > moment
        moment = found
        days.append(moment.day)
    assert days == [27, 28, 29, 30]


def test_the_clock_stands_where_it_was_moved_to(sandbox: Sandbox, arn: str) -> None:
    schedule("rate(7 minutes)", {"Arn": queue("q")[1], "RoleArn": arn})
    sandbox.advance(hours=1)
    assert clock.now() == START + timedelta(hours=1)
