"""The questions: an Athena workgroup that cannot overspend, and SQL kept as named queries."""

from __future__ import annotations

from constructs import Construct

from stacks.catalog import CatalogStack
from stacks.constructs.function import WORKLOADS
from stacks.constructs.lab_stack import LabStack
from stacks.constructs.work_group import LabWorkGroup
from stacks.lake import LakeStack
from stacks.settings import Settings


class QueryStack(LabStack):
    """One workgroup, and the questions asked of the flights."""

    def __init__(
        self, scope: Construct, id: str, *, settings: Settings, lake: LakeStack, catalog: CatalogStack
    ) -> None:
        super().__init__(
            scope, id, noun="query", description="Athena workgroup and queries", settings=settings
        )
        self.workgroup = LabWorkGroup(
            self,
            "WorkGroup",
            name=f"{settings.name}-{self.region}",
            description="Every query of the labs",
            settings=settings,
            lake=lake,
        )
        self.workgroup.add_queries(WORKLOADS / "queries", catalog.database.ref)
        self.output("WorkGroupName", self.workgroup.ref, "Queries run here, and only here")
