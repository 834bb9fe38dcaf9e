"""The lake: where everything lies, encrypted with the lake's own key, and moves to colder storage."""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.emptied import BucketEmptier
from stacks.constructs.lab_stack import LabStack, accept
from stacks.constructs.lake_bucket import LakeBucket
from stacks.settings import Settings

FLIGHTS = "flights/"
ERRORS = "errors/flights/"
REFERENCE = "reference/"
TRAINING = "training/"
MODELS = "models/"
PREDICTIONS = "predictions/"
EVALUATIONS = "evaluations/"
RESULTS = "athena/"


class LakeStack(LabStack):
    """Three buckets: the lake, query results, and the logs of both."""

    TRAIL_PREFIX = "trail"

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id, noun="lake", description="Partitioned S3 data lake", settings=settings)
        self.key = self._key()
        self.logs = self._logs_bucket()
        self.bucket = self._bucket("Lake", self._lake_rules())
        self.results = self._bucket("Results", self._results_rules())
        if not settings.retain_data:
            self._empty_on_deletion()
        self.output("LakeBucketName", self.bucket.bucket_name, "Everything the labs keep")
        self.output("ResultsBucketName", self.results.bucket_name, "What Athena answers")
        self.output("LogsBucketName", self.logs.bucket_name, "Access logs and audit trail")
        self.output("KeyArn", self.key.key_arn, "The key that encrypts all of it")

    def _empty_on_deletion(self) -> None:
        """The logs go last: deleting the other two is itself logged."""
        emptier = BucketEmptier(self, "Emptier", key=self.key, settings=self.settings)
        emptied = emptier.empties(self.logs)
        for bucket in (self.bucket, self.results):
            bucket.node.add_dependency(emptied)
            emptier.empties(bucket)

    def _key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts the lake and everything that works on it",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=self.settings.removal,
        )
        # CloudWatch Logs encrypts on its own behalf; the condition keeps it to this account's groups.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="CloudWatchLogs",
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": self.format_arn(
                            service="logs",
                            resource="log-group",
                            resource_name="*",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )
        # CloudTrail writes its log files with a data key of this key.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="CloudTrail",
                principals=[iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                actions=["kms:DescribeKey", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return key

    def _logs_bucket(self) -> s3.Bucket:
        """S3 delivers access logs only to buckets with SSE-S3, and a bucket cannot log itself."""
        bucket = s3.Bucket(
            self,
            "Logs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ExpireLogs",
                    expiration=Duration.days(self.settings.glacier_days),
                    noncurrent_version_expiration=Duration.days(self.settings.noncurrent_days),
                    abort_incomplete_multipart_upload_after=Duration.days(
                        self.settings.incomplete_upload_days
                    ),
                )
            ],
            **self._guarded(),
        )
        self._let_cloudtrail_write(bucket)
        accept(bucket, "it receives the access logs; logging itself would never end", "S1")
        return bucket

    def _let_cloudtrail_write(self, bucket: s3.Bucket) -> None:
        """What CloudTrail checks before it accepts a bucket, for trails of this account."""
        own_trails = {"StringEquals": {"aws:SourceAccount": self.account}}
        for sid, action, resource in (
            ("CloudTrailChecks", "s3:GetBucketAcl", bucket.bucket_arn),
            (
                "CloudTrailWrites",
                "s3:PutObject",
                bucket.arn_for_objects(f"{self.TRAIL_PREFIX}/AWSLogs/{self.account}/*"),
            ),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                    actions=[action],
                    resources=[resource],
                    conditions=own_trails,
                )
            )

    def _bucket(self, id: str, rules: list[s3.LifecycleRule]) -> LakeBucket:
        return LakeBucket(self, id, key=self.key, logs=self.logs, lifecycle_rules=rules, **self._guarded())

    def _guarded(self) -> dict[str, Any]:
        """What holds for every bucket here."""
        return {
            "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
            "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            "enforce_ssl": True,
            "minimum_tls_version": 1.2,
            "versioned": True,
            "removal_policy": self.settings.removal,
        }

    def _lake_rules(self) -> list[s3.LifecycleRule]:
        """The notes' own example: 60 days Standard, then infrequent access, after six months Glacier."""
        settings = self.settings
        moves = [
            s3.Transition(
                storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                transition_after=Duration.days(settings.infrequent_access_days),
            ),
            s3.Transition(
                storage_class=s3.StorageClass.GLACIER, transition_after=Duration.days(settings.glacier_days)
            ),
        ]
        return [
            s3.LifecycleRule(
                id="CoolThenExpire", transitions=moves, expiration=Duration.days(settings.expiry_days)
            ),
            self._clean_up(),
        ]

    def _results_rules(self) -> list[s3.LifecycleRule]:
        """Query results can be computed again."""
        days = self.settings.infrequent_access_days
        return [s3.LifecycleRule(id="ExpireResults", expiration=Duration.days(days)), self._clean_up()]

    def _clean_up(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="CleanUp",
            noncurrent_version_expiration=Duration.days(self.settings.noncurrent_days),
            abort_incomplete_multipart_upload_after=Duration.days(self.settings.incomplete_upload_days),
        )
