"""Buckets that are emptied before they are deleted, so that destroying a stack leaves nothing.

CloudFormation refuses to delete a bucket that holds objects. A custom resource empties it first:
every object, every version, every delete marker, every unfinished upload.
"""

from __future__ import annotations

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.function import LabFunction
from stacks.constructs.lab_stack import accept
from stacks.settings import Settings

LIST = ["s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
DELETE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"]


class BucketEmptier(Construct):
    """The function that empties buckets; `empties` puts it in charge of one."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey, settings: Settings) -> None:
        super().__init__(scope, id)
        self.function = LabFunction(
            self,
            "Function",
            workload="empty_bucket",
            description="Empties a bucket before CloudFormation deletes it",
            timeout=Duration.minutes(15),
            memory_mib=256,
            key=key,
            settings=settings,
        )

    def empties(self, bucket: s3.Bucket) -> CustomResource:
        """From here on, deleting the stack deletes what the bucket holds."""
        allowed = iam.Policy(
            self,
            f"{bucket.node.id}Access",
            roles=[self.function.lab_role],
            statements=[
                iam.PolicyStatement(actions=LIST, resources=[bucket.bucket_arn]),
                iam.PolicyStatement(actions=DELETE, resources=[bucket.arn_for_objects("*")]),
            ],
        )
        accept(
            allowed,
            "emptying a bucket means every object in it",
            f"IAM5[Resource::<{Stack.of(self).get_logical_id(bucket.node.default_child)}.Arn>/*]",
        )
        emptied = CustomResource(
            self,
            f"{bucket.node.id}Emptied",
            resource_type="Custom::EmptiedBucket",
            service_token=self.function.function_arn,
            properties={"BucketName": bucket.bucket_name},
        )
        emptied.node.add_dependency(allowed, self.function.log_group)
        return emptied
