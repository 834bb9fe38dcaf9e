"""Amazon SageMaker runs the scripts of processing jobs."""

from __future__ import annotations

import json
import threading
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from facts import images
from offline.clock import clock
from offline.engine import ACCOUNT_ID
from offline.engines.sagemaker import processing
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import BUCKET, get, put

IMAGE = images.uri("scikit-learn", "us-east-1")
CODE = "/opt/ml/processing/input/code"
OUT = "/opt/ml/processing/output"

CLEAN = """
import argparse, json, os, sys
from helper import rows

parser = argparse.ArgumentParser()
parser.add_argument("--at-most", type=int)
parser.add_argument("--input", default="/opt/ml/processing/input/data")
given = parser.parse_args()
kept = [row for row in rows(given.input) if int(row) <= given.at_most]
print("kept", len(kept), "\\tof all")
print("to stderr", file=sys.stderr)
for name in ("clean", "deep/er"):
    path = f"/opt/ml/processing/output/{name}.csv"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("\\n".join(kept))
with open("/opt/ml/output/message", "w") as file:
    file.write(os.environ["GREETING"])
"""
HELPER = """
from pathlib import Path

LIST = "/opt/ml/processing/input/data/b.csv"

def rows(folder):
    assert Path(LIST).exists()
    return [line for path in sorted(Path(folder).iterdir()) for line in path.read_text().split()]
"""


def script(source: str) -> None:
    put("code/run.py", source)


def job(name: str = "clean", **more: Any) -> dict[str, Any]:
    """A request that runs code/run.py; keyword arguments replace members of it."""
    return {
        "ProcessingJobName": name,
        "RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/processing",
        "AppSpecification": application(),
        "ProcessingInputs": [given("code", f"s3://{BUCKET}/code/run.py", CODE)],
        "ProcessingOutputConfig": {"Outputs": [output()]},
        "ProcessingResources": cluster(),
        **more,
    }


