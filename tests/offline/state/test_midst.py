"""What was in the midst of something when its process ended goes on where it can, and says so where not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.cloudformation.models import cloudformation_backends

from offline.engine import ACCOUNT_ID
from offline.engines.sagemaker import containers
from tests.offline.cloudformation.stacks import (
    body,
    create,
    parameter,
    parameters_of_account,
    physical_id,
    stack,
    update,
)
from tests.offline.cloudformation.test_nested_waits import nested
from tests.offline.engines import test_firehose as firehose
from tests.offline.engines import test_lambda_sources as sources
from tests.offline.engines import test_sagemaker_processing as processing
from tests.offline.engines import test_stepfunctions as stepfunctions
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import described, training_job, with_data
from tests.offline.state.restarted import account

PASS = {"Type": "Pass", "End": True}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Go"}, "Go": PASS}


def test_an_execution_that_waited_has_failed_and_its_history_says_why(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        arn = stepfunctions.start(stepfunctions.state_machine(WAIT))
        sandbox.settle()
        state.commit()
    for _ in range(2):
        with account(tmp_path) as (state, sandbox):
            found = stepfunctions.execution(arn)
            assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
            assert "The sandbox ended while the execution was running" in found["cause"]
            assert stepfunctions.events(arn) == ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]


def test_an_execution_that_had_not_begun_begins(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        arn = stepfunctions.start(stepfunctions.state_machine(WAIT), a=1)
        state.commit()
    with account(tmp_path) as (state, sandbox):
        assert stepfunctions.execution(arn)["status"] == "RUNNING"
        sandbox.advance(hours=1)
        assert stepfunctions.execution(arn)["status"] == "SUCCEEDED"
    with account(tmp_path):
        found = stepfunctions.execution(arn)
        assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"a": 1})


def test_a_machine_starts_more_executions_after_a_restart(tmp_path: Path) -> None:
    with account(tmp_path) as (_, sandbox):
        machine = stepfunctions.state_machine({"Go": PASS})
        stepfunctions.start(machine)
        sandbox.settle()
    with account(tmp_path) as (_, sandbox):
        client: Any = boto3.client("stepfunctions")
        client.start_execution(stateMachineArn=machine, name="run-2")
        sandbox.settle()
    with account(tmp_path):
        found = boto3.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        assert sorted((one["name"], one["status"]) for one in found) == [
            ("run-1", "SUCCEEDED"),
            ("run-2", "SUCCEEDED"),
        ]


def test_a_training_job_whose_program_ran_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: Any) -> None:
        raise KeyboardInterrupt

    with account(tmp_path) as (state, sandbox):
        boto3.client("sagemaker").create_training_job(**training_job(with_data()))
        state.commit()
        with monkeypatch.context() as patched:
            patched.setattr(containers, "start", ended)
            with pytest.raises(KeyboardInterrupt):
                sandbox.settle()
    with account(tmp_path) as (state, sandbox):
        sandbox.settle()
        found = described()
        assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Failed", "Failed")
        assert "The sandbox ended while the job was running" in found["FailureReason"]


def test_a_training_job_that_had_not_started_runs(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        boto3.client("sagemaker").create_training_job(**training_job(with_data()))
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.settle()
        assert described()["TrainingJobStatus"] == "Completed"


def test_a_processing_job_whose_script_ran_has_failed_and_one_that_waited_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: Any) -> None:
        raise KeyboardInterrupt

    client: Any = boto3.client
    with account(tmp_path) as (state, sandbox):
        role("processing", "sagemaker.amazonaws.com")
        processing.script("print('done')")
        for name in ("first", "second"):
            client("sagemaker").create_processing_job(**processing.job(name))
        state.commit()
        with monkeypatch.context() as patched:
            patched.setattr(processing.processing, "_start", ended)
            with pytest.raises(KeyboardInterrupt):
                sandbox.settle()
    with account(tmp_path) as (_, sandbox):
        assert processing.described("first")["ProcessingJobStatus"] == "Failed"
        assert "The sandbox ended while the job" in processing.described("first")["FailureReason"]
        sandbox.settle()
        assert processing.described("second")["ProcessingJobStatus"] == "Completed"


def test_records_that_waited_in_firehose_are_delivered_once(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        client = firehose.stream()
        firehose.put(client, b"before;")
        state.commit()
        firehose.put(client, b"twice;")
        state.commit()
    with account(tmp_path) as (state, sandbox):
        firehose.put(boto3.client("firehose"), b"after;")
        sandbox.advance(seconds=900)
        assert list(firehose.objects().values()) == [b"before;twice;after;"]
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(seconds=900)
        assert list(firehose.objects().values()) == [b"before;twice;after;"]


def test_an_event_source_goes_on_where_its_batch_failed(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        kinesis, _ = sources.stream(MaximumRetryAttempts=3)
        sources.put(kinesis, "a")
        sandbox.settle()
        sources.put(kinesis, "raise")
        sandbox.advance(seconds=2)
        state.commit()
        before = len(sources.got())
    with account(tmp_path) as (state, sandbox):
        sources.put(boto3.client("kinesis"), "b")
        sandbox.advance(minutes=5)
        assert 2 <= before < 5
        assert sources.got() == [["a"], *[["raise"]] * 4, ["b"]]


def test_messages_that_were_gathered_come_back(tmp_path: Path) -> None:
    with account(tmp_path) as (_, sandbox):
        sqs, url, _ = sources.queue(BatchSize=20, MaximumBatchingWindowInSeconds=50)
        sources.send(sqs, url, "a", "b")
        sandbox.advance(seconds=5)
        assert sources.got() == []
    with account(tmp_path) as (_, sandbox):
        sandbox.advance(minutes=5)
        assert sorted(text for batch in sources.got() for text in batch) == ["a", "b"]


def test_a_stack_that_was_being_worked_on_has_failed_and_can_be_deleted(tmp_path: Path) -> None:
    template = json.dumps({"Resources": {"Stream": {"Type": "AWS::Kinesis::Stream"}}})
    with account(tmp_path):
        client: Any = boto3.client("cloudformation")
        client.create_stack(StackName="midst", TemplateBody=template)
        cloudformation_backends[ACCOUNT_ID]["us-east-1"].stack("midst").status = "CREATE_IN_PROGRESS"
    with account(tmp_path):
        client = boto3.client("cloudformation")
        [stack] = client.describe_stacks(StackName="midst")["Stacks"]
        assert stack["StackStatus"] == "CREATE_FAILED"
        assert "The sandbox ended" in stack["StackStatusReason"]
        client.delete_stack(StackName="midst")
        assert boto3.client("kinesis").list_streams()["StreamNames"] == []


def test_a_stack_that_waited_for_signals_has_failed_and_can_be_deleted(tmp_path: Path) -> None:
    waiting = {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {}}}
    with account(tmp_path) as (state, _):
        client: Any = boto3.client("cloudformation")
        client.create_stack(StackName="midst", TemplateBody=json.dumps({"Resources": {"W": waiting}}))
        asked = {"StackName": "midst", "LogicalResourceId": "W", "UniqueId": "a", "Status": "SUCCESS"}
        client.signal_resource(**asked)
        state.commit()
    with account(tmp_path) as (_, sandbox):
        client = boto3.client("cloudformation")
        sandbox.advance(hours=1)
        [stack] = client.describe_stacks(StackName="midst")["Stacks"]
        assert stack["StackStatus"] == "CREATE_FAILED"
        client.delete_stack(StackName="midst")
        assert client.describe_stacks()["Stacks"] == []


def test_a_parent_whose_nested_stack_waited_has_failed_with_it_and_can_be_deleted(tmp_path: Path) -> None:
    waiting = {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {}}}
    with account(tmp_path) as (state, _):
        client: Any = boto3.client("cloudformation")
        create("parent", {"P": parameter("p"), "Child": nested({"Q": parameter("q"), "W": waiting})})
        child = physical_id("parent", "Child")
        client.signal_resource(StackName=child, LogicalResourceId="W", UniqueId="a", Status="SUCCESS")
        state.commit()
    with account(tmp_path) as (_, sandbox):
        client = boto3.client("cloudformation")
        sandbox.advance(hours=1)
        for name in ("parent", child):
            assert stack(name)["StackStatus"] == "CREATE_FAILED"
            assert "The sandbox ended" in stack(name)["StackStatusReason"]
        client.delete_stack(StackName="parent")
        assert client.describe_stacks()["Stacks"] == []
        assert parameters_of_account() == set()


def test_what_a_nested_update_replaced_is_deleted_although_the_process_ended(tmp_path: Path) -> None:
    broken = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "none", "PolicyDocument": {}}}
    with account(tmp_path):
        client: Any = boto3.client("cloudformation")
        create("parent", {"Child": nested({"Q": parameter("a"), "Old": parameter("old")})})
        changed = {"Child": nested({"Q": parameter("b")}), "B": {**broken, "DependsOn": "Child"}}
        asked = {"StackName": "parent", "TemplateBody": body(changed), "DisableRollback": True}
        client.update_stack(**asked)
        assert stack("parent")["StackStatus"] == "UPDATE_FAILED"
    with account(tmp_path):
        update("parent", {"Child": nested({"Q": parameter("b")}), "P": parameter("p")})
        child = physical_id("parent", "Child")
        assert stack(child)["StackStatus"] == "UPDATE_COMPLETE"
        assert parameters_of_account() == {physical_id(child, "Q"), physical_id("parent", "P")}


def test_an_asynchronous_event_is_still_carried_out(tmp_path: Path) -> None:
    from tests.offline.state.test_services import archive, role

    run = "def run(event, context):\n    boto3.client('s3').create_bucket(Bucket=event['name'])\n"
    code = f"import boto3\n\n{run}"
    with account(tmp_path) as (state, _):
        permitted = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        arn = role()
        boto3.client("iam").put_role_policy(
            RoleName="worker",
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [permitted]}),
        )
        client: Any = boto3.client("lambda")
        client.create_function(
            FunctionName="make",
            Runtime="python3.12",
            Handler="handler.run",
            Role=arn,
            Code={"ZipFile": archive(code)},
        )
        client.invoke(FunctionName="make", InvocationType="Event", Payload=b'{"name": "made-later"}')
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.settle()
        assert [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]] == ["made-later"]
