"""A bucket encrypted with the lake's key, and grants that name exact actions and prefixes.

CDK's own grants say `s3:GetObject*` and `kms:GenerateDataKey*`; here an action is one action.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.lab_stack import accept


class LakeBucket(s3.Bucket):
    """Private, versioned, TLS only, logged, and SSE-KMS whatever a client asks for."""

    def __init__(self, scope: Construct, id: str, *, key: kms.Key, logs: s3.IBucket, **props: Any) -> None:
        self.logs_prefix = f"access/{id.lower()}/"
        super().__init__(
            scope,
            id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            server_access_logs_bucket=logs,
            server_access_logs_prefix=self.logs_prefix,
            **props,
        )
        self.key = key
        self._deny_other_encryption()
        # The name under which other stacks see the ARN: cdk-nag's findings speak of it.
        exported: dict[str, str] = Stack.of(self).resolve(Stack.of(self).export_value(self.bucket_arn))
        self.exported_arn = exported["Fn::ImportValue"]

    def _deny_other_encryption(self) -> None:
        """A put that names no encryption gets the bucket's default; one that names another is denied."""
        header = "s3:x-amz-server-side-encryption"
        for sid, name, wanted in (
            ("DenyOtherEncryption", header, "aws:kms"),
            ("DenyOtherKey", f"{header}-aws-kms-key-id", self.key.key_arn),
        ):
            self.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:PutObject"],
                    resources=[self.arn_for_objects("*")],
                    conditions={"Null": {name: "false"}, "StringNotEquals": {name: wanted}},
                )
            )

    def grant_read_of(self, role: iam.Role, *prefixes: str) -> None:
        """The role of another stack may list and read what lies under the prefixes."""
        self._grant(role, prefixes, ["s3:GetObject"], ["kms:Decrypt"])
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
            )
        )
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetBucketLocation"], resources=[self.bucket_arn]))

    def grant_write_of(self, role: iam.Role, *prefixes: str) -> None:
        """The role of another stack may put objects under the prefixes, in one part or many."""
        actions = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
        self._grant(role, prefixes, actions, ["kms:Decrypt", "kms:GenerateDataKey"])

    def _grant(self, role: iam.Role, prefixes: tuple[str, ...], actions: list[str], key: list[str]) -> None:
        objects = [self.arn_for_objects(f"{prefix}*") for prefix in prefixes]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=objects))
        role.add_to_policy(iam.PolicyStatement(actions=key, resources=[self.key.key_arn]))
        accept(
            role,
            "objects have no names before they are written; the prefix bounds them",
            *(f"IAM5[Resource::{self.exported_arn}/{prefix}*]" for prefix in prefixes),
        )
