"""Rows of feature groups: kept, and shown with what they would store; putting records is refused."""

from __future__ import annotations

from typing import Any

from offline.errors import UnsupportedPropertyError
from offline.resources.change import given, only_in, present
from offline.resources.row import Physical, Properties, Resource, Row
from offline.resources.sagemaker.shape import moment, tags_of, unless_gone

GROUP = (
    "Description",
    "EventTimeFeatureName",
    "FeatureDefinitions",
    "OfflineStoreConfig",
    "OnlineStoreConfig",
    "RecordIdentifierFeatureName",
    "RoleArn",
    "ThroughputConfig",
)


def create_group(resource: Resource) -> Physical:
    name = resource.properties.take("FeatureGroupName")
    settings = given(resource.properties, *GROUP)
    resource.client("sagemaker").create_feature_group(
        FeatureGroupName=name, Tags=resource.tag_list(), **settings
    )
    return _physical(resource, name)


def _physical(resource: Resource, name: str) -> Physical:
    found = resource.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    created = moment(found["CreationTime"])
    return Physical(name, {"CreationTime": created, "FeatureGroupStatus": found["FeatureGroupStatus"]})


def update_group(resource: Resource, group: Physical, old: Properties) -> Physical:
    """Features can be added, throughput and how long records live can change."""
    properties = resource.properties
    had, wanted = (one.take("FeatureDefinitions") or [] for one in (old, properties))
    if lost := only_in(had, wanted):
        raise UnsupportedPropertyError(f"a feature group keeps its features, {lost} cannot be taken away")
    lives = (properties.take("OnlineStoreConfig") or {}).get("TtlDuration")
    if (old.take("OnlineStoreConfig") or {}).get("TtlDuration") and not lives:
        raise UnsupportedPropertyError("the TtlDuration of a feature group changes and cannot be taken away")
    added = only_in(wanted, had)
    resource.client("sagemaker").update_feature_group(
        FeatureGroupName=group.id,
        ThroughputConfig=properties.take("ThroughputConfig") or {"ThroughputMode": "OnDemand"},
        **({"FeatureAdditions": added} if added else {}),
        **({"OnlineStoreConfig": {"TtlDuration": lives}} if lives else {}),
    )
    return _physical(resource, group.id)


@unless_gone()
def read_group(resource: Resource, group: Physical) -> dict[str, Any] | None:
    found = resource.client("sagemaker").describe_feature_group(FeatureGroupName=group.id)
    told = {name: found.get(name) for name in GROUP}
    tags = tags_of(resource, found["FeatureGroupArn"])
    return {"FeatureGroupName": group.id, **present(**told, Tags=tags)}


@unless_gone()
def delete_group(resource: Resource, group: Physical) -> None:
    resource.client("sagemaker").delete_feature_group(FeatureGroupName=group.id)


ROWS = (Row("AWS::SageMaker::FeatureGroup", create_group, delete_group, update_group, read_group),)
