"""One batch transform job: every object under the input prefix goes through the served model.

AWS leaves <S3OutputPath>/<key below the prefix>.out for each input object. Offline one instance runs
and one request is in flight, so the order of requests is the order of keys.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from offline.clock import clock
from offline.engines.sagemaker import logs, network
from offline.engines.sagemaker.channels import bucket_and_key, objects
from offline.engines.sagemaker.records import Filter, batches, joined, split
from offline.engines.sagemaker.requests import check_instance, check_only, check_shape, refuse
from offline.engines.sagemaker.serving import ModelError, Server
from offline.engines.sagemaker.training import put

DEFAULT_PAYLOAD_MB = 6
MIB = 1024 * 1024
PLAYED = {
    "TransformJobName", "ModelName", "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB",
    "BatchStrategy", "Environment", "TransformInput", "TransformOutput", "TransformResources",
    "DataProcessing", "Tags",
}  # fmt: skip


@dataclass
class TransformJob:
    """What DescribeTransformJob tells of; the names are those that moto's list call reads."""

    transform_job_name: str
    arn: str
    request: dict[str, Any]
    creation_time: datetime = field(default_factory=clock.now)
    transform_job_status: str = "InProgress"
    failure_reason: str | None = None
    transform_start_time: datetime | None = None
    transform_end_time: datetime | None = None
    last_modified_time: datetime = field(default_factory=clock.now)

    @property
    def started(self) -> bool:
        return self.transform_start_time is not None

    def fail(self, reason: str) -> None:
        self.end("Failed", reason)

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.request.setdefault("Tags", [])

    def end(self, status: str, reason: str | None = None) -> None:
        self.transform_job_status, self.failure_reason = status, reason and reason[:1024]
        self.transform_end_time = self.last_modified_time = clock.now()

    def describe(self) -> dict[str, Any]:
        described = {name: value for name, value in self.request.items() if name != "Tags"}
        described |= {
            "TransformJobArn": self.arn,
            "TransformJobStatus": self.transform_job_status,
            "CreationTime": self.creation_time,
            "TransformStartTime": self.transform_start_time,
            "TransformEndTime": self.transform_end_time,
            "FailureReason": self.failure_reason,
        }
        return {name: value for name, value in described.items() if value is not None}


def check_transform(request: dict[str, Any]) -> None:
    """A job made from this request can start."""
    check_shape("CreateTransformJob", request)
    check_only(request, PLAYED, "CreateTransformJob")
    given, resources = request["TransformInput"], request["TransformResources"]
    if resources["InstanceCount"] > 1:
        raise refuse(f"InstanceCount {resources['InstanceCount']}: offline a transform job has one instance.")
    check_instance(resources["InstanceType"], "transform")
    if given["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix":
        raise refuse("TransformInput: a manifest is not run offline; use S3DataType S3Prefix.")
    if given.get("SplitType", "None") not in ("None", "Line"):
        raise refuse(f"SplitType {given['SplitType']} is not run offline; use Line or None.")
    processing = request.get("DataProcessing", {})
    for name in ("InputFilter", "OutputFilter"):
        Filter(processing.get(name, "$"))
    _check_join(processing, given, request["TransformOutput"])


def _check_join(processing: dict[str, str], given: dict[str, Any], output: dict[str, str]) -> None:
    processed = set(processing.values()) - {"$", "None"}
    if processed and given.get("ContentType", "").split(";")[0] != "text/csv":
        raise refuse(
            f"DataProcessing is run offline for ContentType text/csv only, got {given.get('ContentType')}."
        )
    if processing.get("JoinSource", "None") == "Input":
        if given.get("SplitType", "None") != "Line" or output.get("AssembleWith", "None") != "Line":
            raise refuse(
                "JoinSource Input needs SplitType Line and AssembleWith Line, so that records match."
            )
        if output.get("Accept", "text/csv").split(";")[0] != "text/csv":
            raise refuse("JoinSource Input needs the same type on both sides: Accept text/csv.")


def run(job: TransformJob, model: dict[str, Any], region: str) -> None:
    """The job has ended, with an output object for each input object, or with the reason why not."""
    if job.transform_job_status == "Stopping":
        job.end("Stopped")
        return
    job.transform_start_time = clock.now()
    try:
        _transform(job, model, region)
    except (ModelError, ClientError, ValueError) as error:
        job.end("Failed", f"ClientError: {error}")
    else:
        job.end("Completed")


def _transform(job: TransformJob, model: dict[str, Any], region: str) -> None:
    uri = job.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    s3 = network.s3(model, region)
    found = list(objects(s3, uri))
    if not found:
        raise ValueError(f'No S3 objects found under S3 URL "{uri}" given in input data source.')
    server = Server(model, region, {**job.request.get("Environment", {}), "SAGEMAKER_BATCH": "true"})
    try:
        for key, name in found:
            _transform_object(job.request, server, s3, key, name)
    finally:
        lines = server.close()
        stream = f"{job.transform_job_name}/i-offline"
        logs.put("TransformJobs", stream, lines, model["ExecutionRoleArn"], region)


def _transform_object(request: dict[str, Any], server: Server, s3: Any, key: str, name: str) -> None:
    bucket = bucket_and_key(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])[0]
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if request["TransformInput"].get("CompressionType", "None") == "Gzip":
        content = gzip.decompress(content)
    try:
        answers = list(_answers(request, server, content))
    except (ModelError, ValueError) as error:
        raise ModelError(f"s3://{bucket}/{key}: {error}") from error
    output = request["TransformOutput"]
    if output.get("AssembleWith", "None") == "Line":
        answers = [answer.removesuffix(b"\n") + b"\n" for answer in answers]
    whole = b"".join(answers)
    put(s3, f"{output['S3OutputPath'].rstrip('/')}/{name}.out", whole, output.get("KmsKeyId"))


def _answers(request: dict[str, Any], server: Server, content: bytes) -> Iterator[bytes]:
    """What the model answered, request by request, joined and filtered."""
    given, processing = request["TransformInput"], request.get("DataProcessing", {})
    records = split(content, given.get("SplitType", "None"))
    highest = (request.get("MaxPayloadInMB") or DEFAULT_PAYLOAD_MB) * MIB
    for batch in batches(records, request.get("BatchStrategy", "MultiRecord"), highest):
        sent = _filtered(batch, processing.get("InputFilter", "$"))
        headers = {
            "Content_Type": given.get("ContentType", ""),
            "Accept": request["TransformOutput"].get("Accept", ""),
        }
        status, body, _ = server.request(
            "POST",
            "/invocations",
            b"\n".join(sent),
            **{name: value for name, value in headers.items() if value},
        )
        if status != 200:
            raise ModelError(f"Model returned HTTP {status}: {body.decode(errors='replace')[:512]}", status)
        yield _finished(batch, body, processing)


def _filtered(records: list[bytes], path: str) -> list[bytes]:
    if path == "$":
        return records
    keep = Filter(path)
    return [keep(record.decode()).encode() for record in records]


def _finished(batch: list[bytes], body: bytes, processing: dict[str, str]) -> bytes:
    if processing.get("JoinSource", "None") == "None" and processing.get("OutputFilter", "$") == "$":
        return body
    lines = body.decode().removesuffix("\n").split("\n")
    if processing.get("JoinSource", "None") == "Input":
        lines = joined([record.decode() for record in batch], lines)
    keep = Filter(processing.get("OutputFilter", "$"))
    return "\n".join(map(keep, lines)).encode()
