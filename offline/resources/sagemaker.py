"""Rows of Amazon SageMaker."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_model(resource: Resource) -> Physical:
    sagemaker, properties = resource.client("sagemaker"), resource.properties
    name = properties.take("ModelName") or resource.name(longest=63)
    sagemaker.create_model(
        ModelName=name,
        Tags=resource.tag_list(),
        **properties.only(
            "PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"
        ),
    )
    return Physical(name, {"ModelName": name})


def delete_model(resource: Resource, model: Physical) -> None:
    resource.client("sagemaker").delete_model(ModelName=model.id)


ROWS = (Row("AWS::SageMaker::Model", create_model, delete_model),)
