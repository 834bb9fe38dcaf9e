"""Rows of AWS CloudTrail."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_trail(resource: Resource) -> Physical:
    cloudtrail, properties = resource.client("cloudtrail"), resource.properties
    name = properties.take("TrailName") or resource.name(longest=128)
    trail = cloudtrail.create_trail(
        Name=name,
        TagsList=resource.tag_list(),
        **properties.only(
            "EnableLogFileValidation",
            "S3BucketName",
            "S3KeyPrefix",
            "SnsTopicName",
            "IncludeGlobalServiceEvents",
            "IsMultiRegionTrail",
            "CloudWatchLogsLogGroupArn",
            "CloudWatchLogsRoleArn",
            "IsOrganizationTrail",
        ),
        **({"KmsKeyId": properties.take("KMSKeyId")} if "KMSKeyId" in properties else {}),
    )
    selectors = properties.only("EventSelectors", "AdvancedEventSelectors")
    if selectors:
        cloudtrail.put_event_selectors(TrailName=name, **selectors)
    if properties.take("IsLogging"):
        cloudtrail.start_logging(Name=name)
    return Physical(name, {"Arn": trail["TrailARN"]})


def delete_trail(resource: Resource, trail: Physical) -> None:
    resource.client("cloudtrail").delete_trail(Name=trail.id)


ROWS = (Row("AWS::CloudTrail::Trail", create_trail, delete_trail),)
