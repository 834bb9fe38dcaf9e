"""Rows of CloudWatch: alarms and dashboards follow their template, and an alarm claims no state."""

from __future__ import annotations

import json
from typing import Any

import boto3

from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, made

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


def alarm() -> Staged:
    return made(
        "AWS::CloudWatch::Alarm",
        AlarmName="late",
        AlarmDescription="records are late",
        ActionsEnabled=False,
        OKActions=[TOPIC],
        AlarmActions=[TOPIC],
        InsufficientDataActions=[TOPIC],
        MetricName="DataFreshness",
        Namespace="AWS/Firehose",
        ExtendedStatistic="p90",
        Dimensions=[{"Name": "DeliveryStreamName", "Value": "flights"}],
        Period=60,
        Unit="Seconds",
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=3.5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        EvaluateLowSampleCountPercentile="ignore",
        Tags=[{"Key": "lab", "Value": "streaming"}],
    )


def described(name: str) -> dict[str, Any]:
    [found] = boto3.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def test_an_alarm_has_everything_its_template_says(sandbox: Sandbox) -> None:
    late = alarm()
    assert late.in_sync()
    assert late.read() == {**late.properties, "ActionsEnabled": False}
    assert late.attribute("Arn") == described("late")["AlarmArn"]


def test_an_alarm_that_nobody_evaluated_knows_nothing(sandbox: Sandbox) -> None:
    late = alarm()
    assert described("late")["StateValue"] == "INSUFFICIENT_DATA"
    boto3.client("cloudwatch").set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="tried")
    late.update(Threshold=9)
    assert (described("late")["StateValue"], described("late")["StateReason"]) == ("ALARM", "tried")


def test_an_updated_alarm_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    late = alarm()
    late.update(
        *("AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
        *(
            "MetricName",
            "Namespace",
            "ExtendedStatistic",
            "Dimensions",
            "Period",
            "Unit",
            "DatapointsToAlarm",
        ),
        *("TreatMissingData", "EvaluateLowSampleCountPercentile", "Tags"),
        EvaluationPeriods="1",
        Threshold="7",
        Metrics=[
            {"Id": "double", "Expression": "records * 2", "ReturnData": True},
            {
                "Id": "records",
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/Kinesis", "MetricName": "IncomingRecords", "Dimensions": []},
                    "Period": 60,
                    "Stat": "Sum",
                },
                "ReturnData": False,
            },
        ],
    )
    assert late.read() == {
        **late.properties,
        "EvaluationPeriods": 1,
        "Threshold": 7,
        "ActionsEnabled": True,
    }


def test_what_a_hand_changed_on_an_alarm_is_read(sandbox: Sandbox) -> None:
    late = alarm()
    boto3.client("cloudwatch").enable_alarm_actions(AlarmNames=["late"])
    assert late.read()["ActionsEnabled"] is True


def test_an_alarm_is_deleted_with_its_tags(sandbox: Sandbox) -> None:
    late = alarm()
    late.delete()
    late.delete()
    assert late.read() is None
    again = {name: value for name, value in late.properties.items() if name != "Tags"}
    assert "Tags" not in made("AWS::CloudWatch::Alarm", **again).read()


def body(text: str) -> str:
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": text}}
    return json.dumps({"widgets": [widget]})


def test_a_dashboard_comes_changes_and_goes(sandbox: Sandbox) -> None:
    dashboard = made("AWS::CloudWatch::Dashboard", DashboardName="flights", DashboardBody=body("a"))
    assert dashboard.read() == dashboard.properties
    dashboard.update(DashboardBody=body("b"))
    assert dashboard.in_sync()
    dashboard.delete()
    dashboard.delete()
    assert dashboard.read() is None
