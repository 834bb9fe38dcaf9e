"""The log files of CloudTrail and of S3 as tables, and the questions an auditor asks of them.

Source of both tables: Amazon Athena User Guide, "Create a table for CloudTrail logs in Athena using partition
projection"; Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests".
"""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_glue as glue
from constructs import Construct

from stacks.constructs.function import WORKLOADS
from stacks.constructs.lab_stack import LabStack
from stacks.constructs.work_group import LabWorkGroup
from stacks.lake import LakeStack
from stacks.settings import Settings

TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
ISSUER = "struct<type:string,principalid:string,arn:string,accountid:string,username:string>"
SESSION = f"struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:{ISSUER}>"
IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,"
    f"accesskeyid:string,username:string,sessioncontext:{SESSION}>"
)
EVENT = {
    "eventversion": "string",
    "useridentity": IDENTITY,
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "managementevent": "string",
    "recipientaccountid": "string",
    "vpcendpointid": "string",
    "eventcategory": "string",
}
"""CloudTrail's records; what differs from event to event is JSON text."""
REQUEST = (
    *("bucketowner", "bucket", "requestdatetime", "remoteip", "requester", "requestid", "operation"),
    *("key", "request_uri", "httpstatus", "errorcode", "bytessent", "objectsize", "totaltime"),
    *("turnaroundtime", "referrer", "useragent", "versionid", "hostid", "sigv", "ciphersuite"),
    *("authtype", "endpoint", "tlsversion", "accesspointarn", "aclrequired"),
)
"""The fields of a server access log."""
NUMBERS = ("bytessent", "objectsize", "totaltime", "turnaroundtime")
WORD, TEXT, NUMBER = r"([^ ]*)", r'("[^"]*"|-)', r"(-|[0-9]*)"
SHAPES = {"requestdatetime": r"\[(.*?)\]", "request_uri": TEXT, "useragent": TEXT, "httpstatus": NUMBER}
LATER = 18
"""How many fields every record has; those that AWS added later may be missing."""


def line_pattern() -> str:
    """A line of a server access log, field by field."""
    shapes = [SHAPES.get(name, WORD) for name in REQUEST]
    later = "".join(f" {shape}" for shape in shapes[LATER:])
    return " ".join(shapes[:LATER]) + f"(?:{later})?.*$"


class Audit(Construct):
    """A database over the log bucket, and a workgroup with an auditor's questions."""

    def __init__(self, stack: LabStack, id: str, *, settings: Settings, lake: LakeStack) -> None:
        super().__init__(stack, id)
        self._stack, self._lake = stack, lake
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=stack.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=f"{settings.name.replace('-', '_')}_audit", description="Who did what to the lake"
            ),
        )
        self._trail_table()
        self._access_log_table()
        self.workgroup = LabWorkGroup(
            stack,
            "AuditWorkGroup",
            name=f"{settings.name}-audit-{stack.region}",
            description="Questions of the audit",
            settings=settings,
            lake=lake,
        )
        self.workgroup.add_queries(WORKLOADS / "audit", self.database.ref)

    def _trail_table(self) -> None:
        """A partition for each day of the last year, projected: no crawler has to find them."""
        stack, logs = self._stack, self._lake.logs
        folder = f"{self._lake.TRAIL_PREFIX}/AWSLogs/{stack.account}/CloudTrail/{stack.region}/"
        location = logs.s3_url_for_object(folder)
        self._table(
            "trail",
            "Events of CloudTrail, from this region",
            EVENT,
            location,
            {"serialization_library": "org.apache.hive.hcatalog.data.JsonSerDe"},
            input_format="com.amazon.emr.cloudtrail.CloudTrailInputFormat",
            keys=["day"],
            parameters={
                "projection.enabled": "true",
                "projection.day.type": "date",
                "projection.day.format": "yyyy/MM/dd",
                "projection.day.range": "NOW-1YEARS,NOW",
                "projection.day.interval": "1",
                "projection.day.interval.unit": "DAYS",
                "storage.location.template": f"{location}${{day}}",
            },
        )

    def _access_log_table(self) -> None:
        columns = {name: "bigint" if name in NUMBERS else "string" for name in REQUEST}
        self._table(
            "access_log",
            "Requests to the lake's bucket, as S3 logs them",
            columns,
            self._lake.logs.s3_url_for_object(self._lake.bucket.logs_prefix),
            {
                "serialization_library": "org.apache.hadoop.hive.serde2.RegexSerDe",
                "parameters": {"input.regex": line_pattern()},
            },
            input_format="org.apache.hadoop.mapred.TextInputFormat",
        )

    def _table(
        self,
        name: str,
        description: str,
        columns: dict[str, str],
        location: str,
        serde: dict[str, Any],
        input_format: str,
        keys: list[str] | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        column = glue.CfnTable.ColumnProperty
        glue.CfnTable(
            self,
            "".join(word.capitalize() for word in name.split("_")),
            catalog_id=self._stack.account,
            database_name=self.database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                description=description,
                table_type="EXTERNAL_TABLE",
                parameters={"EXTERNAL": "TRUE", **(parameters or {})},
                partition_keys=[column(name=key, type="string") for key in keys] if keys else None,
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[column(name=one, type=kind) for one, kind in columns.items()],
                    location=location,
                    input_format=input_format,
                    output_format=TEXT_OUTPUT,
                    serde_info=glue.CfnTable.SerdeInfoProperty(**serde),
                ),
            ),
        )
