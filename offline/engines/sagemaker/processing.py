"""One processing job: inputs laid out below /opt/ml/processing, a script run, outputs uploaded.

The image of scikit-learn and that of XGBoost run scripts, as `python3 <script>`, with this interpreter and
its packages. AWS uploads outputs of mode EndOfJob when the job has completed, and those of mode Continuous
while it runs, so that those of a job that fails are there too; offline both are uploaded at the end.

Source: Amazon SageMaker AI Developer Guide, "How to build your own processing container".
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from facts import limits
from offline.clock import clock
from offline.containers import script
from offline.engines.sagemaker import logs, network
from offline.engines.sagemaker.channels import bucket_and_key, save
from offline.engines.sagemaker.training import (
    REASON_CHARACTERS,
    JobFailed,
    ended,
    failure_reason,
    put,
    told,
)

ROOT = Path(script.ROOT)


@dataclass
class ProcessingJob:
    """What DescribeProcessingJob tells of; the names are those that moto's list call reads."""

    processing_job_name: str
    arn: str
    request: dict[str, Any]
    creation_time: datetime = field(default_factory=clock.now)
    processing_job_status: str = "InProgress"
    failure_reason: str | None = None
    exit_message: str | None = None
    processing_start_time: datetime | None = None
    processing_end_time: datetime | None = None
    last_modified_time: datetime = field(default_factory=clock.now)
    process: subprocess.Popen[str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"process": None}

    @property
    def started(self) -> bool:
        return self.processing_start_time is not None

    def fail(self, reason: str) -> None:
        self.end("Failed", reason)

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.request.setdefault("Tags", [])

    def end(self, status: str, reason: str | None = None) -> None:
        self.processing_job_status, self.failure_reason = status, reason and reason[:REASON_CHARACTERS]
        self.processing_end_time = self.last_modified_time = clock.now()

    def describe(self) -> dict[str, Any]:
        described = {name: value for name, value in self.request.items() if name != "Tags"}
        described |= {
            "ProcessingJobArn": self.arn,
            "ProcessingJobStatus": self.processing_job_status,
            "ExitMessage": self.exit_message,
            "FailureReason": self.failure_reason,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "ProcessingStartTime": self.processing_start_time,
            "ProcessingEndTime": self.processing_end_time,
        }
        return {name: value for name, value in described.items() if value is not None}


def run(job: ProcessingJob, region: str) -> None:
    """The job has ended: Completed, Failed or Stopped, with all that this leaves in S3 and CloudWatch."""
    if job.processing_job_status == "Stopping":
        job.end("Stopped")
        return
    job.processing_start_time = clock.now()
    try:
        with tempfile.TemporaryDirectory(prefix="processing-") as folder:
            job.end(_run_in(job, Path(folder).resolve(), region))
    except JobFailed as failed:
        job.end("Failed", str(failed))


def _run_in(job: ProcessingJob, base: Path, region: str) -> str:
    s3 = _s3(job.request, region)
    _lay_out(job, base, s3)
    job.process = _start(job, base, region)
    try:
        overtime, output = ended(job.process, max_runtime_seconds(job.request))
        code = job.process.returncode
    finally:
        job.process = None
    stream = f"{job.processing_job_name}/algo-1-{int(clock.epoch())}"
    logs.put("ProcessingJobs", stream, output.splitlines(), job.request["RoleArn"], region)
    stopped = overtime or job.processing_job_status == "Stopping"
    completed = code == 0 and not stopped
    _upload(job.request, base, s3, completed)
    job.exit_message = _message(base)
    if not (completed or stopped):
        raise JobFailed(failure_reason(base, code))
    return "Completed" if completed else "Stopped"


def _s3(request: dict[str, Any], region: str) -> Any:
    given = {"RoleArn": request["RoleArn"], "VpcConfig": request.get("NetworkConfig", {}).get("VpcConfig")}
    try:
        return network.s3(given, region)
    except ClientError as error:
        raise JobFailed(f"ClientError: Data download failed:{told(error)}") from error


