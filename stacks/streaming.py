"""The stream: flights arrive in Kinesis, Firehose turns them into Parquet partitions of the lake."""

from __future__ import annotations

from aws_cdk import CfnResource, Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from facts import limits
from facts.sizing import shards
from gate.rules.kinesis import LOAD
from stacks.catalog import PARTITION_KEYS, CatalogStack
from stacks.constructs.function import LabFunction
from stacks.constructs.lab_stack import LabStack, accept
from stacks.lake import ERRORS, FLIGHTS, LakeStack
from stacks.settings import Settings

PREFIX = FLIGHTS + "".join(f"{key}=!{{partitionKeyFromLambda:{key}}}/" for key in PARTITION_KEYS)
ERROR_PREFIX = ERRORS + "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"


def declare_load(stream: kinesis.Stream, settings: Settings) -> None:
    """The load that the shards were counted for, where the gate compares it with them."""
    resource = stream.node.default_child
    assert isinstance(resource, CfnResource)
    load = {
        "RecordsPerSecond": settings.records_per_second,
        "RecordBytes": settings.record_bytes,
        "Readers": settings.readers,
    }
    resource.add_metadata(LOAD, load)


class StreamingStack(LabStack):
    """A data stream sized for the declared load, and the delivery stream that reads it."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, lake: LakeStack, catalog: CatalogStack
    ) -> None:
        super().__init__(
            scope, id, noun="streaming", description="Kinesis data stream to the lake", settings=settings
        )
        self.lake = lake
        self.stream = kinesis.Stream(
            self,
            "Stream",
            shard_count=shards(settings.records_per_second, settings.record_bytes, settings.readers),
            encryption=kinesis.StreamEncryption.KMS,
            encryption_key=lake.key,
            retention_period=Duration.hours(int(limits.value("kinesis-retention-hours-default"))),
            removal_policy=settings.removal,
        )
        accept(
            self.stream, "the lake's own key, whose policy we hold, instead of the one AWS manages", "KDS3"
        )
        declare_load(self.stream, settings)
        self.transform = self._transform()
        self.delivery = self._delivery(catalog)
        self.output("StreamName", self.stream.stream_name, "Producers put records here")
        self.output("DeliveryStreamName", self.delivery.delivery_stream_name, "Firehose, stream to lake")
        self.output("TransformFunctionName", self.transform.function_name, "Cleans events for Firehose")

    def _transform(self) -> LabFunction:
        return LabFunction(
            self,
            "Transform",
            workload="flights_transform",
            description="Cleans each flight and names the partition it belongs to",
            timeout=Duration.seconds(int(limits.value("firehose-lambda-timeout-seconds"))),
            memory_mib=512,
            key=self.lake.key,
            settings=self.settings,
        )

    def _delivery(self, catalog: CatalogStack) -> firehose.DeliveryStream:
        settings = self.settings
        group = logs.LogGroup(
            self,
            "DeliveryLogs",
            encryption_key=self.lake.key,
            retention=settings.retention,
            removal_policy=settings.removal,
        )
        granted = self._delivery_role(catalog, group)
        # The role has what it needs, action by action; the construct would add wildcards.
        role = granted.without_policy_updates()
        source = iam.Role(
            self,
            "SourceRole",
            assumed_by=iam.ServicePrincipal("firehose.amazonaws.com"),
            description="Reads the data stream for Firehose",
        )
        delivery = firehose.DeliveryStream(
            self,
            "Delivery",
            source=firehose.KinesisStreamSource(self.stream),
            role=source,
            destination=firehose.S3Bucket(
                self.lake.bucket,
                role=role,
                encryption_key=self.lake.key,
                buffering_size=Size.mebibytes(settings.firehose_buffer_mib),
                buffering_interval=Duration.seconds(settings.firehose_interval_seconds),
                data_output_prefix=PREFIX,
                error_output_prefix=ERROR_PREFIX,
                dynamic_partitioning=firehose.DynamicPartitioningProps(enabled=True),
                processors=[
                    firehose.LambdaFunctionProcessor(
                        self.transform,
                        buffer_size=Size.mebibytes(int(limits.value("firehose-lambda-buffer-mib-highest"))),
                        buffer_interval=Duration.seconds(60),
                        retries=3,
                    )
                ],
                data_format_conversion=firehose.DataFormatConversionProps(
                    schema_configuration=firehose.SchemaConfiguration.from_cfn_table(catalog.flights),
                    input_format=firehose.InputFormat.OPENX_JSON,
                    output_format=firehose.OutputFormat.PARQUET,
                ),
                logging_config=firehose.EnableLogging(group),
            ),
        )
        accept(
            delivery,
            "the source stream is encrypted with the lake's key; a delivery stream that reads a data stream "
            "takes no encryption of its own",
            "KDF1",
        )
        # The construct brings the addresses Firehose connects from, for security groups; none is here.
        self.node.try_remove_child("@aws-cdk--aws-kinesisfirehose.CidrBlocks")
        # Firehose refuses a stream whose role cannot yet do its work.
        delivery.node.add_dependency(granted)
        return delivery

    def _delivery_role(self, catalog: CatalogStack, group: logs.LogGroup) -> iam.Role:
        role = iam.Role(
            self,
            "DeliveryRole",
            assumed_by=iam.ServicePrincipal("firehose.amazonaws.com"),
            description="Transforms, converts and delivers flights to the lake",
        )
        self.lake.bucket.grant_write_of(role, FLIGHTS, ERRORS)
        for actions, resources in (
            (["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], [self.lake.bucket.bucket_arn]),
            (["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"], [self.transform.function_arn]),
            (["logs:PutLogEvents"], [group.log_group_arn]),
            (
                ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
                [catalog.catalog_arn, catalog.database_arn, catalog.flights_arn],
            ),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        return role
