"""The questions: an Athena workgroup that cannot overspend, and SQL kept as named queries."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_athena as athena
from constructs import Construct

from stacks.catalog import CatalogStack
from stacks.constructs.function import WORKLOADS
from stacks.constructs.lab_stack import LabStack
from stacks.lake import RESULTS, LakeStack
from stacks.settings import Settings

MIB = 1024 * 1024


class QueryStack(LabStack):
    """One workgroup; whoever uses it gets its location, its encryption and its cut-off."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, lake: LakeStack, catalog: CatalogStack
    ) -> None:
        super().__init__(
            scope, id, noun="query", description="Athena workgroup and queries", settings=settings
        )
        self.workgroup = athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=f"{settings.name}-{self.region}",
            description="Every query of the labs",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=settings.scan_cutoff_mib * MIB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=lake.results.s3_url_for_object(RESULTS),
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=lake.key.key_arn
                    ),
                ),
            ),
        )
        for file in sorted((WORKLOADS / "queries").glob("*.sql")):
            self._named_query(file, catalog)
        self.output("WorkGroupName", self.workgroup.ref, "Queries run here, and only here")

    def _named_query(self, file: Path, catalog: CatalogStack) -> None:
        """A query is its file: the name is the file's, the description its first comment."""
        sql = file.read_text()
        query = athena.CfnNamedQuery(
            self,
            "".join(word.capitalize() for word in file.stem.split("-")),
            name=file.stem,
            description=sql.splitlines()[0].removeprefix("-- "),
            database=catalog.database.ref,
            query_string=sql,
            work_group=self.workgroup.ref,
        )
        query.add_resource_dependency(self.workgroup)
