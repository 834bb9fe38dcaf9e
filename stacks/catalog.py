"""The catalog: what the lake's objects mean as tables, and crawlers that keep it true."""

from __future__ import annotations

from aws_cdk import ArnFormat
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.lab_stack import LabStack, accept
from stacks.lake import FLIGHTS, REFERENCE, LakeStack
from stacks.settings import Settings

COLUMNS = (
    ("flight_id", "string"),
    ("time_hour", "timestamp"),
    ("carrier", "string"),
    ("flight", "int"),
    ("tailnum", "string"),
    ("origin", "string"),
    ("dest", "string"),
    ("sched_dep_time", "int"),
    ("dep_time", "int"),
    ("dep_delay", "double"),
    ("sched_arr_time", "int"),
    ("arr_time", "int"),
    ("arr_delay", "double"),
    ("air_time", "double"),
    ("distance", "double"),
    ("hour", "int"),
    ("minute", "int"),
)
PARTITION_KEYS = ("year", "month", "day")


class CatalogStack(LabStack):
    """A database, the table that Firehose converts by, and two crawlers."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, lake: LakeStack) -> None:
        super().__init__(scope, id, noun="catalog", description="Glue data catalog", settings=settings)
        self.lake = lake
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=settings.name.replace("-", "_"), description="Flights out of New York, 2013"
            ),
        )
        self.flights = self._flights_table()
        self._crawlers()
        self.output("DatabaseName", self.database.ref, "The Glue database of the labs")
        self.output("FlightsTableName", self.flights.ref, "The table that Firehose writes")

    @property
    def database_arn(self) -> str:
        return self._arn("database", self.database.ref)

    @property
    def tables_arn(self) -> str:
        """All tables of the database."""
        return self._arn("table", f"{self.database.ref}/*")

    @property
    def exported_tables(self) -> str:
        """`tables_arn` as cdk-nag writes it in the findings of other stacks."""
        name = self.resolve(self.export_value(self.database.ref))["Fn::ImportValue"]
        return f"arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/{name}/*"

    @property
    def catalog_arn(self) -> str:
        return self.format_arn(service="glue", resource="catalog")

    @property
    def flights_arn(self) -> str:
        return self._arn("table", f"{self.database.ref}/{self.flights.ref}")

    def _arn(self, resource: str, name: str) -> str:
        return self.format_arn(
            service="glue", resource=resource, resource_name=name, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )

    def _flights_table(self) -> glue.CfnTable:
        column = glue.CfnTable.ColumnProperty
        return glue.CfnTable(
            self,
            "Flights",
            catalog_id=self.account,
            database_name=self.database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name="flights",
                description="One row per scheduled departure",
                table_type="EXTERNAL_TABLE",
                parameters={"classification": "parquet"},
                partition_keys=[column(name=name, type="string") for name in PARTITION_KEYS],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[column(name=name, type=kind) for name, kind in COLUMNS],
                    location=self.lake.bucket.s3_url_for_object(FLIGHTS),
                    input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )

    def _crawlers(self) -> None:
        role = self._crawler_role()
        security = glue.CfnSecurityConfiguration(
            self,
            "CrawlerSecurity",
            name=f"{self.settings.name}-crawlers",
            encryption_configuration=glue.CfnSecurityConfiguration.EncryptionConfigurationProperty(
                cloud_watch_encryption=glue.CfnSecurityConfiguration.CloudWatchEncryptionProperty(
                    cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=self.lake.key.key_arn
                ),
                s3_encryptions=[
                    glue.CfnSecurityConfiguration.S3EncryptionProperty(
                        s3_encryption_mode="SSE-KMS", kms_key_arn=self.lake.key.key_arn
                    )
                ],
            ),
        )
        # The table exists before its first partition: the crawler may add to it, never delete.
        flights = self._crawler(
            "FlightsCrawler",
            role,
            security,
            glue.CfnCrawler.TargetsProperty(
                catalog_targets=[
                    glue.CfnCrawler.CatalogTargetProperty(
                        database_name=self.database.ref, tables=[self.flights.ref]
                    )
                ]
            ),
        )
        reference = self._crawler(
            "ReferenceCrawler",
            role,
            security,
            glue.CfnCrawler.TargetsProperty(
                s3_targets=[
                    glue.CfnCrawler.S3TargetProperty(path=self.lake.bucket.s3_url_for_object(REFERENCE))
                ]
            ),
        )
        self.output("FlightsCrawlerName", flights.ref, "Adds the partitions that Firehose delivered")
        self.output("ReferenceCrawlerName", reference.ref, "Infers the tables of the reference files")

    def _crawler(
        self,
        id: str,
        role: iam.Role,
        security: glue.CfnSecurityConfiguration,
        targets: glue.CfnCrawler.TargetsProperty,
    ) -> glue.CfnCrawler:
        return glue.CfnCrawler(
            self,
            id,
            role=role.role_arn,
            targets=targets,
            database_name=self.database.ref,
            crawler_security_configuration=security.ref,
            schedule=glue.CfnCrawler.ScheduleProperty(schedule_expression=self.settings.crawl_schedule),
            schema_change_policy=glue.CfnCrawler.SchemaChangePolicyProperty(
                update_behavior="UPDATE_IN_DATABASE", delete_behavior="LOG"
            ),
            recrawl_policy=glue.CfnCrawler.RecrawlPolicyProperty(recrawl_behavior="CRAWL_EVERYTHING"),
        )

    def _crawler_role(self) -> iam.Role:
        role = iam.Role(
            self,
            "CrawlerRole",
            assumed_by=iam.ServicePrincipal("glue.amazonaws.com"),
            description="Reads the lake, writes its tables",
        )
        self.lake.bucket.grant_read_of(role, FLIGHTS, REFERENCE)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "glue:BatchCreatePartition",
                    "glue:BatchGetPartition",
                    "glue:CreateTable",
                    "glue:GetDatabase",
                    "glue:GetPartition",
                    "glue:GetPartitions",
                    "glue:GetTable",
                    "glue:GetTables",
                    "glue:UpdatePartition",
                    "glue:UpdateTable",
                ],
                resources=[self.catalog_arn, self.database_arn, self.tables_arn],
            )
        )
        # Glue writes its logs to a group of its own, and with a security configuration to one named after it.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "logs:AssociateKmsKey",
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                ],
                resources=[
                    self.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name="/aws-glue/crawlers*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            )
        )
        accept(
            role,
            "tables have no names before they are inferred; Glue names log groups after the configuration",
            "IAM5[Resource::arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/<Database>/*]",
            "IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws-glue/crawlers*]",
        )
        return role
