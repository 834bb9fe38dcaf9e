"""The CDK app: composes the labs' stacks from cdk.json. No logic, no AWS call, no credentials."""

from __future__ import annotations

import os

import stacks  # noqa: F401  First: it names the Node that the CDK runs in.

# isort: split
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.catalog import CatalogStack
from stacks.constructs.gate_plugin import Gate
from stacks.lake import LakeStack
from stacks.query import QueryStack
from stacks.security import SecurityStack
from stacks.settings import Settings, context
from stacks.streaming import StreamingStack
from stacks.training import TrainingStack

app = cdk.App(
    context=context(),
    outdir=os.environ.get("CDK_OUTDIR", "cdk.out"),
    analytics_reporting=False,
)
settings = Settings.load(app.node)

lake = LakeStack(app, f"{settings.name}-lake", settings=settings)
security = SecurityStack(app, f"{settings.name}-security", settings=settings, lake=lake)
catalog = CatalogStack(app, f"{settings.name}-catalog", settings=settings, lake=lake)
streaming = StreamingStack(app, f"{settings.name}-streaming", settings=settings, lake=lake, catalog=catalog)
query = QueryStack(app, f"{settings.name}-query", settings=settings, lake=lake, catalog=catalog)
TrainingStack(
    app,
    f"{settings.name}-training",
    settings=settings,
    lake=lake,
    security=security,
    catalog=catalog,
    query=query,
)

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), Gate())
app.synth()
