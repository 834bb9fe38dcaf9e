"""Training, batch transform and endpoints of the SageMaker engine, with XGBoost in its process."""

from __future__ import annotations

import io
import json
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
    described,
    get,
    put,
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


@pytest.mark.usefixtures("trained")
class TestTraining:
    def test_a_finished_job_tells_its_steps_its_times_and_its_artifact(self) -> None:
        job = described()
        assert job["TrainingJobStatus"] == "Completed"
        steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
        assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
        assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] > 0
        assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/delays/output/model.tar.gz"

    @pytest.mark.claim("c-2.14-004", "c-2.14-018")
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
    @pytest.mark.claim("c-2.14-021")
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

    @pytest.mark.claim("c-2.14-006", "c-2.14-020")
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
        second = {**variant, "VariantName": "Second", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="second", ProductionVariants=[second])
        sagemaker.update_endpoint(EndpointName="delays", EndpointConfigName="second")
        answer = runtime.invoke_endpoint(EndpointName="delays", ContentType="text/csv", Body="60.0,12")
        assert answer["InvokedProductionVariant"] == "Second"
        assert float(answer["Body"].read()) == pytest.approx(late)
        sagemaker.delete_endpoint(EndpointName="delays")

    @pytest.mark.usefixtures("trained")
    def test_refuses_a_filter_into_json(self) -> None:
        request = {**TRANSFORM, "DataProcessing": {"InputFilter": "$.features"}}
        with pytest.raises(ClientError, match=r"Filter '\$.features' is not run offline"):
            boto3.client("sagemaker").create_transform_job(TransformJobName="json", **request)
