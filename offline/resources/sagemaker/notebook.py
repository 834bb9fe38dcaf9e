"""Rows of notebook instances and their lifecycle configurations. `Ref` answers their ARNs.

An instance is a record: InService at once, with no server behind it, and its scripts are not run. Elastic
Inference is gone from AWS, so AcceleratorTypes is not taken.
"""

from __future__ import annotations

from typing import Any

from facts import limits
from offline.resources.change import given, present
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sagemaker.shape import follow_tags, name_of, tags_of, unless_gone

CHANGEABLE = (
    "AdditionalCodeRepositories",
    "DefaultCodeRepository",
    "InstanceMetadataServiceConfiguration",
    "InstanceType",
    "LifecycleConfigName",
    "RoleArn",
    "RootAccess",
    "VolumeSizeInGB",
)
FIXED = ("DirectInternetAccess", "KmsKeyId", "PlatformIdentifier", "SecurityGroupIds", "SubnetId")
TOLD_AS = {"LifecycleConfigName": "NotebookInstanceLifecycleConfigName", "SecurityGroupIds": "SecurityGroups"}
DROPPED = {
    "AdditionalCodeRepositories": "DisassociateAdditionalCodeRepositories",
    "DefaultCodeRepository": "DisassociateDefaultCodeRepository",
    "LifecycleConfigName": "DisassociateLifecycleConfig",
}
"""Property → what an update says where it is taken away."""
SCRIPTS = ("OnCreate", "OnStart")


def create_instance(resource: Resource) -> Physical:
    name = resource.properties.take("NotebookInstanceName") or resource.name(longest=63)
    arn = resource.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        Tags=resource.tag_list(),
        **given(resource.properties, *CHANGEABLE, *FIXED),
    )["NotebookInstanceArn"]
    return Physical(arn, {"NotebookInstanceArn": arn, "NotebookInstanceName": name})


def update_instance(resource: Resource, instance: Physical, old: Properties) -> Physical:
    """Stopped, changed and started again, as CloudFormation does."""
    sagemaker, named = resource.client("sagemaker"), {"NotebookInstanceName": name_of(instance)}
    new = given(resource.properties, *CHANGEABLE)
    sagemaker.stop_notebook_instance(**named)
    try:
        sagemaker.update_notebook_instance(**named, **_defaults(new, given(old, *CHANGEABLE)), **new)
    finally:
        sagemaker.start_notebook_instance(**named)
    follow_tags(resource, instance.id, old)
    return instance


def _defaults(new: dict[str, Any], had: dict[str, Any]) -> dict[str, Any]:
    """What brings to its default whatever the template no longer has."""
    defaults = {
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
        "RootAccess": "Enabled",
        "VolumeSizeInGB": int(limits.number("sagemaker-notebook-volume-gb-lowest")),
    }
    gone = [name for name in had if name not in new]
    dropped = {DROPPED[name]: True for name in gone if name in DROPPED}
    return dropped | {name: value for name, value in defaults.items() if name in gone}


@unless_gone()
def read_instance(resource: Resource, instance: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_notebook_instance(NotebookInstanceName=name_of(instance))
    told = {name: found.get(TOLD_AS.get(name, name)) for name in (*CHANGEABLE, *FIXED)}
    tags = tags_of(resource, instance.id)
    return {"NotebookInstanceName": name_of(instance), **present(**told, Tags=tags)}


@unless_gone()
def delete_instance(resource: Resource, instance: Physical) -> None:
    """An instance is deleted once it is stopped."""
    sagemaker, named = resource.client("sagemaker"), {"NotebookInstanceName": name_of(instance)}
    sagemaker.stop_notebook_instance(**named)
    sagemaker.delete_notebook_instance(**named)


def create_config(resource: Resource) -> Physical:
    name = resource.properties.take("NotebookInstanceLifecycleConfigName") or resource.name(longest=63)
    arn = resource.client("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=name,
        Tags=resource.tag_list(),
        **given(resource.properties, *SCRIPTS),
    )["NotebookInstanceLifecycleConfigArn"]
    return Physical(
        arn, {"NotebookInstanceLifecycleConfigArn": arn, "NotebookInstanceLifecycleConfigName": name}
    )


def update_config(resource: Resource, config: Physical, old: Properties) -> Physical:
    scripts: dict[str, Any] = {"OnCreate": [], "OnStart": []} | given(resource.properties, *SCRIPTS)
    resource.client("sagemaker").update_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=name_of(config), **scripts
    )
    follow_tags(resource, config.id, old)
    return config


@unless_gone()
def read_config(resource: Resource, config: Physical) -> dict[str, Any] | None:
    name = name_of(config)
    found = resource.client("sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=name
    )
    told = {script: found.get(script) for script in SCRIPTS}
    tags = tags_of(resource, config.id)
    return {"NotebookInstanceLifecycleConfigName": name, **present(**told, Tags=tags)}


@unless_gone()
def delete_config(resource: Resource, config: Physical) -> None:
    resource.client("sagemaker").delete_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=name_of(config)
    )


ROWS = (
    Row(
        "AWS::SageMaker::NotebookInstance",
        create_instance,
        delete_instance,
        update_instance,
        read_instance,
    ),
    Row(
        "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        create_config,
        delete_config,
        update_config,
        read_config,
    ),
)
