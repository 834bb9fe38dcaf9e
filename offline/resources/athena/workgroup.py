"""Rows of workgroups.

Of a workgroup's configuration, what is for Spark (EngineConfiguration, MonitoringConfiguration,
ExecutionRole, CustomerContentEncryptionConfiguration, AdditionalConfiguration) and managed query results
are not taken: the engine runs SQL and puts results into a bucket. WorkGroupConfigurationUpdates is
CloudFormation's own former way to say WorkGroupConfiguration.
"""

from __future__ import annotations

from typing import Any

from offline.resources.athena.gone import unless_not_found
from offline.resources.change import given, present, retag, told_tags
from offline.resources.row import Physical, Properties, Resource, Row

SETTINGS = (
    "BytesScannedCutoffPerQuery",
    "EnforceWorkGroupConfiguration",
    "EngineVersion",
    "PublishCloudWatchMetricsEnabled",
    "RequesterPaysEnabled",
    "ResultConfiguration",
)
DEFAULTS: dict[str, Any] = {
    "EnforceWorkGroupConfiguration": True,
    "EngineVersion": {"SelectedEngineVersion": "AUTO"},
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
}
RESULT = ("AclConfiguration", "EncryptionConfiguration", "ExpectedBucketOwner", "OutputLocation")


def create_workgroup(resource: Resource) -> Physical:
    athena, properties = resource.client("athena"), resource.properties
    name = properties.take("Name") or resource.name(longest=128)
    properties.take("RecursiveDeleteOption")  # Read when the workgroup is deleted.
    described = given(properties, "Description")
    configuration = _configuration(properties)
    athena.create_work_group(Name=name, Configuration=configuration, Tags=resource.tag_list(), **described)
    group = resource.begin(_physical(resource, name))
    if (state := properties.take("State") or "ENABLED") != "ENABLED":
        athena.update_work_group(WorkGroup=name, State=state)
    return group


def _configuration(properties: Properties) -> dict[str, Any]:
    found = given(properties.at("WorkGroupConfiguration"), *SETTINGS)
    if "BytesScannedCutoffPerQuery" in found:
        found["BytesScannedCutoffPerQuery"] = int(found["BytesScannedCutoffPerQuery"])
    return found


def _physical(resource: Resource, name: str) -> Physical:
    made = resource.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    effective = made["Configuration"]["EngineVersion"]["EffectiveEngineVersion"]
    created = str(int(made["CreationTime"].timestamp()))
    version = "WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion"
    return Physical(name, {"CreationTime": created, version: effective})


def update_workgroup(resource: Resource, workgroup: Physical, old: Properties) -> Physical:
    athena, properties = resource.client("athena"), resource.properties
    properties.take("RecursiveDeleteOption")
    athena.update_work_group(
        WorkGroup=workgroup.id,
        Description=properties.take("Description") or "",
        State=properties.take("State") or "ENABLED",
        ConfigurationUpdates=_updates(_configuration(properties)),
    )
    arn = resource.arn("athena", f"workgroup/{workgroup.id}")
    retag(
        resource,
        old,
        lambda tags: athena.tag_resource(ResourceARN=arn, Tags=tags),
        lambda keys: athena.untag_resource(ResourceARN=arn, TagKeys=keys),
    )
    return _physical(resource, workgroup.id)


def _updates(new: dict[str, Any]) -> dict[str, Any]:
    """UpdateWorkGroup keeps what it is not told of, so what the template does not have is removed."""
    result = new.pop("ResultConfiguration", {})
    removed = {f"Remove{name}": True for name in RESULT if name not in result}
    cutoff = {} if "BytesScannedCutoffPerQuery" in new else {"RemoveBytesScannedCutoffPerQuery": True}
    return {**DEFAULTS, **new, **cutoff, "ResultConfigurationUpdates": {**result, **removed}}


@unless_not_found()
def read_workgroup(resource: Resource, workgroup: Physical) -> dict[str, Any] | None:
    athena = resource.client("athena")
    found = athena.get_work_group(WorkGroup=workgroup.id)["WorkGroup"]
    arn = resource.arn("athena", f"workgroup/{workgroup.id}")
    tags = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
    configuration = {name: found["Configuration"].get(name) for name in SETTINGS}
    return {
        "Name": workgroup.id,
        "State": found["State"],
        "WorkGroupConfiguration": present(**configuration),
        **present(Description=found.get("Description"), Tags=told_tags(resource, tags)),
    }


@unless_not_found()
def delete_workgroup(resource: Resource, workgroup: Physical) -> None:
    """With RecursiveDeleteOption its named queries go too, else it must be empty."""
    athena, recursive = resource.client("athena"), bool(resource.properties.take("RecursiveDeleteOption"))
    athena.get_work_group(WorkGroup=workgroup.id)
    athena.delete_work_group(WorkGroup=workgroup.id, RecursiveDeleteOption=recursive)


ROWS = (Row("AWS::Athena::WorkGroup", create_workgroup, delete_workgroup, update_workgroup, read_workgroup),)
