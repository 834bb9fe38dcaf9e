"""AWS KMS: a service that encrypts with a key in its own name must be named in the key's policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gate.finding import Finding
from gate.policies import lets_service
from gate.template import Reference, Resource, Templates

KEY = "AWS::KMS::Key"
ENCRYPTORS = {
    "AWS::CloudTrail::Trail": (
        "KMSKeyId",
        "cloudtrail.amazonaws.com",
        "kms:GenerateDataKey",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ),
    "AWS::Logs::LogGroup": (
        "KmsKeyId",
        "logs.",
        "kms:GenerateDataKey",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
}
"""Type → the property that names the key, the service, what it calls, and where AWS says so."""
PUBLISHERS = {
    "AWS::SNS::Topic": ("TopicConfigurations", "Topic", "KmsMasterKeyId"),
    "AWS::SQS::Queue": ("QueueConfigurations", "Queue", "KmsMasterKeyId"),
}
"""Where a bucket names what it notifies, and where that names its key."""


def service_principals(templates: Templates) -> Iterator[Finding]:
    """Trails and log groups can use the key they name."""
    for resource in templates.resources(*ENCRYPTORS):
        path, service, action, source = ENCRYPTORS[resource.type]
        key = templates.at(resource.refers(path), KEY)
        if key is not None and not lets_service(templates, key, service, action):
            yield _finding(resource, path, key, f"{service}* " if service.endswith(".") else service, source)


def notifications(templates: Templates) -> Iterator[Finding]:
    """A bucket can publish to the encrypted topics and queues it notifies."""
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html"
    for bucket in templates.resources("AWS::S3::Bucket"):
        for kind, (listed, named, path) in PUBLISHERS.items():
            for _, node in bucket.nodes(f"NotificationConfiguration.{listed}[].{named}"):
                target = templates.at(_reference(bucket, node), kind)
                key = templates.at(target.refers(path), KEY) if target else None
                if (
                    target
                    and key
                    and not lets_service(templates, key, "s3.amazonaws.com", "kms:GenerateDataKey")
                ):
                    yield _finding(target, path, key, "s3.amazonaws.com", source)


def _reference(resource: Resource, node: Any) -> Reference | None:
    return next((part for part in resource.template.parts(node) if isinstance(part, Reference)), None)


def _finding(resource: Resource, path: str, key: Resource, service: str, source: str) -> Finding:
    return Finding(
        resource.template.name,
        resource.logical_id,
        "kms-service-principal",
        resource.type,
        path,
        f"the policy of key {key.logical_id} does not let {service.strip()} use it",
        f"allow {service.strip()} kms:GenerateDataKey* and kms:Decrypt in the key's policy",
        source,
    )


RULES = (service_principals, notifications)
