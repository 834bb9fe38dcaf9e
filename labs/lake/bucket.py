"""Bring the reference tables into the lake and see what the bucket does to them unasked.

The objects are put without any header on encryption: what they get is the bucket's default.
"""

from __future__ import annotations

from typing import Any

from facts import limits
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal, holds
from labs.flights import REFERENCE, reference_csv


def put_reference(context: Context) -> Evidence:
    """The four reference tables lie under reference/, encrypted with the lake's own key."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    heads: dict[str, dict[str, Any]] = {}
    for done, name in enumerate(REFERENCE, start=1):
        key = f"reference/{name}/{name}.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=reference_csv(name), ContentType="text/csv")
        heads[key] = s3.head_object(Bucket=bucket, Key=key)
        context.progress("reference tables", done, len(REFERENCE))
    key_arn = context.output("lake", "KeyArn")
    rows = [
        [k, h["ContentLength"], h.get("ServerSideEncryption", "none"), h.get("VersionId", "")]
        for k, h in heads.items()
    ]
    return Evidence(
        figures={"objects": len(heads), "bytes": sum(head["ContentLength"] for head in heads.values())},
        table=Table(["object", "bytes", "encryption", "version"], rows),
        checks=[*(_arrived_whole(key, head) for key, head in heads.items()), _key_of(heads, key_arn)],
    )


def _arrived_whole(key: str, head: dict[str, Any]) -> Check:
    name = key.split("/")[1]
    return equal(
        f"{key} has as many bytes as the file it came from", head["ContentLength"], len(reference_csv(name))
    )


def _key_of(heads: dict[str, dict[str, Any]], key_arn: str) -> Check:
    used = {(head.get("ServerSideEncryption"), head.get("SSEKMSKeyId")) for head in heads.values()}
    return equal(
        "without a header, objects are encrypted with SSE-KMS under the lake's key",
        used,
        {("aws:kms", key_arn)},
    )


def inspect_bucket(context: Context) -> Evidence:
    """The bucket keeps versions, is closed to the public, encrypts by default and moves old data down."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    rules = lifecycle_rules(s3, bucket)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = encryption["ApplyServerSideEncryptionByDefault"]
    return Evidence(
        figures={"lifecycle rules": len(rules)},
        table=Table(["rule", "applies to", "does"], [_described(rule) for rule in rules]),
        checks=[
            equal(
                "the bucket keeps versions", s3.get_bucket_versioning(Bucket=bucket).get("Status"), "Enabled"
            ),
            holds(
                "public access is blocked four times over",
                len(block) == 4 and all(block.values()),
                block,
                "all true",
            ),
            equal("the default encryption is SSE-KMS", default["SSEAlgorithm"], "aws:kms"),
            equal("a bucket key saves calls to KMS", encryption.get("BucketKeyEnabled"), True),
            *_lifecycle_checks(rules),
        ],
    )


def lifecycle_rules(s3: Any, bucket: str) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    try:
        rules: list[dict[str, Any]] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return []
    return rules


def _described(rule: dict[str, Any]) -> list[Any]:
    moves = [f"{move['StorageClass']} after {move.get('Days')} days" for move in rule.get("Transitions", [])]
    if "Days" in rule.get("Expiration", {}):
        moves.append(f"expires after {rule['Expiration']['Days']} days")
    if "NoncurrentVersionExpiration" in rule:
        moves.append(f"old versions go after {rule['NoncurrentVersionExpiration']['NoncurrentDays']} days")
    if "AbortIncompleteMultipartUpload" in rule:
        moves.append(
            f"uploads end after {rule['AbortIncompleteMultipartUpload']['DaysAfterInitiation']} days"
        )
    scope = rule.get("Filter", {}).get("Prefix") or rule.get("Prefix") or "every object"
    return [rule.get("ID", ""), scope, "; ".join(moves)]


def _lifecycle_checks(rules: list[dict[str, Any]]) -> list[Check]:
    days = {move["StorageClass"]: move["Days"] for rule in rules for move in rule.get("Transitions", [])}
    lowest = int(limits.value("s3-ia-transition-days-lowest"))
    order = [name for name, _ in sorted(days.items(), key=lambda item: item[1])]
    return [
        equal("data moves to Standard-IA, then to Glacier", order, ["STANDARD_IA", "GLACIER"]),
        holds(
            f"nothing moves to Standard-IA before {lowest} days",
            days.get("STANDARD_IA", 0) >= lowest,
            days,
            f">= {lowest}",
        ),
        _some_rule("old versions are cleaned up", rules, "NoncurrentVersionExpiration"),
        _some_rule("incomplete uploads are cleaned up", rules, "AbortIncompleteMultipartUpload"),
    ]


def _some_rule(statement: str, rules: list[dict[str, Any]], part: str) -> Check:
    found = [rule.get("ID", "a rule") for rule in rules if part in rule]
    return holds(statement, bool(found), found or "no rule", f"a rule with {part}")
