"""Training jobs that fail, stop, resume or are refused."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import (
    BUCKET,
    IMAGE,
    channel,
    described,
    put,
    training_job,
    with_data,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"HyperParameters": {"objective": "binary:logistic"}}, "Missing required hyperparameter: num_round"),
        ({"HyperParameters": {"num_round": "5", "eta": "2"}}, r"Hyperparameter eta: 2.0 is not in \[0, 1\]"),
    ],
)
def test_a_hyperparameter_that_the_image_refuses_fails_the_job(
    sandbox: Sandbox, change: dict[str, Any], message: str
) -> None:
    boto3.client("sagemaker").create_training_job(**training_job(with_data(), **change))
    sandbox.settle()
    job = described()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith("AlgorithmError: framework error:")
    assert re.search(message + ", exit code: 1$", job["FailureReason"])


def test_words_among_the_numbers_fail_the_job_as_the_users_error(sandbox: Sandbox) -> None:
    arn = with_data()
    put("train/part-2.csv", "late,delay,hour\n1,2,3\n")
    boto3.client("sagemaker").create_training_job(**training_job(arn))
    sandbox.settle()
    reason = described()["FailureReason"]
    assert "UserError: Failed to load csv data with exception:\npart-2.csv" in reason


def test_a_job_that_takes_too_long_is_stopped(sandbox: Sandbox) -> None:
    job = training_job(with_data(), StoppingCondition={"MaxRuntimeInSeconds": 1})
    boto3.client("sagemaker").create_training_job(**{**job, "HyperParameters": {"num_round": "1000000"}})
    sandbox.settle()
    assert described()["TrainingJobStatus"] == "Stopped"
    assert described()["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_job_stopped_before_it_ran_is_stopped(sandbox: Sandbox) -> None:
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_training_job(**training_job(with_data()))
    sagemaker.stop_training_job(TrainingJobName="delays")
    assert described()["TrainingJobStatus"] == "Stopping"
    sandbox.settle()
    assert described()["TrainingJobStatus"] == "Stopped"


def spot(**stopping: int) -> dict[str, Any]:
    return {"EnableManagedSpotTraining": True, "StoppingCondition": stopping}


def resources(**more: Any) -> dict[str, Any]:
    config = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10, **more}
    return {"ResourceConfig": config}


OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"


def algorithm(**more: Any) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", **more}}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (resources(InstanceType="ml.bogus"), "'ml.bogus' at 'resourceConfig.instanceType' failed to satisfy"),
        (resources(InstanceType="ml.p2.xlarge"), "no longer sells ml.p2.xlarge"),
        (resources(InstanceCount=2), "one instance"),
        (algorithm(TrainingImage=OWN_IMAGE), "nothing stands for it"),
        (algorithm(TrainingImage=IMAGE.replace("us-east-1", "eu-west-1")), "Cannot find repository"),
        (algorithm(TrainingInputMode="Pipe"), "Pipe mode is not run offline"),
        (spot(MaxRuntimeInSeconds=600), "MaxWaitTimeInSeconds must be set"),
        (spot(MaxRuntimeInSeconds=600, MaxWaitTimeInSeconds=300), "greater than or equal to MaxRuntime"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
        ({"InputDataConfig": [channel("nothing")]}, "No S3 objects found under S3 URL"),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://lake/models", "CompressionType": "NONE"}},
            "always written as model.tar.gz",
        ),
        ({"ExperimentConfig": {"ExperimentName": "delays"}}, "ExperimentConfig cannot be done offline"),
    ],
)
def test_refuses_a_training_job(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        boto3.client("sagemaker").create_training_job(**{**training_job(with_data()), **change})


@pytest.mark.usefixtures("sandbox")
def test_refuses_a_role_that_does_not_trust_sagemaker() -> None:
    with_data()
    with pytest.raises(ClientError, match=r"allows principal 'sagemaker\.amazonaws\.com'"):
        boto3.client("sagemaker").create_training_job(**training_job(role("wrong", "lambda.amazonaws.com")))


def test_spot_training_resumes_from_the_checkpoints_of_an_earlier_job(sandbox: Sandbox) -> None:
    arn, sagemaker = with_data(), boto3.client("sagemaker")
    more = {
        **spot(MaxRuntimeInSeconds=600, MaxWaitTimeInSeconds=1200),
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints"},
    }
    for name, rounds in (("first", "3"), ("second", "5")):
        sagemaker.create_training_job(
            **training_job(arn, name, **more, InputDataConfig=[channel("train")])
            | {"HyperParameters": {"num_round": rounds}}
        )
        sandbox.settle()
    assert described("second")["TrainingJobStatus"] == "Completed"
    logs = boto3.client("logs")
    events = logs.filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", filterPattern="Resuming", logStreamNamePrefix="second/"
    )["events"]
    assert events[0]["message"].endswith("Resuming from iteration 3")
