"""What is kept otherwise than within its backend, by class; named, so that no class is imported for it."""

from __future__ import annotations

LOG = "offline.state.part:Log"
LEDGER = "offline.state.part:Ledger"
TABLE = "offline.state.part:Table"
OBJECTS = "offline.state.objects:Objects"

APART: dict[str, tuple[tuple[str, str], ...]] = {
    "moto.cloudwatch.models:CloudWatchBackend": (("metric_data", LOG),),
    "moto.dynamodb.models.table:Table": (("items", TABLE),),
    "moto.ec2.models:EC2Backend": (("amis", TABLE), ("snapshots", TABLE)),
    "moto.glue.models:FakeTable": (("partitions", TABLE),),
    "moto.logs.models:LogStream": (("events", LOG),),
    "moto.s3.models:FakeBucket": (("keys", OBJECTS),),
    "moto.s3.models:FakeMultipart": (("parts", TABLE),),
    "moto.sts.models:STSBackend": (("assumed_roles", LOG),),
    "moto.stepfunctions.models:StateMachine": (("executions", LEDGER),),
    "moto.utilities.tagging_service:TaggingService": (("tags", TABLE),),
    "offline.engines.athena.engine:AthenaEngine": (("executions", TABLE),),
    "offline.engines.cloudtrail.trail:Trail": (("pending", LOG),),
    "offline.engines.firehose.buffers:Buffer": (("items", LOG),),
    "offline.engines.firehose.transform:Transformer": (("_waiting", LOG),),
    "offline.engines.s3.engine:Bucket": (("unlogged", LOG),),
}
"""Which attributes of a class grow with use, and what kind of part they are."""

AS: dict[str, str] = {
    "moto.awslambda.models:LambdaFunction": "offline.state.code:reduce_code",
    "moto.awslambda.models:LayerVersion": "offline.state.code:reduce_code",
    "moto.s3.models:FakeKey": "offline.state.objects:reduce_key",
}
"""Functions that reduce the objects of a class."""
