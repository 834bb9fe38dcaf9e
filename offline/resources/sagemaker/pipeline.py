"""Row of pipelines, which are kept while starting one is refused."""

from __future__ import annotations

from typing import Any

from offline.errors import UnsupportedPropertyError
from offline.resources.change import given, present
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sagemaker.shape import follow_tags, tags_of, unless_gone

PIPELINE = ("ParallelismConfiguration", "PipelineDescription", "PipelineDisplayName", "RoleArn")


def create_pipeline(resource: Resource) -> Physical:
    name = resource.properties.take("PipelineName")
    resource.client("sagemaker").create_pipeline(
        PipelineName=name, Tags=resource.tag_list(), **_pipeline(resource)
    )
    return Physical(name)


def _pipeline(resource: Resource) -> dict[str, Any]:
    return {**given(resource.properties, *PIPELINE), **_definition(resource.properties)}


def _definition(properties: Properties) -> dict[str, Any]:
    """The definition's text, or where it lies in S3; its ETag is not looked at, and so not taken."""
    definition = properties.at("PipelineDefinition")
    if body := definition.take("PipelineDefinitionBody"):
        return {"PipelineDefinition": body}
    place = definition.at("PipelineDefinitionS3Location")
    return {"PipelineDefinitionS3Location": given(place, "Bucket", ObjectKey="Key", VersionId="Version")}


def update_pipeline(resource: Resource, pipeline: Physical, old: Properties) -> Physical:
    """UpdatePipeline keeps what it is not given, so what the template no longer has is given its default."""
    new = _pipeline(resource)
    if old.take("ParallelismConfiguration") and "ParallelismConfiguration" not in new:
        raise UnsupportedPropertyError(
            "SageMaker keeps a ParallelismConfiguration that an update leaves out; give it, or another name"
        )
    defaults = {"PipelineDescription": "", "PipelineDisplayName": pipeline.id}
    resource.client("sagemaker").update_pipeline(PipelineName=pipeline.id, **defaults | new)
    follow_tags(resource, _arn(resource, pipeline), old)
    return pipeline


def _arn(resource: Resource, pipeline: Physical) -> str:
    return resource.arn("sagemaker", f"pipeline/{pipeline.id}")


@unless_gone()
def read_pipeline(resource: Resource, pipeline: Physical) -> dict[str, Any] | None:
    """SageMaker tells a definition's text, and not that it came from S3."""
    found = resource.client("sagemaker").describe_pipeline(PipelineName=pipeline.id)
    body = resource.properties.at("PipelineDefinition").take("PipelineDefinitionBody")
    definition = {"PipelineDefinitionBody": found["PipelineDefinition"]} if body else None
    told = {name: found.get(name) for name in PIPELINE}
    tags = tags_of(resource, _arn(resource, pipeline))
    return {"PipelineName": pipeline.id, **present(PipelineDefinition=definition, **told, Tags=tags)}


@unless_gone()
def delete_pipeline(resource: Resource, pipeline: Physical) -> None:
    resource.client("sagemaker").delete_pipeline(PipelineName=pipeline.id)


ROWS = (Row("AWS::SageMaker::Pipeline", create_pipeline, delete_pipeline, update_pipeline, read_pipeline),)
