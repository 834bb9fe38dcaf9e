"""What a function's role must be allowed for Lambda to poll a source and to tell a destination."""

from __future__ import annotations

from moto.awslambda.exceptions import InvalidParameterValueException

from offline.changes import unnoted
from offline.iam import gatekeeper
from offline.iam.callers import caller_as
from offline.iam.gatekeeper import AccessDeniedError
from offline.iam.needs import Need, Place
from offline.iam.resources import policy_of

POLLING = {
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards"),
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
}
"""Source: AWS managed policies AWSLambdaKinesisExecutionRole and AWSLambdaSQSQueueExecutionRole."""
TELLING = {"sqs": "SendMessage", "sns": "Publish"}


def require(role_arn: str, arn: str, action: str) -> None:
    """Let the role do this to what has the ARN, or raise AWS's AccessDeniedException."""
    _, partition, service, region, account, _ = arn.split(":", 5)
    need, place = Need(f"{service}:{action}", arn), Place(account, region, partition)
    with unnoted():
        gatekeeper.check(caller_as(role_arn, "lambda"), need, place, policy_of(arn))


def check_source(role_arn: str, arn: str) -> None:
    """Refuse a source that the function's role may not poll, in AWS's words."""
    service = arn.split(":")[2]
    for action in POLLING[service]:
        try:
            require(role_arn, arn, action)
        except AccessDeniedError:
            raise InvalidParameterValueException(
                f"The function execution role does not have permissions to call {action} on SQS"
                if service == "sqs"
                else f"Cannot access stream {arn}. Please ensure the role can perform the "
                f"{', '.join(POLLING[service])} Actions on your stream in IAM."
            ) from None


def check_destination(role_arn: str, arn: str) -> None:
    """Refuse a destination that the function's role may not write to."""
    action = TELLING[arn.split(":")[2]]
    try:
        require(role_arn, arn, action)
    except AccessDeniedError:
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call {action} on {arn}"
        ) from None
