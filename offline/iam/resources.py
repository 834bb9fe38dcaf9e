"""The policies that queues, topics and functions have of their own."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from offline.iam.document import Document, document


def resource_of(arn: str) -> Any:
    """The queue, topic or function of an ARN; None where there is none."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sqs":
        return sqs_backends[account][region].queues.get(name)
    if service == "sns":
        return sns_backends[account][region].topics.get(arn)
    try:
        return lambda_backends[account][region].get_function(arn)
    except LambdaClientError:
        return None


def policy_of(arn: str) -> Document | None:
    """The policy of a queue, topic or function; None where it has none, or is not there."""
    found = resource_of(arn)
    if found is None:
        return None
    if ":lambda:" in arn:
        return (
            document(json.dumps({"Statement": found.policy.statements})) if found.policy.statements else None
        )
    return document(found.policy, arn) if found.policy else None
