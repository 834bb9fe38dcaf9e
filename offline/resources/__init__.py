"""The resource table: how each CloudFormation type comes into the account, a row per type."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from offline.errors import UnknownResourceTypeError
from offline.resources.row import Row

MODULES = (
    "budgets",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "events",
    "firehose",
    "iam",
    "kinesis",
    "kms",
    "lambda_",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "athena",
    "glue",
)
"""The modules that hold rows, one per service, named as boto3 names its client."""


@cache
def table() -> dict[str, Row]:
    """Every row, by CloudFormation type."""
    rows = [row for name in MODULES for row in import_module(f"offline.resources.{name}").ROWS]
    return {row.type: row for row in rows}


def row_of(kind: str) -> Row:
    """The row of a CloudFormation type; a type without a row is refused."""
    rows = table()
    if kind in rows:
        return rows[kind]
    if kind.startswith("Custom::"):
        return rows["AWS::CloudFormation::CustomResource"]
    service = kind.split("::")[1].lower() if kind.count("::") == 2 else "<service>"
    raise UnknownResourceTypeError(
        f"no resource row for {kind}; add one to offline/resources/{service}.py ({len(rows)} types have one)"
    )
