"""Rows of the model registry: groups of model packages. `Ref` answers their ARN.

A group's policy is kept; within one account nobody is decided by it.
"""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, present
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sagemaker.shape import follow_tags, moment, name_of, tags_of, unless_gone


def create_group(resource: Resource) -> Physical:
    name = resource.properties.take("ModelPackageGroupName")
    resource.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=name,
        Tags=resource.tag_list(),
        **given(resource.properties, "ModelPackageGroupDescription"),
    )
    group = resource.begin(_physical(resource, name))
    _follow_policy(resource, group, Properties({}))
    return group


def _physical(resource: Resource, name: str) -> Physical:
    found = resource.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
    arn = found["ModelPackageGroupArn"]
    return Physical(
        arn,
        {
            "ModelPackageGroupArn": arn,
            "CreationTime": moment(found["CreationTime"]),
            "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
        },
    )


def _follow_policy(resource: Resource, group: Physical, old: Properties) -> None:
    """The group has the policy of its template, or none."""
    sagemaker, named = resource.client("sagemaker"), {"ModelPackageGroupName": name_of(group)}
    policy = resource.properties.take("ModelPackageGroupPolicy")
    if policy:
        text = policy if isinstance(policy, str) else json.dumps(policy)
        sagemaker.put_model_package_group_policy(**named, ResourcePolicy=text)
    elif old.take("ModelPackageGroupPolicy"):
        sagemaker.delete_model_package_group_policy(**named)


def update_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    _follow_policy(resource, group, old)
    follow_tags(resource, group.id, old)
    return group


@unless_gone()
def read_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    name = name_of(group)
    found = resource.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
    return {
        "ModelPackageGroupName": name,
        **present(
            ModelPackageGroupDescription=found.get("ModelPackageGroupDescription"),
            ModelPackageGroupPolicy=_policy(resource, name),
            Tags=tags_of(resource, group.id),
        ),
    }


@unless_gone()
def _policy(resource: Resource, name: str) -> Any:
    found = resource.client("sagemaker").get_model_package_group_policy(ModelPackageGroupName=name)
    wanted = resource.properties.take("ModelPackageGroupPolicy")
    return found["ResourcePolicy"] if isinstance(wanted, str) else json.loads(found["ResourcePolicy"])


@unless_gone()
def delete_group(resource: Resource, group: Physical) -> None:
    """A group that holds model packages is not deleted."""
    resource.client("sagemaker").delete_model_package_group(ModelPackageGroupName=name_of(group))


ROWS = (Row("AWS::SageMaker::ModelPackageGroup", create_group, delete_group, update_group, read_group),)