def application(*arguments: str, **more: Any) -> dict[str, Any]:
    words = {"ContainerArguments": list(arguments)} if arguments else {}
    return {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", f"{CODE}/run.py"], **words, **more}


def given(name: str, uri: str, place: str, **more: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": place, "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
    return {"InputName": name, "S3Input": source}


def output(name: str = "clean", mode: str = "EndOfJob", place: str = OUT) -> dict[str, Any]:
    where = {"S3Uri": f"s3://{BUCKET}/{name}", "LocalPath": place, "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": where}


def cluster(**more: Any) -> dict[str, Any]:
    return {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30, **more}
    }


def ran(sandbox: Sandbox, name: str = "clean", **more: Any) -> dict[str, Any]:
    """The job as it is described when it has ended."""
    boto3.client("sagemaker").create_processing_job(**job(name, **more))
    sandbox.settle()
    return described(name)


def described(name: str = "clean") -> dict[str, Any]:
    return dict(boto3.client("sagemaker").describe_processing_job(ProcessingJobName=name))


def logged() -> list[str]:
    logs = boto3.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("clean/algo-1-")
    found = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    return [event["message"] for event in found]


@pytest.fixture
def account(sandbox: Sandbox) -> Sandbox:
    role("processing", "sagemaker.amazonaws.com")
    script("print('done')")
    return sandbox


def test_a_script_cleans_its_inputs_into_its_outputs(account: Sandbox) -> None:
    put("code/run.py", CLEAN)
    put("code/helper.py", HELPER)
    put("raw/a.csv", "1\n9\n")
    put("raw/b.csv", "3\n")
    found = ran(
        account,
        AppSpecification=application("--at-most", "5"),
        Environment={"GREETING": "two rows"},
        ProcessingInputs=[
            given("code", f"s3://{BUCKET}/code/", CODE),
            given("data", f"s3://{BUCKET}/raw", "/opt/ml/processing/input/data"),
        ],
    )
    assert (found["ProcessingJobStatus"], found["ExitMessage"]) == ("Completed", "two rows")
    assert "FailureReason" not in found
    assert found["ProcessingEndTime"] == clock.now()
    assert (get("clean/clean.csv"), get("clean/deep/er.csv")) == (b"1\n3", b"1\n3")
    assert logged() == ["kept 2 #011of all", "to stderr"]


def test_a_script_finds_what_aws_tells_it_of_its_job(account: Sandbox) -> None:
    script("""
import json, os, shutil
config = json.load(open("/opt/ml/config/processingjobconfig.json"))
hosts = json.load(open("/opt/ml/config/resourceconfig.json"))
[out] = config["ProcessingOutputConfig"]["Outputs"]
told = [config["ProcessingJobName"], config["ProcessingInputs"][0]["S3Input"]["S3Uri"], hosts]
with open(out["S3Output"]["LocalPath"] + "/told.json", "w") as file:
    json.dump(told, file)
assert os.environ["PLACE"] == out["S3Output"]["LocalPath"]
""")
    found = ran(account, Environment={"PLACE": OUT})
    assert found["ProcessingJobStatus"] == "Completed", logged()
    assert json.loads(get("clean/told.json")) == [
        "clean",
        f"s3://{BUCKET}/code/run.py",
        {"current_host": "algo-1", "hosts": ["algo-1"]},
    ]


def test_places_in_f_strings_are_found_and_other_text_is_left_alone(account: Sandbox) -> None:
    script("""
name = "opt"
assert f"s3://lake/{name}/opt/ml/x" == "s3:" + "//lake/opt" + "/o" + "pt/ml/x"
assert not f"/opt/ml/processing/{name}".startswith("/o" + "pt/ml")
assert "/opt/mlflow" == "/o" + "pt/mlflow"
""")
    assert ran(account)["ProcessingJobStatus"] == "Completed", logged()


def test_a_script_acts_as_the_role_of_its_job(account: Sandbox) -> None:
    script("import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])")
    assert ran(account)["ProcessingJobStatus"] == "Completed", logged()
    assert logged() == [f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/processing/SageMaker"]


def test_a_script_that_is_isolated_has_no_credentials(account: Sandbox) -> None:
    script("import boto3; print(boto3.Session().get_credentials())")
    found = ran(account, NetworkConfig={"EnableNetworkIsolation": True})
    assert (found["ProcessingJobStatus"], logged()) == ("Completed", ["None"])


def test_a_script_that_fails_tells_why_and_leaves_only_what_was_uploaded_meanwhile(
    account: Sandbox,
) -> None:
    script("""
import sys
for place in ("output", "checkpoints"):
    open(f"/opt/ml/processing/{place}/part", "w").write("half")
open("/opt/ml/output/message", "w").write("bad row 7")
sys.exit(3)
""")
    outputs = [output(), output("half", "Continuous", "/opt/ml/processing/checkpoints")]
    found = ran(account, ProcessingOutputConfig={"Outputs": outputs})
    assert found["ProcessingJobStatus"] == "Failed"
    assert found["FailureReason"] == "AlgorithmError: See job logs for more information, exit code: 3"
    assert found["ExitMessage"] == "bad row 7"
    assert get("half/part") == b"half"
    with pytest.raises(ClientError, match="NoSuchKey"):
        get("clean/part")


def test_an_exception_has_the_lines_of_the_script(account: Sandbox) -> None:
    script("\n\nraise ValueError('no good')\n")
    assert ran(account)["ProcessingJobStatus"] == "Failed"
    head, frame, *_, last = logged()
    assert (head, last) == ("Traceback (most recent call last):", "ValueError: no good")
    assert frame.endswith('run.py", line 3, in <module>')


def test_an_exit_message_is_cut_and_must_be_text(account: Sandbox) -> None:
    script("open('/opt/ml/output/message', 'w').write('x' * 5000)")
    assert ran(account)["ExitMessage"] == "x" * 1024
    script("open('/opt/ml/output/message', 'wb').write(b'\\xff')")
    found = ran(account, "other")
    assert found["ProcessingJobStatus"] == "Failed"
    assert "not UTF-8" in found["FailureReason"]


def test_a_job_that_takes_too_long_is_stopped(account: Sandbox) -> None:
    script("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    found = ran(account, StoppingCondition={"MaxRuntimeInSeconds": 2})
    assert (found["ProcessingJobStatus"], logged()) == ("Stopped", ["begun"])
    assert "FailureReason" not in found


def test_a_job_that_has_not_begun_is_stopped_at_once(account: Sandbox) -> None:
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_processing_job(**job())
    sagemaker.stop_processing_job(ProcessingJobName="clean")
    assert described()["ProcessingJobStatus"] == "Stopped"
    account.settle()
    assert described()["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_processing_job(ProcessingJobName="clean")


def test_a_job_that_runs_is_asked_to_end(account: Sandbox) -> None:
    script("""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("asked to end", flush=True), sys.exit(0)))
import boto3
sqs = boto3.client("sqs")
sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="q")["QueueUrl"], MessageBody="up")
time.sleep(600)
""")
    sqs, sagemaker = boto3.client("sqs"), boto3.client("sagemaker")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sagemaker.create_processing_job(**job())

    def stop() -> None:
        while "Messages" not in sqs.receive_message(QueueUrl=queue):
            if "ProcessingEndTime" in described():
                return
        sagemaker.stop_processing_job(ProcessingJobName="clean")

    stopping = threading.Thread(target=stop)
    stopping.start()
    account.settle()
    stopping.join()
    assert (described()["ProcessingJobStatus"], logged()) == ("Stopped", ["asked to end"])


def test_outputs_are_encrypted_with_the_key_of_the_job(account: Sandbox) -> None:
    script("open('/opt/ml/processing/output/part', 'w').write('x')")
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    found = ran(account, ProcessingOutputConfig={"Outputs": [output()], "KmsKeyId": key})
    assert found["ProcessingJobStatus"] == "Completed"
    stored = boto3.client("s3").head_object(Bucket=BUCKET, Key="clean/part")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)


def may(*actions: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }
    boto3.client("iam").put_role_policy(
        RoleName="processing", PolicyName="everything", PolicyDocument=json.dumps(policy)
    )


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (("logs:*",), "Data download failed:AccessDenied"),
        (("logs:*", "s3:GetObject", "s3:ListBucket"), "Failed to upload output data:AccessDenied"),
    ],
)
def test_a_job_fails_whose_role_may_not_reach_its_data(
    account: Sandbox, actions: tuple[str, ...], told: str
) -> None:
    script("open('/opt/ml/processing/output/part', 'w').write('x')")
    may(*actions)
    found = ran(account)
    assert found["ProcessingJobStatus"] == "Failed"
    assert told in found["FailureReason"]


def test_a_job_fails_whose_input_is_not_there(account: Sandbox) -> None:
    found = ran(account, ProcessingInputs=[given("code", f"s3://{BUCKET}/elsewhere", CODE)])
    assert "No S3 objects found" in found["FailureReason"]


def test_the_image_of_xgboost_runs_scripts_too(account: Sandbox) -> None:
    script("import xgboost; print(xgboost.__name__)")
    image = images.uri("xgboost", "us-east-1")
    found = ran(account, AppSpecification=application(ImageUri=image))
    assert (found["ProcessingJobStatus"], logged()) == ("Completed", ["xgboost"])


def test_jobs_are_listed_tagged_and_deleted_when_they_have_ended(account: Sandbox) -> None:
    sagemaker = boto3.client("sagemaker")
    arn = sagemaker.create_processing_job(**job(Tags=[{"Key": "lab", "Value": "ml"}]))["ProcessingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "lab", "Value": "ml"}]
    with pytest.raises(ClientError, match="in status InProgress"):
        sagemaker.delete_processing_job(ProcessingJobName="clean")
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.create_processing_job(**job())
    account.settle()
    [listed] = sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    assert (listed["ProcessingJobName"], listed["ProcessingJobStatus"]) == ("clean", "Completed")
    sagemaker.delete_processing_job(ProcessingJobName="clean")
    with pytest.raises(ClientError, match="Could not find requested job with name: clean"):
        described()


def code(**more: Any) -> list[dict[str, Any]]:
    return [given("code", f"s3://{BUCKET}/code/run.py", CODE, **more)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ProcessingJobName": "a_b"}, "failed to satisfy constraint"),
        (
            {"AppSpecification": application(ImageUri="python:3.13")},
            "Images that run: .*scikit-learn.*xgboost",
        ),
        (
            {"AppSpecification": application(ImageUri=IMAGE.replace("683313688378", "123456789012"))},
            "Cannot find repository",
        ),
        ({"AppSpecification": {"ImageUri": IMAGE}}, "what is run is python3 and a script"),
        (
            {"AppSpecification": application(ContainerEntrypoint=["bash", "-c", "ls"])},
            "what is run is python3",
        ),
        ({"ProcessingResources": cluster(InstanceCount=2)}, "Use InstanceCount 1"),
        ({"ProcessingResources": cluster(InstanceType="ml.p3.2xlarge")}, "ResourceLimitExceeded"),
        ({"ProcessingInputs": code(LocalPath="/code")}, "begins with /opt/ml/processing/"),
        ({"ProcessingInputs": code(S3DataType="ManifestFile")}, "use S3Prefix"),
        ({"ProcessingInputs": code(S3InputMode="Pipe")}, "use File"),
        ({"ProcessingInputs": [*code(), *code()]}, "InputName must be unique"),
        (
            {"ProcessingInputs": [{"InputName": "d", "DatasetDefinition": {"LocalPath": CODE}}]},
            "DatasetDefinition",
        ),
        (
            {
                "ProcessingOutputConfig": {
                    "Outputs": [{"OutputName": "f", "FeatureStoreOutput": {"FeatureGroupName": "f"}}]
                }
            },
            "FeatureStoreOutput",
        ),
        ({"ExperimentConfig": {"ExperimentName": "e"}}, "ExperimentConfig cannot be done offline"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/missing"}, "Could not assume role"),
    ],
)
def test_refuses_a_processing_job(account: Sandbox, change: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        boto3.client("sagemaker").create_processing_job(**{**job(), **change})


def test_a_job_without_a_limit_may_take_a_day() -> None:
    assert processing.max_runtime_seconds({}) == 86_400
    assert processing.max_runtime_seconds({"StoppingCondition": {"MaxRuntimeInSeconds": 60}}) == 60
