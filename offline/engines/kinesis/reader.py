"""How other services read a stream: with a client that neither sleeps nor unpacks records."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config


def reader(role_arn: str, session: str, region: str) -> Any:
    """A client of a role that does not retry when it is throttled; the data of its records stay Base64."""
    credentials = boto3.client("sts", region_name=region).assume_role(
        RoleArn=role_arn, RoleSessionName=session
    )
    keys = credentials["Credentials"]
    client = boto3.client(
        "kinesis",
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-parse.kinesis.GetRecords", _leave_records_as_they_are)
    return client


def _leave_records_as_they_are(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Records stay the JSON they came as: their Base64 goes to Lambda as Base64 again."""
    body = json.loads(response_dict["body"])
    if "Records" in body:
        customized_response_dict["Records"] = body.pop("Records")
        response_dict["body"] = json.dumps(body).encode()
