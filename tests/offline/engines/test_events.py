"""EventBridge: rules call their targets, for events that match and as the account's clock moves."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.roles import idle_role, role
from tests.offline.engines.test_lambda_ import archive
from tests.offline.engines.test_scheduler import MACHINE, letters, queue
from tests.offline.resources.stage import made

OURS, HERE = "arn:aws:", ":us-east-1:123456789012:"
PATTERN = json.dumps({"source": ["lab"]})


def rule(targets: list[dict[str, Any]], **settings: Any) -> None:
    events = boto3.client("events")
    events.put_rule(Name="r", **settings)
    events.put_targets(Rule="r", Targets=[{"Id": str(n), **target} for n, target in enumerate(targets)])


def happen(source: str = "lab", **detail: Any) -> None:
    entry = {"Source": source, "DetailType": "Flight", "Detail": json.dumps(detail)}
    boto3.client("events").put_events(Entries=[entry])


def test_a_function_is_called_for_events_that_match(sandbox: Sandbox) -> None:
    url, _ = queue("inbox")
    code = f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody=event["detail"]["carrier"])
"""
    rule([{"Arn": function(code)}], EventPattern=PATTERN)
    happen(carrier="AA")
    happen("other", carrier="UA")
    sandbox.settle()
    assert letters(url) == ["AA"]


def function(code: str) -> str:
    made_function = boto3.client("lambda").create_function(
        FunctionName="f",
        Code={"ZipFile": archive(code)},
        Handler="handler.handler",
        Runtime="python3.13",
        Role=role("function", "lambda.amazonaws.com"),
    )
    return str(made_function["FunctionArn"])


def test_a_target_is_sent_the_event_a_part_of_it_or_a_text(sandbox: Sandbox) -> None:
    url, inbox = queue("inbox")
    transformer = {"InputPathsMap": {"c": "$.detail.carrier"}, "InputTemplate": '{"who": "<c>"}'}
    inputs: list[dict[str, Any]] = [
        {},
        {"InputPath": "$.detail"},
        {"Input": '"fixed"'},
        {"InputTransformer": transformer},
    ]
    rule([{"Arn": inbox, **given} for given in inputs], EventPattern=PATTERN)
    happen(carrier="AA")
    whole, *rest = map(json.loads, letters(url))
    assert (whole["detail"], whole["time"]) == ({"carrier": "AA"}, "2026-01-05T12:00:00Z")
    assert rest == [{"carrier": "AA"}, "fixed", {"who": "AA"}]


def test_a_rate_fires_after_each_period(sandbox: Sandbox) -> None:
    url, inbox = queue("inbox")
    rule([{"Arn": inbox, "InputPath": "$.time"}], ScheduleExpression="rate(1 hour)")
    happen()
    assert letters(url) == []
    sandbox.advance(hours=2, minutes=30)
    assert letters(url) == ['"2026-01-05T13:00:00Z"', '"2026-01-05T14:00:00Z"']
    boto3.client("events").disable_rule(Name="r")
    sandbox.advance(hours=2)
    boto3.client("events").enable_rule(Name="r")
    sandbox.advance(minutes=70)
    assert letters(url) == ['"2026-01-05T17:30:00Z"']


def test_a_state_machine_runs_under_the_targets_role(sandbox: Sandbox) -> None:
    states = boto3.client("stepfunctions")
    machine = states.create_state_machine(
        name="m", definition=json.dumps(MACHINE), roleArn=role("machine", "states.amazonaws.com")
    )["stateMachineArn"]
    url, dead = queue("dead")
    may = {"Arn": machine, "RoleArn": role("rule", "events.amazonaws.com"), "Input": "{}"}
    may_not = {**may, "RoleArn": idle_role("weak", "events.amazonaws.com"), "DeadLetterConfig": {"Arn": dead}}
    rule([may, may_not], ScheduleExpression="cron(0 13 * * ? *)")
    sandbox.advance(days=1)
    assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 1
    assert letters(url) == ["{}"]


def test_streams_topics_and_log_groups_are_targets_too(sandbox: Sandbox) -> None:
    url, inbox = queue("inbox")
    topic = made("AWS::SNS::Topic", Subscription=[{"Endpoint": inbox, "Protocol": "sqs"}]).id
    kinesis, logs = boto3.client("kinesis"), boto3.client("logs")
    kinesis.create_stream(StreamName="flights", ShardCount=1)
    logs.create_log_group(logGroupName="/events")
    sender = role("rule", "events.amazonaws.com")
    by_carrier = {"PartitionKeyPath": "$.detail.carrier"}
    rule(
        [
            {"Arn": topic},
            {"Arn": f"{OURS}kinesis{HERE}stream/flights", "RoleArn": sender, "KinesisParameters": by_carrier},
            {"Arn": f"{OURS}logs{HERE}log-group:/events"},
        ],
        EventPattern=PATTERN,
    )
    happen(carrier="AA")
    assert json.loads(json.loads(letters(url)[0])["Message"])["detail"] == {"carrier": "AA"}
    shard = kinesis.list_shards(StreamName="flights")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName="flights", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    [record] = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert record["PartitionKey"] == "AA"
    logged = logs.filter_log_events(logGroupName="/events")["events"]
    assert [json.loads(line["message"])["detail"] for line in logged] == [{"carrier": "AA"}]


def test_a_disabled_rule_calls_nothing(sandbox: Sandbox) -> None:
    url, inbox = queue("inbox")
    rule([{"Arn": inbox}], EventPattern=PATTERN, State="DISABLED")
    happen()
    assert letters(url) == []


@pytest.mark.parametrize(
    "expression", ["often", "rate(1 week)", "cron(0 9 * * * *)", "at(2026-02-01T00:00:00)"]
)
def test_refuses_a_schedule_that_never_fires(sandbox: Sandbox, expression: str) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        boto3.client("events").put_rule(Name="r", ScheduleExpression=expression)


def test_refuses_a_target_that_nothing_here_calls(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="is not called here; allowed:"):
        rule([{"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}], EventPattern=PATTERN)
