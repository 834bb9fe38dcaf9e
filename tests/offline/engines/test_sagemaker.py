"""Training, batch transform and endpoints of the SageMaker engine, with XGBoost in its process."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.sagemaker_account import (
    BUCKET,
    IMAGE,
    channel,
    get,
    put,
    role,
    training_job,
    with_data,
)


@pytest.fixture(scope="module")
def trained() -> Iterator[tuple[Sandbox, str]]:
    """An account in which one job has trained and its model exists."""
    with Sandbox() as sandbox:
        arn = with_data()
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_training_job(**training_job(arn, Tags=[{"Key": "lab", "Value": "training"}]))
        assert sagemaker.describe_training_job(TrainingJobName="delays")["TrainingJobStatus"] == "InProgress"
        sandbox.settle()
        artifact = sagemaker.describe_training_job(TrainingJobName="delays")["ModelArtifacts"]
        container = {"Image": IMAGE, "ModelDataUrl": artifact["S3ModelArtifacts"]}
        sagemaker.create_model(ModelName="delays", PrimaryContainer=container, ExecutionRoleArn=arn)
        yield sandbox, arn


def described(name: str = "delays") -> dict[str, Any]:
    return dict(boto3.client("sagemaker").describe_training_job(TrainingJobName=name))


@pytest.mark.usefixtures("trained")
class TestTraining:
    def test_a_finished_job_tells_its_steps_its_times_and_its_artifact(self) -> None:
        job = described()
        assert job["TrainingJobStatus"] == "Completed"
        steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
        assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
        assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] > 0
        assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/delays/output/model.tar.gz"

    def test_the_artifact_is_a_booster_that_xgboost_itself_loads(self) -> None:
        import xgboost  # slow to import, so only where it is needed

        with tarfile.open(fileobj=io.BytesIO(get("models/delays/output/model.tar.gz"))) as archive:
            assert archive.getnames() == ["xgboost-model"]
            model = archive.extractfile("xgboost-model")
            assert model is not None
            booster = xgboost.Booster()
            booster.load_model(bytearray(model.read()))
        assert booster.num_boosted_rounds() == 5
        assert booster.num_features() == 2

    def test_the_last_value_of_each_metric_is_kept(self) -> None:
        metrics = {metric["MetricName"]: metric["Value"] for metric in described()["FinalMetricDataList"]}
        assert set(metrics) == {"train:logloss", "train:auc", "validation:logloss", "validation:auc"}
        assert metrics["validation:auc"] > 0.9

    def test_the_log_is_in_cloudwatch_with_tabs_as_the_agent_writes_them(self) -> None:
        logs, group = boto3.client("logs"), "/aws/sagemaker/TrainingJobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="delays/algo-1-")
        name = streams["logStreams"][0]["logStreamName"]
        lines = [e["message"] for e in logs.get_log_events(logGroupName=group, logStreamName=name)["events"]]
        assert any(line.startswith("[4]#011train-logloss:") for line in lines)
        assert any("Train matrix has 600 rows and 2 columns" in line for line in lines)

    def test_a_job_is_listed_with_its_status(self) -> None:
        listed = boto3.client("sagemaker").list_training_jobs(NameContains="delays")
        summaries = listed["TrainingJobSummaries"]
        assert ("delays", "Completed") in [(s["TrainingJobName"], s["TrainingJobStatus"]) for s in summaries]

    def test_refuses_a_second_job_of_the_same_name(self, trained: tuple[Sandbox, str]) -> None:
        with pytest.raises(ClientError, match="ResourceInUse"):
            boto3.client("sagemaker").create_training_job(**training_job(trained[1]))


TRANSFORM: dict[str, Any] = {
    "ModelName": "delays",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/validation/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out", "Accept": "text/csv", "AssembleWith": "Line"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
}


class TestServing:
    def test_transform_joins_each_label_with_its_score(self, trained: tuple[Sandbox, str]) -> None:
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_transform_job(TransformJobName="scores", **TRANSFORM)
        trained[0].settle()
        job = sagemaker.describe_transform_job(TransformJobName="scores")
        assert job["TransformJobStatus"] == "Completed"
        lines = get("out/part-0.csv.out").decode().splitlines()
        labels = [line.split(",")[0] for line in get("validation/part-0.csv").decode().splitlines()]
        assert [line.split(",")[0] for line in lines] == labels
        assert all(0 < float(line.split(",")[1]) < 1 for line in lines)

    def test_an_object_that_is_no_csv_fails_the_transform_by_name(self, trained: tuple[Sandbox, str]) -> None:
        put("broken/words.csv", "1,many,words\n")
        request = json.loads(json.dumps(TRANSFORM))
        request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/broken/"
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_transform_job(TransformJobName="broken", **request)
        trained[0].settle()
        job = sagemaker.describe_transform_job(TransformJobName="broken")
        assert job["TransformJobStatus"] == "Failed"
        assert f"s3://{BUCKET}/broken/words.csv" in job["FailureReason"]
        assert "Loading csv data failed with Exception" in job["FailureReason"]

    @pytest.mark.usefixtures("trained")
    def test_an_endpoint_answers_from_the_trained_model(self) -> None:
        sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")
        variant = {"VariantName": "AllTraffic", "ModelName": "delays", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="delays", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="delays", EndpointConfigName="delays")
        answer = runtime.invoke_endpoint(EndpointName="delays", ContentType="text/csv", Body="60.0,12\n-9,3")
        late, early = map(float, answer["Body"].read().decode().split())
        assert late > 0.5 > early
        answer = runtime.invoke_endpoint(
            EndpointName="delays", ContentType="text/csv", Accept="application/json", Body="60.0,12"
        )
        assert json.loads(answer["Body"].read()) == {"predictions": [{"score": pytest.approx(late)}]}
        with pytest.raises(ClientError, match=r"ModelError.*415"):
            runtime.invoke_endpoint(EndpointName="delays", ContentType="text/csv", Body="far,too late")
        sagemaker.delete_endpoint(EndpointName="delays")

    @pytest.mark.usefixtures("trained")
    def test_refuses_a_filter_into_json(self) -> None:
        request = {**TRANSFORM, "DataProcessing": {"InputFilter": "$.features"}}
        with pytest.raises(ClientError, match=r"Filter '\$.features' is not run offline"):
            boto3.client("sagemaker").create_transform_job(TransformJobName="json", **request)


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
        ({"ExperimentConfig": {"ExperimentName": "delays"}}, "ExperimentConfig cannot be done offline"),
    ],
)
def test_refuses_a_training_job(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        boto3.client("sagemaker").create_training_job(**{**training_job(with_data()), **change})


@pytest.mark.usefixtures("sandbox")
def test_refuses_a_role_that_does_not_trust_sagemaker() -> None:
    with_data()
    with pytest.raises(ClientError, match="allows principal 'sagemaker.amazonaws.com'"):
        boto3.client("sagemaker").create_training_job(**training_job(role("wrong", "lambda.amazonaws.com")))


@pytest.mark.usefixtures("sandbox")
def test_refuses_a_processing_job_instead_of_calling_it_done() -> None:
    with pytest.raises(ClientError, match="CreateProcessingJob is not run offline"):
        boto3.client("sagemaker").create_processing_job(
            ProcessingJobName="clean",
            RoleArn="arn:aws:iam::123456789012:role/training",
            AppSpecification={"ImageUri": IMAGE},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        )


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
