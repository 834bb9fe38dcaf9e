"""One training job, from InProgress to its end.

AWS bills from the start of Downloading to the end of Uploading. The account's clock stands still
while a program runs, so all times of a job are the moment it ran; how long it really took is in
TrainingTimeInSeconds and BillableTimeInSeconds.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from facts import limits
from offline.clock import clock
from offline.engines.sagemaker import channels, checkpoints, containers, logs, network
from offline.engines.sagemaker.training_requests import max_runtime_seconds
from offline.lock import lock

REASON_CHARACTERS = 1024
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


@dataclass
class TrainingJob:
    """What DescribeTrainingJob tells of; the names are those that moto's list call reads."""

    training_job_name: str
    arn: str
    request: dict[str, Any]
    creation_time: datetime = field(default_factory=clock.now)
    training_job_status: str = "InProgress"
    secondary_status: str = ""
    transitions: list[dict[str, Any]] = field(default_factory=list)
    failure_reason: str | None = None
    training_start_time: datetime | None = None
    training_end_time: datetime | None = None
    last_modified_time: datetime = field(default_factory=clock.now)
    seconds: float | None = None
    artifact: str = ""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.enter("Starting")

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"process": None}

    @property
    def started(self) -> bool:
        return self.training_start_time is not None

    def fail(self, reason: str) -> None:
        self.end("Failed", "Failed", reason)

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.request.setdefault("Tags", [])

    def enter(self, secondary_status: str) -> None:
        """Move to the next secondary status and note when."""
        now = clock.now()
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        message = self.failure_reason or MESSAGES[secondary_status]
        self.transitions.append({"Status": secondary_status, "StartTime": now, "StatusMessage": message})
        self.secondary_status, self.last_modified_time = secondary_status, now

    def end(self, status: str, secondary_status: str, reason: str | None = None) -> None:
        self.failure_reason = reason and reason[:REASON_CHARACTERS]
        self.training_job_status = status
        self.enter(secondary_status)
        self.transitions[-1]["EndTime"] = clock.now()
        self.training_end_time = clock.now()

    def describe(self) -> dict[str, Any]:
        described = {name: value for name, value in self.request.items() if name != "Tags"}
        described |= {
            "TrainingJobArn": self.arn,
            "ModelArtifacts": {"S3ModelArtifacts": self.artifact},
            "TrainingJobStatus": self.training_job_status,
            "SecondaryStatus": self.secondary_status,
            "SecondaryStatusTransitions": self.transitions,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "FailureReason": self.failure_reason,
            "TrainingStartTime": self.training_start_time,
            "TrainingEndTime": self.training_end_time,
            "FinalMetricDataList": self.metrics or None,
        }
        if self.seconds is not None:
            whole = math.ceil(self.seconds)
            described |= {"TrainingTimeInSeconds": whole, "BillableTimeInSeconds": whole}
        return {name: value for name, value in described.items() if value is not None}


class JobFailed(Exception):
    """A job ends as Failed; the text is its FailureReason."""


def run(job: TrainingJob, region: str) -> None:
    """The job has ended: Completed, Failed or Stopped, with all that this leaves in S3 and CloudWatch."""
    if job.training_job_status == "Stopping":
        job.end("Stopped", "Stopped")
        return
    job.training_start_time, began = clock.now(), time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="training-") as folder:
            status, secondary = _run_in(job, Path(folder), region)
        reason = None
    except JobFailed as failed:
        status, secondary, reason = "Failed", "Failed", str(failed)
    job.seconds = time.monotonic() - began
    job.end(status, secondary, reason)


def _run_in(job: TrainingJob, base: Path, region: str) -> tuple[str, str]:
    job.enter("Downloading")
    _lay_out(job, base, region)
    job.enter("Training")
    code, overtime, lines = _train(job, base, region)
    stopped = overtime or job.training_job_status == "Stopping"
    logs.put(
        "TrainingJobs",
        f"{job.training_job_name}/algo-1-{int(clock.epoch())}",
        lines,
        job.request["RoleArn"],
        region,
    )
    job.metrics = final_metrics(job.request, lines, region)
    if code != 0 and not stopped:
        raise JobFailed(failure_reason(base, code))
    job.enter("Uploading")
    _upload(job, base, region, required=not stopped)
    if overtime:
        return "Stopped", "MaxRuntimeExceeded"
    return ("Stopped", "Stopped") if stopped else ("Completed", "Completed")


