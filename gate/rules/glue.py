"""AWS Glue: a crawler that may not read its target finds nothing, and says so only in its log."""

from __future__ import annotations

from collections.abc import Iterator

from gate.finding import Finding
from gate.policies import acts, covers, policies_of
from gate.template import Part, Reference, Resource, Templates

SOURCE = "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html"


def crawler_reads(templates: Templates) -> Iterator[Finding]:
    """A crawler's role reads its targets and the key they are encrypted with."""
    for crawler in templates.resources("AWS::Glue::Crawler"):
        role = templates.at(crawler.refers("Role"), "AWS::IAM::Role")
        granted = policies_of(templates, role) if role else None
        if role is None or granted is None:
            continue
        for index, parts in enumerate(_targets(crawler)):
            at = f"Targets.S3Targets[{index}].Path"
            reading = [*parts, "x"]
            if not any(acts(one, "s3:GetObject") and covers(home, one, reading) for home, one in granted):
                yield _finding(crawler, at, f"role {role.logical_id} has no s3:GetObject on it")
            bucket = templates.at(
                next((p for p in parts if isinstance(p, Reference)), None), "AWS::S3::Bucket"
            )
            key = _key(templates, bucket) if bucket else None
            if key and not any(
                acts(one, "kms:Decrypt") and covers(home, one, [Reference(key.key, "Arn")])
                for home, one in granted
            ):
                message = f"role {role.logical_id} has no kms:Decrypt on key {key.logical_id} of its bucket"
                yield _finding(crawler, at, message)


def _targets(crawler: Resource) -> Iterator[list[Part]]:
    """Bucket and prefix of each target as pieces, the scheme left out."""
    found = crawler.node("Targets.S3Targets")
    for target in found if isinstance(found, list) else []:
        parts = list(crawler.template.parts(target.get("Path"))) if isinstance(target, dict) else []
        if parts and isinstance(parts[0], str):
            bare = parts[0].removeprefix("s3://").removeprefix("s3a://")
            parts = [bare, *parts[1:]] if bare else parts[1:]
        if parts and all(part is not None for part in parts):
            yield [f"arn:aws:s3:::{parts[0]}", *parts[1:]] if isinstance(parts[0], str) else parts


def _key(templates: Templates, bucket: Resource) -> Resource | None:
    """The key of a bucket's default encryption, where it is one of the templates'."""
    configured = bucket.node("BucketEncryption.ServerSideEncryptionConfiguration")
    for rule in configured if isinstance(configured, list) else []:
        named = rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        for part in bucket.template.parts(named):
            if isinstance(part, Reference):
                return templates.at(part, "AWS::KMS::Key")
    return None


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
