"""Row of processing jobs. CloudFormation starts a job; every change replaces it, by a job of another name.

The stack goes on once the job exists: Fn::GetAtt tells what is known of it then, and DescribeProcessingJob
what became of it. Deleting it stops what has not ended; one whose program still runs ends by itself, and its
record stays.
"""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present
from offline.resources.row import Physical, Resource, Row
from offline.resources.sagemaker.shape import moment, name_of, tags_of, unless_gone

SETTINGS = (
    *("AppSpecification", "Environment", "NetworkConfig", "ProcessingInputs"),
    *("ProcessingOutputConfig", "ProcessingResources", "RoleArn", "StoppingCondition"),
)


def create_job(resource: Resource) -> Physical:
    sagemaker = resource.client("sagemaker")
    name = resource.properties.take("ProcessingJobName") or resource.name(longest=63)
    sagemaker.create_processing_job(
        ProcessingJobName=name, Tags=resource.tag_list(), **given(resource.properties, *SETTINGS)
    )
    found = sagemaker.describe_processing_job(ProcessingJobName=name)
    told = {
        "ProcessingJobArn": found["ProcessingJobArn"],
        "ProcessingJobStatus": found["ProcessingJobStatus"],
        "CreationTime": moment(found["CreationTime"]),
        "LastModifiedTime": moment(found["LastModifiedTime"]),
    }
    return Physical(found["ProcessingJobArn"], told)


@unless_gone()
def read_job(resource: Resource, job: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_processing_job(ProcessingJobName=name_of(job))
    told = {name: found.get(name) for name in SETTINGS}
    return {"ProcessingJobName": name_of(job), **present(**told, Tags=tags_of(resource, job.id))}


@unless_gone()
def delete_job(resource: Resource, job: Physical) -> None:
    sagemaker, name = resource.client("sagemaker"), name_of(job)
    if _status(resource, name) == "InProgress":
        sagemaker.stop_processing_job(ProcessingJobName=name)
    if _status(resource, name) != "Stopping":
        sagemaker.delete_processing_job(ProcessingJobName=name)


def _status(resource: Resource, name: str) -> str:
    found = resource.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    return str(found["ProcessingJobStatus"])


ROWS = (Row("AWS::SageMaker::ProcessingJob", create_job, delete_job, read=read_job),)
