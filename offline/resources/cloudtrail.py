"""Rows of AWS CloudTrail."""

from __future__ import annotations

from typing import Any

from offline.resources.change import retag, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "TrailNotFoundException"
SETTINGS = (
    "EnableLogFileValidation",
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "IsOrganizationTrail",
)


def create_trail(resource: Resource) -> Physical:
    name = resource.properties.take("TrailName") or resource.name(longest=128)
    trail = resource.client("cloudtrail").create_trail(
        Name=name, TagsList=resource.tag_list(), **_settings(resource)
    )
    made = resource.begin(Physical(name, {"Arn": trail["TrailARN"]}))
    _select_and_log(resource, made)
    return made


def _settings(resource: Resource) -> dict[str, Any]:
    properties = resource.properties
    key = {"KmsKeyId": properties.take("KMSKeyId")} if "KMSKeyId" in properties else {}
    return {**properties.only(*SETTINGS), **key}


def _select_and_log(resource: Resource, trail: Physical) -> None:
    cloudtrail, properties = resource.client("cloudtrail"), resource.properties
    selectors = properties.only("EventSelectors", "AdvancedEventSelectors")
    if selectors:
        cloudtrail.put_event_selectors(TrailName=trail.id, **selectors)
    logs = properties.take("IsLogging")
    (cloudtrail.start_logging if logs else cloudtrail.stop_logging)(Name=trail.id)


def update_trail(resource: Resource, trail: Physical, old: Properties) -> Physical:
    cloudtrail, arn = resource.client("cloudtrail"), trail.attributes["Arn"]
    cloudtrail.update_trail(Name=trail.id, **_settings(resource))
    _select_and_log(resource, trail)
    retag(
        resource,
        old,
        lambda tags: cloudtrail.add_tags(ResourceId=arn, TagsList=tags),
        lambda keys: cloudtrail.remove_tags(ResourceId=arn, TagsList=[{"Key": key} for key in keys]),
    )
    return trail


@unless_gone(GONE)
def delete_trail(resource: Resource, trail: Physical) -> None:
    resource.client("cloudtrail").delete_trail(Name=trail.id)


ROWS = (Row("AWS::CloudTrail::Trail", create_trail, delete_trail, update_trail),)
