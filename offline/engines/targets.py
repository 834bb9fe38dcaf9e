"""What EventBridge's rules and schedules call: one function for each service that a target's ARN names.

Source: EventBridge Scheduler User Guide, "Managing targets"; EventBridge User Guide, "Event bus targets".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from botocore import xform_name

Clients = Callable[[str], Any]
"""A boto3 client of a service, in the name in which the target is called."""
UNIVERSAL = re.compile(r"arn:[^:]+:scheduler:::aws-sdk:(?P<service>\w+):(?P<action>\w+)")


def _function(target: dict[str, Any], text: str, client: Clients) -> None:
    client("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=text)


def _state_machine(target: dict[str, Any], text: str, client: Clients) -> None:
    client("stepfunctions").start_execution(stateMachineArn=target["Arn"], input=text)


def _queue(target: dict[str, Any], text: str, client: Clients) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=_name(target, ":"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=text, **target.get("SqsParameters", {}))


def _topic(target: dict[str, Any], text: str, client: Clients) -> None:
    client("sns").publish(TopicArn=target["Arn"], Message=text)


def _stream(target: dict[str, Any], text: str, client: Clients) -> None:
    """A schedule names the partition key, a rule the place in the event where it stands."""
    parameters = target.get("KinesisParameters", {})
    key = parameters.get("PartitionKey") or at(json.loads(text), parameters.get("PartitionKeyPath", "$.id"))
    client("kinesis").put_record(StreamARN=target["Arn"], Data=text.encode(), PartitionKey=str(key))


def _delivery_stream(target: dict[str, Any], text: str, client: Clients) -> None:
    record = {"Data": text.encode()}
    client("firehose").put_record(DeliveryStreamName=_name(target, "/"), Record=record)


def _pipeline(target: dict[str, Any], text: str, client: Clients) -> None:
    given = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    client("sagemaker").start_pipeline_execution(PipelineName=_name(target, "/"), PipelineParameters=given)


CALLS: dict[str, Callable[[dict[str, Any], str, Clients], None]] = {
    "lambda:function": _function,
    "states:stateMachine": _state_machine,
    "sqs:": _queue,
    "sns:": _topic,
    "kinesis:stream": _stream,
    "firehose:deliverystream": _delivery_stream,
    "sagemaker:pipeline": _pipeline,
}
"""Service and kind of resource, as ARNs name them → how such a target is called."""


def call_of(arn: str) -> Callable[[dict[str, Any], str, Clients], None] | None:
    """How a target is called; None where nothing here calls it.

    >>> call_of("arn:aws:states:us-east-1:123456789012:stateMachine:m").__name__
    '_state_machine'
    """
    if UNIVERSAL.fullmatch(arn):
        return _operation
    if arn.count(":") < 5:
        return None
    _, _, service, _, _, resource = arn.split(":", 5)
    found = (call for kind, call in CALLS.items() if f"{service}:{resource}".startswith(kind))
    return next(found, None)


def _operation(target: dict[str, Any], text: str, client: Clients) -> None:
    """A universal target: any operation of any service, with its request as the input."""
    match = UNIVERSAL.fullmatch(target["Arn"])
    assert match is not None
    service = {"sfn": "stepfunctions"}.get(match["service"], match["service"])
    getattr(client(service), xform_name(match["action"]))(**json.loads(text or "{}"))


def _name(target: dict[str, Any], separator: str) -> str:
    return str(target["Arn"]).rsplit(separator, 1)[-1]


def at(event: Any, path: str) -> Any:
    """What stands at a path such as `$.detail.id`."""
    for name in path.removeprefix("$").strip(".").split("."):
        event = event[name] if name else event
    return event
