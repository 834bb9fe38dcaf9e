"""What the templates promise, each as a predicate over all of them, so that a mutation can break it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

Templates = dict[str, dict[str, Any]]


def resources(templates: Templates, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource of a type: logical id and properties."""
    for template in templates.values():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})


def statements(templates: Templates) -> Iterator[dict[str, Any]]:
    """Every statement of every identity policy."""
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for _, properties in resources(templates, kind):
            yield from properties["PolicyDocument"]["Statement"]


def bucket_statements(templates: Templates) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for _, properties in resources(templates, "AWS::S3::BucketPolicy"):
        yield json.dumps(properties["Bucket"]), properties["PolicyDocument"]["Statement"]


def every_bucket_is_encrypted_by_default(templates: Templates) -> bool:
    return all("BucketEncryption" in p for _, p in resources(templates, "AWS::S3::Bucket"))


def data_buckets_use_the_lakes_key(templates: Templates) -> bool:
    rules = [
        p["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        for _, p in resources(templates, "AWS::S3::Bucket")
    ]
    with_key = [r for r in rules if "KMSMasterKeyID" in r["ServerSideEncryptionByDefault"]]
    return len(with_key) == 2 and all(r.get("BucketKeyEnabled") for r in with_key)


def public_access_is_blocked(templates: Templates) -> bool:
    return all(
        all(p.get("PublicAccessBlockConfiguration", {}).get(name) for name in BLOCKS)
        for _, p in resources(templates, "AWS::S3::Bucket")
    )


BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def only_tls_reaches_the_buckets(templates: Templates) -> bool:
    policies = list(bucket_statements(templates))
    return len(policies) == 3 and all(
        any(
            s["Effect"] == "Deny" and s.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            for s in policy
        )
        for _, policy in policies
    )


def other_encryption_is_denied(templates: Templates) -> bool:
    denied = [
        s
        for _, policy in bucket_statements(templates)
        for s in policy
        if s.get("Sid") == "DenyOtherEncryption"
    ]
    return len(denied) == 2


def the_lake_cools_and_expires(templates: Templates) -> bool:
    for _, properties in resources(templates, "AWS::S3::Bucket"):
        for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
            moves = [(t["StorageClass"], t["TransitionInDays"]) for t in rule.get("Transitions", [])]
            if moves == [("STANDARD_IA", 60), ("GLACIER", 180)] and rule.get("ExpirationInDays"):
                return True
    return False


def unfinished_uploads_are_cleaned_up(templates: Templates) -> bool:
    return all(
        any(
            "AbortIncompleteMultipartUpload" in rule and "NoncurrentVersionExpiration" in rule
            for rule in p["LifecycleConfiguration"]["Rules"]
        )
        for _, p in resources(templates, "AWS::S3::Bucket")
    )


def keys_rotate(templates: Templates) -> bool:
    keys = [p for _, p in resources(templates, "AWS::KMS::Key")]
    return len(keys) == 1 and all(p.get("EnableKeyRotation") for p in keys)


def the_stream_is_encrypted(templates: Templates) -> bool:
    streams = [p for _, p in resources(templates, "AWS::Kinesis::Stream")]
    return bool(streams) and all(
        p.get("StreamEncryption", {}).get("EncryptionType") == "KMS" for p in streams
    )


def deliveries_are_encrypted(templates: Templates) -> bool:
    found = [
        p["ExtendedS3DestinationConfiguration"]
        for _, p in resources(templates, "AWS::KinesisFirehose::DeliveryStream")
    ]
    return bool(found) and all("KMSEncryptionConfig" in d.get("EncryptionConfiguration", {}) for d in found)


def query_results_are_encrypted_and_enforced(templates: Templates) -> bool:
    groups = [p["WorkGroupConfiguration"] for _, p in resources(templates, "AWS::Athena::WorkGroup")]
    encryptions = [group["ResultConfiguration"].get("EncryptionConfiguration", {}) for group in groups]
    enforced = [
        group.get("EnforceWorkGroupConfiguration") and group.get("BytesScannedCutoffPerQuery")
        for group in groups
    ]
    return all(enforced) and [one.get("EncryptionOption") for one in encryptions] == ["SSE_KMS"] * 2


def log_groups_are_encrypted_and_expire(templates: Templates) -> bool:
    groups = [p for _, p in resources(templates, "AWS::Logs::LogGroup")]
    return bool(groups) and all("KmsKeyId" in p and "RetentionInDays" in p for p in groups)


def the_network_has_no_way_out(templates: Templates) -> bool:
    kinds = {r["Type"] for t in templates.values() for r in t["Resources"].values()}
    outward = {"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EIP"}
    endpoints = [p for _, p in resources(templates, "AWS::EC2::VPCEndpoint")]
    return not kinds & outward and len(endpoints) == 1 and "PolicyDocument" in endpoints[0]


def the_trail_records_the_lakes_objects(templates: Templates) -> bool:
    [(_, properties)] = list(resources(templates, "AWS::CloudTrail::Trail"))
    data = [d for s in properties.get("EventSelectors", []) for d in s.get("DataResources", [])]
    return bool(properties.get("EnableLogFileValidation") and "KMSKeyId" in properties and data)


def no_grant_is_a_wildcard_action(templates: Templates) -> bool:
    actions = [
        a
        for s in statements(templates)
        for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    ]
    return not [action for action in actions if "*" in action]


def firehose_may_do_its_work(templates: Templates) -> bool:
    needed = {
        "s3:PutObject",
        "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "glue:GetTableVersions",
        "kinesis:GetRecords",
    }
    granted = {
        action
        for statement in statements({"streaming": templates["streaming"]})
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    return needed <= granted


def everything_is_tagged_with_its_lab(templates: Templates) -> bool:
    return all(
        any(tag == {"Key": "lab", "Value": noun} for tag in _tags(resource))
        for noun, template in templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] in TAGGED
    )


TAGGED = {
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
}


def _tags(resource: dict[str, Any]) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = resource.get("Properties", {}).get("Tags", [])
    return tags


PROMISES: tuple[Callable[[Templates], bool], ...] = (
    every_bucket_is_encrypted_by_default,
    data_buckets_use_the_lakes_key,
    public_access_is_blocked,
    only_tls_reaches_the_buckets,
    other_encryption_is_denied,
    the_lake_cools_and_expires,
    unfinished_uploads_are_cleaned_up,
    keys_rotate,
    the_stream_is_encrypted,
    deliveries_are_encrypted,
    query_results_are_encrypted_and_enforced,
    log_groups_are_encrypted_and_expire,
    the_network_has_no_way_out,
    the_trail_records_the_lakes_objects,
    no_grant_is_a_wildcard_action,
    firehose_may_do_its_work,
    everything_is_tagged_with_its_lab,
)