def _lay_out(job: TrainingJob, base: Path, region: str) -> None:
    for name in ("model", "output/data", "checkpoints"):
        (base / name).mkdir(parents=True)
    channels.write_config(job.request, base)
    try:
        channels.download(job.request, base, region)
        checkpoints.restore(job.request, base, region)
    except ClientError as error:
        raise JobFailed(f"ClientError: Data download failed:{told(error)}") from error


def _train(job: TrainingJob, base: Path, region: str) -> tuple[int, bool, list[str]]:
    """Exit code, whether time ran out, and every line that the program wrote."""
    program = containers.program_for(job.request["AlgorithmSpecification"]["TrainingImage"], region)
    variables = {
        **job.request.get("Environment", {}),
        "TRAINING_JOB_NAME": job.training_job_name,
        "TRAINING_JOB_ARN": job.arn,
        "AWS_REGION": region,
    }
    job.process = process = containers.start(program, "train", base, variables)
    try:
        overtime, output = ended(process, max_runtime_seconds(job.request))
    finally:
        job.process = None
    return process.returncode, overtime, output.splitlines()


def ended(process: subprocess.Popen[str], seconds: int) -> tuple[bool, str]:
    """Wait for a program's end: whether it had to be told when its time ran out, and what it wrote."""
    try:
        with lock.waiting():
            return False, process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        return True, _terminate(process)
    finally:
        if process.poll() is None:  # interrupted: nobody waits for it any more
            process.kill()
            process.wait()


def _terminate(process: subprocess.Popen[str]) -> str:
    process.terminate()
    try:
        with lock.waiting():
            return process.communicate(timeout=int(limits.value("sagemaker-stop-grace-seconds")))[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def failure_reason(base: Path, code: int) -> str:
    """What SageMaker makes of output/failure and the exit code."""
    path = base / "output" / "failure"
    text = path.read_text(errors="replace") if path.exists() else ""
    return (
        f"AlgorithmError: {text or 'See job logs for more information'}"[: REASON_CHARACTERS - 20]
        + f", exit code: {code}"
    )


def _upload(job: TrainingJob, base: Path, region: str, required: bool) -> None:
    """model/ as model.tar.gz and output/data as output.tar.gz, below <S3OutputPath>/<job>/output/."""
    output = job.request["OutputDataConfig"]
    place = f"{output['S3OutputPath'].rstrip('/')}/{job.training_job_name}/output"
    try:
        s3 = network.s3(job.request, region)
        checkpoints.keep(job.request, base, region)
        if required or any((base / "model").iterdir()):
            job.artifact = f"{place}/model.tar.gz"
            put(s3, job.artifact, packed(base / "model"), output.get("KmsKeyId"))
        if any((base / "output" / "data").iterdir()):
            put(s3, f"{place}/output.tar.gz", packed(base / "output/data"), output.get("KmsKeyId"))
    except ClientError as error:
        job.artifact = ""
        raise JobFailed(f"ClientError: Artifact upload failed:{told(error)}") from error


def put(s3: Any, uri: str, body: bytes, key_id: str | None) -> None:
    """The object lies in S3, under the given KMS key or the bucket's own default."""
    bucket, key = channels.bucket_and_key(uri)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
    s3.put_object(Bucket=bucket, Key=key, Body=body, **encryption)


def packed(folder: Path) -> bytes:
    """A folder's contents as a gzipped archive, in the account's time: the same files, the same bytes."""
    made = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=made, mode="wb", mtime=clock.epoch()) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for path in sorted(folder.iterdir()):
            archive.add(path, arcname=path.name, filter=_of_nobody)
    return made.getvalue()


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = int(clock.epoch())
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def final_metrics(request: dict[str, Any], lines: list[str], region: str) -> list[dict[str, Any]]:
    """The last value of each metric that the definitions find in the log."""
    algorithm = request["AlgorithmSpecification"]
    pattern = containers.program_for(algorithm["TrainingImage"], region).metrics
    last: dict[str, float] = {}
    for line in map(logs.shown, lines):
        if pattern and line.startswith("["):
            last |= {f"{m['channel']}:{m['metric']}": float(m["value"]) for m in re.finditer(pattern, line)}
        for definition in algorithm.get("MetricDefinitions", []):
            if found := re.search(definition["Regex"], line):
                last[definition["Name"]] = float(found[1])
    now = clock.now()
    return [{"MetricName": name, "Value": value, "Timestamp": now} for name, value in last.items()]


def told(error: ClientError) -> str:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return f"{error.response['Error']['Code']} ({status}): {error.response['Error']['Message']}"
