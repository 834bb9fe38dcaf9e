"""What the tests of SageMaker start from: a bucket, a role, and delays that follow from two features."""

from __future__ import annotations

import random
from typing import Any

import boto3

from facts import images
from tests.offline.engines.roles import role

BUCKET = "lake"
IMAGE = images.uri("xgboost", "us-east-1")


def rows(count: int, seed: int = 0) -> str:
    """label,departure delay,hour: late at the gate is late on arrival, nearly always."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        delay, hour = chance.gauss(10, 20), chance.randint(0, 23)
        lines.append(f"{int(delay + chance.gauss(0, 5) > 15)},{delay:.1f},{hour}")
    return "\n".join(lines) + "\n"


def put(key: str, body: str | bytes) -> None:
    s3 = boto3.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def get(key: str) -> bytes:
    return bytes(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def channel(name: str, content_type: str = "text/csv", **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/"}
    return {
        "ChannelName": name,
        "ContentType": content_type,
        "DataSource": {"S3DataSource": source},
        **more,
    }


def training_job(role_arn: str, name: str = "delays", **more: Any) -> dict[str, Any]:
    """A request that runs; keyword arguments replace members of it."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": role_arn,
        "HyperParameters": {"num_round": "5", "objective": "binary:logistic", "eval_metric": "logloss,auc"},
        "InputDataConfig": [channel("train"), channel("validation")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **more,
    }


def with_data() -> str:
    """A bucket with both channels, and the role that may read them."""
    put("train/part-0.csv", rows(300, seed=1))
    put("train/part-1.csv", rows(300, seed=2))
    put("validation/part-0.csv", rows(200, seed=3))
    return role("training", "sagemaker.amazonaws.com")


def described(name: str = "delays") -> dict[str, Any]:
    return dict(boto3.client("sagemaker").describe_training_job(TrainingJobName=name))
