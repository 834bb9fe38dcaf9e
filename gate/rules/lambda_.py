"""AWS Lambda: event sources that CreateEventSourceMapping refuses."""

from __future__ import annotations

from collections.abc import Iterator

from facts import limits
from gate.finding import Finding
from gate.template import Templates

QUEUE_DEFAULT_SECONDS = "sqs-visibility-timeout-seconds-default"


def queue_visibility(templates: Templates) -> Iterator[Finding]:
    """A queue hides a message at least as long as its function may take."""
    for mapping in templates.resources("AWS::Lambda::EventSourceMapping"):
        queue = templates.at(mapping.refers("EventSourceArn"), "AWS::SQS::Queue")
        function = templates.at(mapping.refers("FunctionName"), "AWS::Lambda::Function")
        if queue is None or function is None:
            continue
        hidden = _seconds(
            queue.has("VisibilityTimeout"), queue.number("VisibilityTimeout"), QUEUE_DEFAULT_SECONDS
        )
        takes = _seconds(
            function.has("Timeout"), function.number("Timeout"), "lambda-timeout-seconds-default"
        )
        if hidden is not None and takes is not None and hidden < takes:
            yield Finding(
                queue.template.name,
                queue.logical_id,
                "lambda-queue-visibility",
                queue.type,
                "VisibilityTimeout",
                f"got {hidden:g} seconds; function {function.logical_id} may take {takes:g}",
                f"set at least {takes:g}, better six times as much",
                "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
            )


def _seconds(written: bool, given: float | None, default: str) -> float | None:
    return given if written else limits.number(default)


RULES = (queue_visibility,)
