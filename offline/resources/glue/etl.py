"""Rows of jobs, triggers and workflows.

A job and a workflow are definitions: starting them is refused, since no engine runs them. A trigger starts
crawlers; one that would start jobs, or belongs to a workflow, exists, but is refused when it is activated.
"""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE, follow_tags, tags_of
from offline.resources.row import Physical, Properties, Resource, Row

JOB = (
    "AllocatedCapacity",
    "Command",
    "Connections",
    "DefaultArguments",
    "Description",
    "ExecutionClass",
    "ExecutionProperty",
    "GlueVersion",
    "JobMode",
    "JobRunQueuingEnabled",
    "LogUri",
    "MaintenanceWindow",
    "MaxCapacity",
    "MaxRetries",
    "NonOverridableArguments",
    "NotificationProperty",
    "NumberOfWorkers",
    "Role",
    "SecurityConfiguration",
    "Timeout",
    "WorkerType",
)
TRIGGER = ("Actions", "Description", "EventBatchingCondition", "Predicate", "Schedule")
WORKFLOW = ("DefaultRunProperties", "Description", "MaxConcurrentRuns")


def create_job(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=255)
    resource.client("glue").create_job(Name=name, Tags=resource.tags(), **_job(resource))
    return Physical(name)


def _job(resource: Resource) -> dict[str, Any]:
    """The definition; the schema calls these numbers, and the API takes whole ones."""
    found = given(resource.properties, *JOB)
    return found | {name: int(found[name]) for name in ("AllocatedCapacity", "MaxRetries") if name in found}


def update_job(resource: Resource, job: Physical, old: Properties) -> Physical:
    """UpdateJob overwrites the whole definition."""
    resource.client("glue").update_job(JobName=job.id, JobUpdate=_job(resource))
    follow_tags(resource, "job", job.id, old)
    return job


@unless_gone(GONE)
def read_job(resource: Resource, job: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_job(JobName=job.id)["Job"]
    told = {name: found.get(name) for name in JOB}
    if (capacity := told["MaxCapacity"]) is not None and capacity.is_integer():
        told["MaxCapacity"] = int(capacity)  # boto3 reads 2 as 2.0, a template says 2.
    return {"Name": job.id, **present(**told, Tags=tags_of(resource, "job", job.id))}


def delete_job(resource: Resource, job: Physical) -> None:
    resource.client("glue").delete_job(JobName=job.id)


def create_trigger(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=255)
    resource.client("glue").create_trigger(
        Name=name,
        Tags=resource.tags(),
        **given(resource.properties, *TRIGGER, "StartOnCreation", "Type", "WorkflowName"),
    )
    return Physical(name)


def update_trigger(resource: Resource, trigger: Physical, old: Properties) -> Physical:
    """UpdateTrigger overwrites the whole definition; StartOnCreation is for the creation alone."""
    definition = given(resource.properties, *TRIGGER)
    resource.client("glue").update_trigger(Name=trigger.id, TriggerUpdate=definition)
    follow_tags(resource, "trigger", trigger.id, old)
    return trigger


@unless_gone(GONE)
def read_trigger(resource: Resource, trigger: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_trigger(Name=trigger.id)["Trigger"]
    told = {name: found.get(name) for name in (*TRIGGER, "WorkflowName")}
    tags = tags_of(resource, "trigger", trigger.id)
    return {"Name": trigger.id, "Type": found["Type"], **present(**told, Tags=tags)}


def delete_trigger(resource: Resource, trigger: Physical) -> None:
    resource.client("glue").delete_trigger(Name=trigger.id)


def create_workflow(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=255)
    settings = given(resource.properties, *WORKFLOW)
    resource.client("glue").create_workflow(Name=name, Tags=resource.tags(), **settings)
    return Physical(name)


def update_workflow(resource: Resource, workflow: Physical, old: Properties) -> Physical:
    """A MaxConcurrentRuns that is left out means that there is no limit."""
    settings = {"Description": "", "DefaultRunProperties": {}} | given(resource.properties, *WORKFLOW)
    resource.client("glue").update_workflow(Name=workflow.id, **settings)
    follow_tags(resource, "workflow", workflow.id, old)
    return workflow


@unless_gone(GONE)
def read_workflow(resource: Resource, workflow: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_workflow(Name=workflow.id)["Workflow"]
    told = {name: found.get(name) for name in WORKFLOW}
    return {"Name": workflow.id, **present(**told, Tags=tags_of(resource, "workflow", workflow.id))}


def delete_workflow(resource: Resource, workflow: Physical) -> None:
    resource.client("glue").delete_workflow(Name=workflow.id)


ROWS = (
    Row("AWS::Glue::Job", create_job, delete_job, update_job, read_job),
    Row("AWS::Glue::Trigger", create_trigger, delete_trigger, update_trigger, read_trigger),
    Row("AWS::Glue::Workflow", create_workflow, delete_workflow, update_workflow, read_workflow),
)