def _lay_out(job: ProcessingJob, base: Path, s3: Any) -> None:
    request = job.request
    for name in ("config", "output", "processing"):
        (base / name).mkdir()
    for output in outputs(request):
        at(output["S3Output"]["LocalPath"], base).mkdir(parents=True, exist_ok=True)
    for given in request.get("ProcessingInputs", []):
        source = given["S3Input"]
        try:
            _download(s3, source["S3Uri"], at(source["LocalPath"], base))
        except ClientError as error:
            raise JobFailed(f"ClientError: Data download failed:{told(error)}") from error
    told_of = {"ProcessingJobArn": job.arn, **{name: request[name] for name in request if name != "Tags"}}
    (base / "config/processingjobconfig.json").write_text(_moved(json.dumps(told_of), base))
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
    (base / "config/resourceconfig.json").write_text(json.dumps(hosts))


def at(place: str, base: Path) -> Path:
    """Where a path below /opt/ml lies.

    >>> str(at("/opt/ml/processing/input", Path("/job")))
    '/job/processing/input'
    """
    return base / Path(place).relative_to(ROOT)


def _download(s3: Any, uri: str, folder: Path) -> None:
    bucket, prefix = bucket_and_key(uri)
    folder.mkdir(parents=True, exist_ok=True)
    found = list(_objects(s3, bucket, prefix))
    if not found:
        raise JobFailed(f'ClientError: Data download failed:No S3 objects found under S3 URL "{uri}".')
    for key, name in found:
        save(s3, bucket, key, folder / name, unpack=False)


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Key and place of every object below a prefix; one that is an object itself keeps its own name."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
        if key == prefix or key.startswith(f"{prefix.rstrip('/')}/") or not prefix:
            name = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
            if not key.endswith("/"):
                yield key, name


def outputs(request: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return found


def _start(job: ProcessingJob, base: Path, region: str) -> subprocess.Popen[str]:
    """Start the script; both of its outputs arrive on stdout."""
    application = job.request["AppSpecification"]
    given = [*application["ContainerEntrypoint"][1:], *application.get("ContainerArguments", [])]
    words = [_moved(word, base) for word in given]
    environment = {name: _moved(value, base) for name, value in job.request.get("Environment", {}).items()}
    return subprocess.Popen(
        [sys.executable, "-B", str(Path(script.__file__)), *words],
        cwd=base,
        env={**environment, **_variables(job, base, region)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _moved(text: str, base: Path) -> str:
    """A text whose paths below /opt/ml lead to what stands for it.

    >>> _moved("--in=/opt/ml/processing/in s3://lake/opt/ml/x", Path("/job"))
    '--in=/job/processing/in s3://lake/opt/ml/x'
    """
    return re.sub(rf"(?<![\w./-]){ROOT}(?![\w.-])", str(base), text)


def _variables(job: ProcessingJob, base: Path, region: str) -> dict[str, str]:
    """What a container has; its role's credentials, unless it is isolated from the network."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    found = {
        **inherited,
        "HOME": str(base),
        "PYTHONUNBUFFERED": "1",
        "SAGEMAKER_BASE_DIR": str(base),
        "PROCESSING_JOB_ARN": job.arn,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if job.request.get("NetworkConfig", {}).get("EnableNetworkIsolation"):
        return found
    from offline.sandbox import current  # the sandbox imports the engines

    role = boto3.client("sts", region_name=region).assume_role(
        RoleArn=job.request["RoleArn"], RoleSessionName="SageMaker"
    )["Credentials"]
    return found | {
        "AWS_ENDPOINT_URL": current().endpoint(),
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
    }


def _upload(request: dict[str, Any], base: Path, s3: Any, completed: bool) -> None:
    """Every file below an output's place lies under its prefix, under the job's KMS key."""
    key_id = request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    for output in (one["S3Output"] for one in outputs(request)):
        if not completed and output["S3UploadMode"] == "EndOfJob":
            continue
        folder = at(output["LocalPath"], base)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            uri = f"{output['S3Uri'].rstrip('/')}/{path.relative_to(folder).as_posix()}"
            try:
                put(s3, uri, path.read_bytes(), key_id)
            except ClientError as error:
                raise JobFailed(f"ClientError: Failed to upload output data:{told(error)}") from error


def _message(base: Path) -> str | None:
    """What the script left in output/message, as far as a job tells it."""
    path = base / "output" / "message"
    if not path.is_file():
        return None
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        raise JobFailed("ClientError: The exit message in /opt/ml/output/message is not UTF-8.") from None
    return path.read_bytes()[: int(limits.value("sagemaker-exit-message-bytes"))].decode(errors="ignore")


def max_runtime_seconds(request: dict[str, Any]) -> int:
    given = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return int(given or limits.value("sagemaker-processing-seconds-default"))
