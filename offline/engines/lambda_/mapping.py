"""An event source mapping: what CreateEventSourceMapping refuses, what is kept, and what an answer means.

Source: AWS Lambda Developer Guide, "Lambda parameters for Amazon Kinesis Data Streams event source
mappings" and "Creating and configuring an Amazon SQS event source mapping".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from facts import limits
from offline.clock import clock
from offline.engines.lambda_.environment import Answer
from offline.engines.shapes import complaint

SHARED = {
    *("BatchSize", "Enabled", "EventSourceArn", "FunctionName", "FunctionResponseTypes"),
    *("MaximumBatchingWindowInSeconds", "Tags"),
}
OF_STREAMS = {
    *("BisectBatchOnFunctionError", "DestinationConfig", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
    *("ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp"),
}
PLAYED = {"kinesis": SHARED | OF_STREAMS, "sqs": SHARED | {"ScalingConfig"}}
"""Service of the source → the members of a request that are played; all else is refused by name."""
UNLIMITED = -1
REPORT = "ReportBatchItemFailures"
IDLE, FINE, FAILED = "No records processed", "OK", "PROBLEM: Function call failed"


class EventSourceMapping:
    """What GetEventSourceMapping tells of; `settings` is the request with its defaults."""

    def __init__(self, uuid: str, arn: str, function_arn: str, given: dict[str, Any]) -> None:
        self.uuid, self.arn, self.function_arn = uuid, arn, function_arn
        self.tags: dict[str, str] = given.get("Tags") or {}
        self.settings = {**defaults(given["EventSourceArn"]), **_without_tags(given)}
        self.result = IDLE
        self.changed = clock.epoch()

    @property
    def event_source_arn(self) -> str:
        return str(self.settings["EventSourceArn"])

    @property
    def enabled(self) -> bool:
        return bool(self.settings["Enabled"])

    @property
    def batch_size(self) -> int:
        return int(self.settings["BatchSize"])

    @property
    def window(self) -> int:
        """Seconds for which records are gathered before the function is invoked."""
        return int(self.settings["MaximumBatchingWindowInSeconds"])

    @property
    def destination(self) -> str:
        """The ARN that discarded records are told to; empty where there is none."""
        return str((self.settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", ""))

    def change(self, function_arn: str, given: dict[str, Any]) -> None:
        self.function_arn = function_arn
        self.settings |= _without_tags(given)
        self.changed = clock.epoch()

    def get_configuration(self) -> dict[str, Any]:
        told = {
            name: value for name, value in self.settings.items() if name not in ("Enabled", "FunctionName")
        }
        return {
            **told,
            "UUID": self.uuid,
            "EventSourceMappingArn": self.arn,
            "FunctionArn": self.function_arn,
            "LastModified": self.changed,
            "LastProcessingResult": self.result,
            "State": "Enabled" if self.enabled else "Disabled",
            "StateTransitionReason": "USER_INITIATED",
        }

    def undone(self, answer: Answer, identifiers: Collection[str]) -> set[str]:
        """The items of a batch that an invocation leaves undone: none, all, or those it reports.

        All of them, too, where a report names what is not in the batch, as AWS says of it.
        """
        self.result = FAILED if answer.failed else FINE
        if answer.failed:
            return set(identifiers)
        if REPORT not in self.settings["FunctionResponseTypes"]:
            return set()
        reported = _reported(answer.payload)
        return reported if reported <= set(identifiers) else set(identifiers)


def _reported(payload: bytes) -> set[str]:
    """What a response calls failed; one empty name, which is in no batch, where it cannot be read."""
    try:
        found = (json.loads(payload) or {}).get("batchItemFailures") or []
        return {str(item["itemIdentifier"] or "") for item in found}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {""}


def _without_tags(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("Tags", "UUID")}


def service_of(source: str) -> str:
    """
    >>> service_of("arn:aws:kinesis:us-east-1:123456789012:stream/flights")
    'kinesis'
    """
    return source.split(":")[2] if source.count(":") >= 5 else ""


def defaults(source: str) -> dict[str, Any]:
    """The settings of a mapping that sets none."""
    shared = {"Enabled": True, "FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0}
    if service_of(source) == "sqs":
        return shared | {"BatchSize": int(limits.value("lambda-batch-messages-default"))}
    return shared | {
        "BatchSize": int(limits.value("lambda-batch-records-default")),
        "BisectBatchOnFunctionError": False,
        "MaximumRecordAgeInSeconds": UNLIMITED,
        "MaximumRetryAttempts": UNLIMITED,
        "ParallelizationFactor": 1,
    }


def check(operation: str, given: dict[str, Any], source: str) -> None:
    """A mapping can be made of this request, or be changed by it."""
    if told := complaint("lambda", operation, given):
        raise LambdaClientError("ValidationException", told)
    _check_source(source)
    _check_played(given, service_of(source))
    if service_of(source) == "sqs":
        _check_queue(given, source)
    elif operation.startswith("Create"):
        _check_start(given)
    age = given.get("MaximumRecordAgeInSeconds", UNLIMITED)
    lowest = int(limits.value("lambda-record-age-seconds-lowest"))
    if age != UNLIMITED and age < lowest:
        raise InvalidParameterValueException(
            f"MaximumRecordAgeInSeconds {age}: it is {UNLIMITED}, or {lowest} and more"
        )
    _check_destination(given)


def _check_source(source: str) -> None:
    if not source:
        raise InvalidParameterValueException(
            "EventSourceArn is required; clusters of your own are not polled"
        )
    if service_of(source) not in PLAYED:
        raise InvalidParameterValueException(
            f"EventSourceArn {source}: event sources of {service_of(source) or 'no service'} are not polled "
            "offline; those that are: a Kinesis data stream, an SQS queue"
        )
    if "/consumer/" in source:
        raise InvalidParameterValueException(
            f"EventSourceArn {source}: enhanced fan-out is not played offline; give the ARN of the stream"
        )


def _check_played(given: Iterable[str], service: str) -> None:
    strange = sorted(set(given) - PLAYED[service])
    if elsewhere := [name for name in strange if any(name in played for played in PLAYED.values())]:
        raise InvalidParameterValueException(
            f"Unsupported {elsewhere[0]} parameter for given event source mapping type."
        )
    if strange:
        raise InvalidParameterValueException(
            f"{', '.join(strange)} of an event source mapping of {service} cannot be done offline; what is "
            f"done is: {', '.join(sorted(PLAYED[service]))}"
        )


def _check_queue(given: Mapping[str, Any], source: str) -> None:
    size = given.get("BatchSize") or 0
    most, window = int(limits.value("lambda-batch-messages-unwindowed-highest")), _window(given)
    if source.endswith(".fifo") and (size > most or window):
        raise InvalidParameterValueException(
            f"BatchSize {size}, MaximumBatchingWindowInSeconds {window}: a FIFO queue has batches of at most "
            f"{most} messages and no batching window"
        )
    if size > most and not window:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{most}"
        )


def _window(given: Mapping[str, Any]) -> int:
    return int(given.get("MaximumBatchingWindowInSeconds") or 0)


def _check_start(given: Mapping[str, Any]) -> None:
    if not given.get("StartingPosition"):
        raise LambdaClientError(
            "ValidationException",
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
        )
    if (given["StartingPosition"] == "AT_TIMESTAMP") != ("StartingPositionTimestamp" in given):
        raise InvalidParameterValueException(
            "StartingPositionTimestamp belongs to StartingPosition AT_TIMESTAMP, and only to it"
        )


def _check_destination(given: Mapping[str, Any]) -> None:
    config = given.get("DestinationConfig") or {}
    if "OnSuccess" in config:
        raise InvalidParameterValueException("DestinationConfig.OnSuccess: streams have OnFailure only")
    arn = config.get("OnFailure", {}).get("Destination", "")
    if arn and service_of(arn) not in ("sqs", "sns"):
        raise InvalidParameterValueException(
            f"DestinationConfig.OnFailure.Destination {arn} is not written to offline; use the ARN of an SQS "
            "queue or of an SNS topic"
        )
    if arn.endswith(".fifo"):
        raise InvalidParameterValueException(
            f"DestinationConfig.OnFailure.Destination {arn}: FIFO queues and topics are no destination"
        )
