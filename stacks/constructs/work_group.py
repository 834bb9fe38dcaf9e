"""An Athena workgroup that cannot overspend, and SQL files as its named queries."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_athena as athena
from constructs import Construct

from stacks.lake import RESULTS, LakeStack
from stacks.settings import Settings

MIB = 1024 * 1024


class LabWorkGroup(athena.CfnWorkGroup):
    """Whoever uses it gets its location, its encryption and its cut-off."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, description: str, settings: Settings, lake: LakeStack
    ) -> None:
        super().__init__(
            scope,
            id,
            name=name,
            description=description,
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

    def add_queries(self, folder: Path, database: str) -> None:
        """A query is its file: the name is the file's, the description its first comment."""
        for file in sorted(folder.glob("*.sql")):
            sql = file.read_text()
            query = athena.CfnNamedQuery(
                self.stack,
                "".join(word.capitalize() for word in file.stem.split("-")),
                name=file.stem,
                description=sql.splitlines()[0].removeprefix("-- "),
                database=database,
                query_string=sql,
                work_group=self.ref,
            )
            query.add_resource_dependency(self)
