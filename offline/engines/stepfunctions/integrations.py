"""Which tasks an execution can do: services, their actions, and what `.sync` waits for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session


@dataclass(frozen=True)
class Job:
    """What `.sync` polls: the describe call, its argument, and where the status stands."""

    describe: str
    argument: str
    status: tuple[str, ...]
    done: tuple[str, ...]
    failed: tuple[str, ...]
    argument_of: str = "request"
    whole: bool = True

    def status_of(self, described: dict[str, Any]) -> str:
        for name in self.status:
            described = described[name]
        return str(described)


TRAINING = Job(
    "describe_training_job", "TrainingJobName", ("TrainingJobStatus",), ("Completed",), ("Failed", "Stopped")
)
TRANSFORM = Job(
    "describe_transform_job",
    "TransformJobName",
    ("TransformJobStatus",),
    ("Completed",),
    ("Failed", "Stopped"),
)
PROCESSING = Job(
    "describe_processing_job",
    "ProcessingJobName",
    ("ProcessingJobStatus",),
    ("Completed",),
    ("Failed", "Stopped"),
)
QUERY = Job(
    "get_query_execution", "QueryExecutionId", ("QueryExecution", "Status", "State"), ("SUCCEEDED",),
    ("FAILED", "CANCELLED"), argument_of="response",
)  # fmt: skip

OURS: dict[str, dict[str, Job | None]] = {
    "sagemaker": {
        "createTrainingJob": TRAINING,
        "createTransformJob": TRANSFORM,
        "createProcessingJob": PROCESSING,
        "createModel": None,
        "createEndpointConfig": None,
        "createEndpoint": None,
    },
    "athena": {
        "startQueryExecution": QUERY,
        "stopQueryExecution": None,
        "getQueryExecution": None,
        "getQueryResults": None,
    },
}
"""The integrations that moto's interpreter lacks."""

MOTOS: dict[str, dict[str, tuple[str, ...]]] = {
    "lambda": {"invoke": ("",)},
    "glue": {"startJobRun": ("", "sync")},
    "sns": {"publish": ("",)},
    "sqs": {"sendMessage": ("",)},
    "dynamodb": dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), ("",)),
    "events": {"putEvents": ("",)},
    "states": {"startExecution": ("", "sync", "sync:2")},
}
"""Those of moto's that are used as they are; without `.waitForTaskToken`, which waits in real time."""


def parts(resource: str) -> tuple[str, str, str]:
    """
    >>> parts("arn:aws:states:::sagemaker:createTrainingJob.sync")
    ('sagemaker', 'createTrainingJob', 'sync')
    """
    fields = resource.split(":", 6)
    if len(fields) == 7 and fields[2] == "lambda":
        return "lambda function", "", ""
    if len(fields) < 7 or fields[2] != "states" or fields[3]:
        return "", "", ""
    action, _, condition = fields[6].partition(".")
    return fields[5], action, condition


def supports(service: str, action: str, condition: str) -> bool:
    if action in OURS.get(service, {}):
        return condition == "" or (condition == "sync" and OURS[service][action] is not None)
    return condition in MOTOS.get(service, {}).get(action, ())


def known() -> str:
    ours = [f"{service}:{action}" for service, actions in OURS.items() for action in actions]
    return ", ".join(
        [*ours, *(f"{s}:{action}" for s, actions in MOTOS.items() for action in actions), "aws-sdk"]
    )


@cache
def shape(service: str, action: str) -> Any:
    """botocore's model of the action's request."""
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(action[0].upper() + action[1:]).input_shape


def members(service: str, action: str) -> frozenset[str]:
    """What the request may hold; empty for integrations that moto checks itself."""
    return frozenset(shape(service, action).members) if action in OURS.get(service, {}) else frozenset()
