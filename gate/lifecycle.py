"""Services, values and instance types that AWS no longer offers to a new account."""

from __future__ import annotations

from collections.abc import Iterator

from facts import instances, retired, services
from gate import jobs
from gate.finding import Finding
from gate.template import Resource, Templates

INSTANCES: dict[str, tuple[tuple[str, instances.Use], ...]] = {
    "AWS::EC2::Instance": (("InstanceType", "ec2"),),
    "AWS::EC2::LaunchTemplate": (("LaunchTemplateData.InstanceType", "ec2"),),
    "AWS::AutoScaling::LaunchConfiguration": (("InstanceType", "ec2"),),
    "AWS::EKS::Nodegroup": (("InstanceTypes[]", "ec2"),),
    "AWS::SageMaker::NotebookInstance": (("InstanceType", "notebook"),),
    "AWS::SageMaker::EndpointConfig": (
        ("ProductionVariants[].InstanceType", "hosting"),
        ("ShadowProductionVariants[].InstanceType", "hosting"),
    ),
    "AWS::SageMaker::ProcessingJob": (("ProcessingResources.ClusterConfig.InstanceType", "processing"),),
    "AWS::EMR::Cluster": (
        ("Instances.MasterInstanceGroup.InstanceType", "emr"),
        ("Instances.CoreInstanceGroup.InstanceType", "emr"),
        ("Instances.TaskInstanceGroups[].InstanceType", "emr"),
        ("Instances.MasterInstanceFleet.InstanceTypeConfigs[].InstanceType", "emr"),
        ("Instances.CoreInstanceFleet.InstanceTypeConfigs[].InstanceType", "emr"),
        ("Instances.TaskInstanceFleets[].InstanceTypeConfigs[].InstanceType", "emr"),
    ),
    "AWS::EMR::InstanceGroupConfig": (("InstanceType", "emr"),),
    "AWS::EMR::InstanceFleetConfig": (("InstanceTypeConfigs[].InstanceType", "emr"),),
}
"""Where a template names an instance type, and for which use."""

CALLS: dict[str, tuple[tuple[str, ...], instances.Use]] = {
    "sagemaker:createTrainingJob": (("ResourceConfig", "InstanceType"), "training"),
    "sagemaker:createTransformJob": (("TransformResources", "InstanceType"), "transform"),
    "sagemaker:createProcessingJob": (("ProcessingResources", "ClusterConfig", "InstanceType"), "processing"),
}
"""Where a state machine's task names one."""


SAM = {"AWS::Serverless::Function": "AWS::Lambda::Function"}
"""Types of the Serverless Application Model whose values are another type's."""


def _since(date: str) -> str:
    return f" since {date}" if date else ", since when is not known"


def closed_types(templates: Templates) -> Iterator[Finding]:
    """Resources of services that a new account cannot use."""
    closed = services.closed_types()
    for resource in templates.resources():
        if service := closed.get(resource.type):
            yield Finding(
                resource.template.name,
                resource.logical_id,
                f"lifecycle-{service.id}",
                resource.type,
                "",
                f"{service.service} is {service.status}{_since(service.since)}",
                f"use {service.successor or 'nothing: there is no successor'}",
                f"{service.source}; confidence {service.confidence}",
            )


def retired_values(templates: Templates) -> Iterator[Finding]:
    """Runtimes, versions and classes that AWS no longer takes."""
    for resource in templates.resources():
        for row in retired.of_type(SAM.get(resource.type, resource.type)):
            if not row.closed or not _applies(resource, row):
                continue
            for location, value in resource.values(row.path):
                if retired.matches(row, value):
                    yield Finding(
                        resource.template.name,
                        resource.logical_id,
                        f"lifecycle-{row.id}",
                        resource.type,
                        location,
                        f"{value} is {row.status}{_since(row.since)}",
                        f"use {row.successor}",
                        f"{row.source}; confidence {row.confidence}",
                    )


def _applies(resource: Resource, row: retired.Retired) -> bool:
    conditions = [condition.partition("=") for condition in row.only_if]
    return all(
        any(retired.like(expected, found) for _, found in resource.values(path))
        for path, _, expected in conditions
    )


def retired_instances(templates: Templates) -> Iterator[Finding]:
    """Instance types that are sold nowhere, in resources and in the tasks of state machines."""
    for resource in templates.resources(*INSTANCES):
        for path, use in INSTANCES[resource.type]:
            for location, value in resource.values(path):
                yield from _unsold(resource, location, value, use)
    for call in jobs.calls(templates, *CALLS):
        names, use = CALLS[call.api]
        node: object = call.arguments
        for name in names:
            node = node.get(name) if isinstance(node, dict) else None
        yield from _unsold(call.machine, f"{call.state}.{'.'.join(names)}", node, use)


def _unsold(resource: Resource, location: str, value: object, use: instances.Use) -> Iterator[Finding]:
    """Nothing for a type nobody has heard of: what does not exist at all, cfn-lint says."""
    row = instances.table().get((use, value)) if isinstance(value, str) else None
    if row is None or row.sold:
        return
    said = (
        f"retired on {row.retired}"
        if row.retired
        else f"unknown to the API for {use}"
        if not row.exists
        else "in no region's price list"
    )
    yield Finding(
        resource.template.name,
        resource.logical_id,
        f"instance-{value}",
        resource.type,
        location,
        f"{value} is {said}",
        f"use {row.successor or 'another type'}",
        row.note or instances.SOURCES[use],
    )


RULES = (closed_types, retired_values, retired_instances)
