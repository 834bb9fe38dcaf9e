"""AWS Glue: a crawler that may not read its target finds nothing, and says so only in its log."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gate.finding import Finding
from gate.keys import key_of, role_may_use
from gate.policies import UNKNOWN, Statement, may_be, named, policies_of, statements
from gate.template import Reference, Resource, Templates

SOURCE = "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html"
LAKE_FORMATION = "LakeFormationConfiguration.UseLakeFormationCredentials"
READ = "s3:GetObject"
MANAGED = "service-role/AWSGlueServiceRole"
MANAGED_READS = ("aws-glue-*", "crawler-public*", "*/*aws-glue-*/*")
"""What the managed policy reads; its version 5, by
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html"""


def crawler_reads(templates: Templates) -> Iterator[Finding]:
    """A crawler's role reads its targets and the key they are encrypted with."""
    for crawler in templates.resources("AWS::Glue::Crawler"):
        role = templates.at(crawler.refers("Role"), "AWS::IAM::Role")
        if role is None or (crawler.has(LAKE_FORMATION) and not crawler.off(LAKE_FORMATION)):
            continue
        for at, bucket, prefix in _targets(templates, crawler):
            if not _reads(templates, role, bucket, prefix):
                yield _finding(crawler, at, f"role {role.logical_id} has no s3:GetObject on it")
            key = key_of(templates, bucket)
            if key and not role_may_use(templates, role, key, "kms:Decrypt", MANAGED):
                message = f"role {role.logical_id} has no kms:Decrypt on key {key.logical_id} of its bucket"
                yield _finding(crawler, at, message)


def _targets(templates: Templates, crawler: Resource) -> Iterator[tuple[str, Resource, str]]:
    """Each target that lies in a bucket of the templates, and the prefix of its objects, bucket first.

    The policy of a bucket of somebody else's is not known.
    """
    buckets = {
        named(templates, [Reference(bucket.key)]): bucket for bucket in templates.resources("AWS::S3::Bucket")
    }
    for at, node in crawler.nodes("Targets.S3Targets[].Path"):
        path = named(templates, crawler.template.parts(node)).removeprefix("s3://").removeprefix("s3a://")
        bucket = buckets.get(path.partition("/")[0])
        if bucket is not None and UNKNOWN not in path:
            yield at, bucket, path.rstrip("/") + "/"


def _reads(templates: Templates, role: Resource, bucket: Resource, prefix: str) -> bool:
    if any(fnmatchcase(prefix, pattern) for pattern in MANAGED_READS):
        return True
    own = (
        one.may_reach_objects(prefix) for one in policies_of(templates, role, MANAGED) if one.may_allow(READ)
    )
    shared = (one.may_be_for_role(role) for one in _policies_of(templates, bucket) if one.may_allow(READ))
    return any(own) or any(shared)


def _policies_of(templates: Templates, bucket: Resource) -> Iterator[Statement]:
    """Every statement of the policy that a bucket has."""
    for policy in templates.resources("AWS::S3::BucketPolicy"):
        if may_be(templates, bucket, named(templates, policy.template.parts(policy.node("Bucket")))):
            yield from statements(templates, policy.template, policy.properties.get("PolicyDocument"))


def _finding(crawler: Resource, at: str, message: str) -> Finding:
    return Finding(
        crawler.template.name,
        crawler.logical_id,
        "glue-crawler-role",
        crawler.type,
        at,
        message,
        "grant the role read access to the target's objects and kms:Decrypt on its key",
        SOURCE,
    )


RULES = (crawler_reads,)
