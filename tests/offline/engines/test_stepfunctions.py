"""Executions on the account's clock, and the SageMaker integrations that moto lacks."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engines.stepfunctions.logs import LogSession
from offline.lock import lock
from offline.sandbox import Sandbox
from tests.offline.engines import test_sagemaker_processing as processing
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import BUCKET, IMAGE, get, training_job, with_data

SAGEMAKER = "arn:aws:states:::sagemaker:"


def state_machine(states: dict[str, Any], name: str = "machine", **more: Any) -> str:
    definition = {"StartAt": next(iter(states)), "States": states}
    return str(
        boto3.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role(name, "states.amazonaws.com"), **more
        )["stateMachineArn"]
    )


def start(machine: str, **given: Any) -> str:
    execution = boto3.client("stepfunctions").start_execution(
        stateMachineArn=machine, name="run-1", input=json.dumps(given)
    )
    return str(execution["executionArn"])


def execution(arn: str) -> dict[str, Any]:
    return dict(boto3.client("stepfunctions").describe_execution(executionArn=arn))


def events(arn: str) -> list[str]:
    history = boto3.client("stepfunctions").get_execution_history(executionArn=arn)
    return [event["type"] for event in history["events"]]


def training(role_arn: str, **more: Any) -> dict[str, Any]:
    parameters = {**training_job(role_arn), "TrainingJobName.$": "$$.Execution.Name"}
    del parameters["TrainingJobName"]
    return {
        "Type": "Task",
        "Resource": f"{SAGEMAKER}createTrainingJob.sync",
        "Parameters": {**parameters, **more},
        "End": True,
    }


PASS = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(("code", "status"), [(0, "SUCCEEDED"), (1, "FAILED")])
def test_an_execution_waits_for_its_processing_job(sandbox: Sandbox, code: int, status: str) -> None:
    role("processing", "sagemaker.amazonaws.com")
    processing.script(f"open('/opt/ml/output/message', 'w').write('told'); raise SystemExit({code})")
    task = {
        "Type": "Task",
        "Resource": f"{SAGEMAKER}createProcessingJob.sync",
        "Parameters": processing.job(),
        "End": True,
    }
    arn = start(state_machine({"Clean": task}))
    sandbox.settle()
    found = execution(arn)
    assert found["status"] == status
    told = json.loads(found["output"] if status == "SUCCEEDED" else found["cause"])
    assert (told["ProcessingJobName"], told["ExitMessage"]) == ("clean", "told")


def test_a_wait_lasts_until_the_clock_has_moved(sandbox: Sandbox) -> None:
    arn = start(state_machine({"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Go"}, "Go": PASS}))
    sandbox.settle()
    assert execution(arn)["status"] == "RUNNING"
    sandbox.advance(seconds=3599)
    assert events(arn)[-1] == "WaitStateEntered"
    sandbox.advance(days=1)
    found = execution(arn)
    assert found["status"] == "SUCCEEDED"
    assert (found["stopDate"] - found["startDate"]).total_seconds() == 3600


def test_a_wait_until_a_timestamp_reads_the_accounts_clock(sandbox: Sandbox) -> None:
    wait = {"Type": "Wait", "Timestamp": "2026-01-06T12:00:00Z", "End": True}
    arn = start(state_machine({"Wait": wait}))
    sandbox.advance(hours=23)
    assert execution(arn)["status"] == "RUNNING"
    sandbox.advance(hours=1)
    assert execution(arn)["status"] == "SUCCEEDED"


def test_a_retry_waits_on_the_clock_and_then_the_catch_takes_over(sandbox: Sandbox) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModel",
        "Parameters": {"ModelName": "none"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    arn = start(state_machine({"Ask": task, "Caught": PASS}))
    sandbox.settle()
    assert execution(arn)["status"] == "RUNNING"
    sandbox.advance(seconds=10)
    assert execution(arn)["status"] == "SUCCEEDED"
    assert events(arn).count("TaskFailed") == 2


@pytest.mark.parametrize("begun", [True, False])
def test_a_stopped_execution_is_aborted(sandbox: Sandbox, begun: bool) -> None:
    arn = start(state_machine({"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}))
    if begun:
        sandbox.settle()
    boto3.client("stepfunctions").stop_execution(executionArn=arn)
    assert execution(arn)["status"] == "ABORTED"


def test_train_model_transform_run_one_after_the_other(sandbox: Sandbox) -> None:
    arn = with_data()
    container = {"Image": IMAGE, "ModelDataUrl.$": "$.ModelArtifacts.S3ModelArtifacts"}
    model = {"ModelName": "delays", "ExecutionRoleArn": arn, "PrimaryContainer": container}
    transform = {
        "TransformJobName": "delays",
        "ModelName": "delays",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/validation/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    }
    states = {
        "Train": {**training(arn), "Next": "Model"},
        "Model": {"Type": "Task", "Resource": f"{SAGEMAKER}createModel", "Parameters": model}
        | {"Next": "Transform"},
        "Transform": {
            "Type": "Task",
            "Resource": f"{SAGEMAKER}createTransformJob.sync",
            "Parameters": transform,
            "End": True,
        },
    }
    del states["Train"]["End"]
    run = start(state_machine(states))
    sandbox.settle()
    found = execution(run)
    assert found["status"] == "SUCCEEDED", found.get("cause")
    output = json.loads(found["output"])
    assert output["TransformJobStatus"] == "Completed"
    assert output["CreationTime"] == int(sandbox.clock.epoch() * 1000)
    assert get("out/part-0.csv.out").count(b"\n") == 200


def test_a_failed_job_fails_the_execution_with_the_jobs_description_as_cause(sandbox: Sandbox) -> None:
    arn = start(state_machine({"Train": training(with_data(), HyperParameters={"eta": "0.1"})}))
    sandbox.settle()
    found = execution(arn)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "Missing required hyperparameter: num_round" in json.loads(found["cause"])["FailureReason"]


def test_a_refused_call_fails_the_execution_in_the_services_name(sandbox: Sandbox) -> None:
    bogus = {"InstanceType": "ml.bogus", "InstanceCount": 1, "VolumeSizeInGB": 10}
    arn = start(state_machine({"Train": training(with_data(), ResourceConfig=bogus)}))
    sandbox.settle()
    found = execution(arn)
    assert (found["status"], found["error"]) == ("FAILED", "SageMaker.AmazonSageMakerException")
    assert "Error Code: ValidationException" in found["cause"]


def test_the_history_is_logged_where_the_state_machine_says(sandbox: Sandbox) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="machines")
    group = logs.describe_log_groups(logGroupNamePrefix="machines")["logGroups"][0]["arn"]
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    start(state_machine({"Go": PASS}, loggingConfiguration=logging))
    sandbox.settle()
    logged = [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName="machines")["events"]]
    assert [event["type"] for event in logged] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def task(resource: str, **parameters: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}


WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("state", "message"),
    [
        (task("arn:aws:states:::sagemaker:createAutoMLJob.sync"), "not recognized"),
        (task("arn:aws:states:::lambda:invoke.waitForTaskToken", FunctionName="f"), "not recognized"),
        (task("arn:aws:states:::sagemaker:createModel.sync", ModelName="m"), "not recognized"),
        (task("arn:aws:states:::sagemaker:createModel", Modelname="m"), 'field "Modelname" is not supported'),
        ({"Type": "Parallel", "Branches": [WAIT], "End": True}, "Wait in a branch of Parallel or Map"),
    ],
)
def test_refuses_a_definition_that_cannot_be_run(state: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidDefinition.*{message}"):
        state_machine({"State": state})


def test_branches_wait_for_their_jobs(sandbox: Sandbox) -> None:
    job = training(with_data())
    one = {**job, "Parameters": {**job["Parameters"], "TrainingJobName": "one"}}
    two = {**job, "Parameters": {**job["Parameters"], "TrainingJobName": "two"}}
    for state in (one, two):
        del state["Parameters"]["TrainingJobName.$"]
    branches = [{"StartAt": "Train", "States": {"Train": state}} for state in (one, two)]
    arn = start(state_machine({"Both": {"Type": "Parallel", "Branches": branches, "End": True}}))
    sandbox.settle()
    found = execution(arn)
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert [job["TrainingJobStatus"] for job in json.loads(found["output"])] == ["Completed", "Completed"]


def test_an_event_is_logged_under_the_accounts_lock_which_whoever_reads_the_history_has(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    monkeypatch.setattr(LogSession, "_put", lambda self, call, **more: held.append(lock.held()))
    group = boto3.client("logs")
    group.create_log_group(logGroupName="/states")
    [found] = group.describe_log_groups()["logGroups"]
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": found["arn"]}}]}
    start(state_machine({"Go": PASS}, loggingConfiguration=logging))
    sandbox.settle()
    written = held[1:]  # The first puts the stream, before any event.
    assert written
    assert all(written)
