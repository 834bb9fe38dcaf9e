"""What stacks cost while they idle, and what one run of their labs costs, read from their templates.

Every line names the price row it used. A price that nobody has read stays unknown: it is listed with
its units and left out of the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from facts import limits
from facts.errors import UnknownFactError
from facts.prices import Price, price, table
from labs.errors import UsageError
from labs.report.resources import readable

HOURS_A_MONTH = 730
GB = 1e9


@dataclass(frozen=True)
class Line:
    """So many units of something that has a price, or would have one."""

    noun: str
    what: str
    units: float
    price: Price

    @property
    def usd(self) -> float | None:
        """Dollars; None where the price is not known."""
        return None if self.price.usd is None else self.units * self.price.usd

    @property
    def basis(self) -> str:
        """How the dollars come about, in words."""
        units = f"{self.units:,.6g}"
        if self.price.usd is None:
            return f"{units} of {self.price.id}: price not known in {self.price.region}"
        return f"{units} at ${self.price.usd:.10g} per {self.price.unit}"

    def as_json(self) -> dict[str, Any]:
        found = self.price
        priced = {"id": found.id, "region": found.region, "usd": found.usd, "unit": found.unit}
        as_of = found.as_of.isoformat() if found.as_of else None
        told = {"as_of": as_of, "source": found.source, "confidence": found.confidence}
        line = {"noun": self.noun, "what": self.what, "units": self.units, "usd": self.usd}
        return {**line, "price": {**priced, **told}}


def total(lines: Iterable[Line]) -> float:
    """The sum of what is known."""
    return sum(line.usd for line in lines if line.usd is not None)


def unknown(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.usd is None]


def check_region(region: str) -> None:
    """A region in which no price at all is known is refused."""
    known = sorted({where for (_, where), row in table().items() if row.known})
    if region not in known:
        raise UsageError(
            f"got region '{region}', of which no price is on record; there are {', '.join(known)}"
        )


def priced(id: str, region: str) -> Price:
    """The price row; an unknown price where there is no such row."""
    try:
        return price(id, region)
    except UnknownFactError:
        return Price(id, region, unit="unit", source="no price on record")


# -- idle --------------------------------------------------------------------------------------------

Units = Callable[[dict[str, Any]], float]


def _shards(properties: dict[str, Any]) -> float:
    return float(properties.get("ShardCount", 0))


def _interfaces(properties: dict[str, Any]) -> float:
    """Gateway endpoints (the default type) bill nothing; interface endpoints bill in each subnet."""
    if properties.get("VpcEndpointType", "Gateway") != "Interface":
        return 0
    return float(max(len(properties.get("SubnetIds", [])), 1))


def _one(properties: dict[str, Any]) -> float:
    return 1


# Type → price id and how many of its units an hour of idling takes; the key is billed by the month.
IDLE: dict[str, tuple[str, Units]] = {
    "AWS::KMS::Key": ("kms-key-month", lambda properties: 1 / HOURS_A_MONTH),
    "AWS::Kinesis::Stream": ("kinesis-shard-hour", _shards),
    "AWS::EC2::VPCEndpoint": ("vpc-endpoint-interface-hour", _interfaces),
    "AWS::CloudWatch::Alarm": ("cloudwatch-alarm-hour", _one),
    "AWS::SecretsManager::Secret": ("secretsmanager-secret-hour", _one),
}

ALWAYS_ON: dict[str, str] = {
    "AWS::EC2::NatGateway": "nat-gateway-hour",
    "AWS::EC2::Instance": "ec2-instance-hour",
    "AWS::SageMaker::Endpoint": "sagemaker-endpoint-hour",
    "AWS::SageMaker::NotebookInstance": "sagemaker-notebook-hour",
    "AWS::SageMaker::Cluster": "sagemaker-cluster-hour",
    "AWS::EMR::Cluster": "emr-cluster-hour",
    "AWS::Redshift::Cluster": "redshift-node-hour",
    "AWS::RDS::DBInstance": "rds-instance-hour",
    "AWS::RDS::DBCluster": "rds-cluster-hour",
    "AWS::OpenSearchService::Domain": "opensearch-instance-hour",
    "AWS::ElastiCache::CacheCluster": "elasticache-node-hour",
    "AWS::ElastiCache::ReplicationGroup": "elasticache-node-hour",
    "AWS::MSK::Cluster": "msk-broker-hour",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load-balancer-hour",
    "AWS::KinesisAnalyticsV2::Application": "flink-kpu-hour",
}
"""What runs, and bills, until it is deleted: no lab deploys any of it unasked."""


def idle(stacks: list[dict[str, Any]], region: str, hours: float = HOURS_A_MONTH) -> list[Line]:
    """Every resource that bills while nothing happens, for so many hours."""
    return [
        line
        for stack in stacks
        for logical_id, resource in stack["template"].get("Resources", {}).items()
        if (line := _idle(stack["noun"], logical_id, resource, region, hours)) is not None
    ]


def _idle(noun: str, name: str, resource: dict[str, Any], region: str, hours: float) -> Line | None:
    kind = resource["Type"]
    price_id, units_of = IDLE.get(kind) or (ALWAYS_ON.get(kind, ""), _one)
    units = units_of(resource.get("Properties", {})) if price_id else 0
    if not units:
        return None
    found = priced(price_id, region)
    amount = units * hours
    return Line(noun, f"{readable(name)} ({kind})", amount, found)


def always_on(stacks: list[dict[str, Any]]) -> list[str]:
    """Resources of the kind that surprises on a bill, as `noun logical id (type)`."""
    return [
        f"{stack['noun']} {logical_id} ({resource['Type']})"
        for stack in stacks
        for logical_id, resource in stack["template"].get("Resources", {}).items()
        if resource["Type"] in ALWAYS_ON
    ]


# -- one run -----------------------------------------------------------------------------------------

PARQUET_SHARE = 0.15
"""Bytes of a flight as Parquet, of its bytes as JSON; what the full run came to."""
TRANSFORM_SECONDS_A_MIB = 1.0
CRAWLER_DPUS = 1
"""AWS chooses them; one is the least."""
LOG_BYTES_AN_INVOCATION = 500
JOB_MINUTES = 5
"""How long an instance is billed for a small training or transform job, its start included."""
DAYS = 365


@dataclass(frozen=True)
class Load:
    """One run: so many flights through these templates."""

    rows: int
    templates: dict[str, dict[str, Any]]

    def properties(self, noun: str, kind: str) -> list[dict[str, Any]]:
        resources = self.templates.get(noun, {}).get("Resources", {}).values()
        return [one.get("Properties", {}) for one in resources if one["Type"] == kind]

    @property
    def transform(self) -> dict[str, Any]:
        """The function that Firehose invokes."""
        return next(iter(self.properties("streaming", "AWS::Lambda::Function")), {})

    @cached_property
    def record_bytes(self) -> int:
        """As the stream declares it."""
        resources = self.templates.get("streaming", {}).get("Resources", {}).values()
        loads = [one.get("Metadata", {}).get("DeclaredLoad", {}) for one in resources]
        return next((int(load["RecordBytes"]) for load in loads if "RecordBytes" in load), 500)

    @property
    def objects(self) -> int:
        """One for each day and buffer, and the error object."""
        return min(self.rows, DAYS) + 1


Quantity = tuple[str, float, str]
"""Price id, units and how they follow."""


def _lake(load: Load) -> Iterator[Quantity]:
    yield "s3-put-1000", 411 / 1000, "reference tables, two layouts, six formats and what S3 refuses"
    yield "s3-get-1000", 430 / 1000, "two questions of two layouts, two columns of six formats"
    yield "s3-standard-gb-month", 2.6e6 / GB, "2.6 MB of reference tables, a month"
    yield "kms-request-10000", 8 / 10_000, "a data key now and then; the bucket key saves the rest"


def _security(load: Load) -> Iterator[Quantity]:
    events = 3 * load.objects
    yield "cloudtrail-data-event-100000", events / 1e5, f"{events:,} reads and writes of the lake's objects"


def _streaming(load: Load) -> Iterator[Quantity]:
    size = load.rows * load.record_bytes
    unit = limits.number("kinesis-put-payload-unit-bytes")
    rounded = limits.number("firehose-billing-record-bytes")
    units = load.rows * ceil(load.record_bytes / unit)
    yield "kinesis-put-payload-unit", units / 1e6, f"{load.rows:,} records of {load.record_bytes} bytes"
    ingested = load.rows * ceil(load.record_bytes / rounded) * rounded
    yield "firehose-ingest-gb", ingested / GB, f"every record counts as {rounded:,} bytes at least"
    yield "firehose-conversion-gb", size / GB, "JSON that is converted"
    yield "firehose-dynamic-partitioning-gb", size / GB, "JSON that is partitioned"
    yield (
        "firehose-dynamic-partitioning-object-1000",
        load.objects / 1000,
        f"{load.objects} objects of partitions",
    )
    batches = max(1, ceil(size / (limits.number("firehose-lambda-buffer-mib-default") * 1024**2)))
    memory = float(load.transform.get("MemorySize", 128)) / 1024
    seconds = TRANSFORM_SECONDS_A_MIB * size / 1024**2
    yield "lambda-request", batches, "a batch of 1 MiB each"
    yield "lambda-gb-second", memory * seconds, f"{memory:g} GB, a second for each MiB"
    yield "s3-put-1000", load.objects / 1000, "one object a day, and the errors"
    yield "s3-standard-gb-month", PARQUET_SHARE * size / GB, "Parquet, a month"
    yield "cloudwatch-logs-ingest-gb", batches * LOG_BYTES_AN_INVOCATION / GB, "START, END and REPORT lines"


def _catalog(load: Load) -> Iterator[Quantity]:
    crawlers = len(load.properties("catalog", "AWS::Glue::Crawler"))
    minutes = limits.number("glue-crawler-minutes-lowest")
    yield (
        "glue-crawler-dpu-hour",
        crawlers * CRAWLER_DPUS * minutes / 60,
        f"{crawlers} crawlers, {minutes} minutes each at least",
    )
    yield "s3-get-1000", load.objects / 1000, "each object read once"


def _query(load: Load) -> Iterator[Quantity]:
    least = limits.number("athena-scan-minimum-bytes")
    queries = len(load.properties("query", "AWS::Athena::NamedQuery")) + 2
    csv = 0.35 * load.rows * load.record_bytes
    scanned = queries * max(least, 0.02 * load.rows * load.record_bytes) + max(least, csv)
    yield (
        "athena-scan-tb",
        scanned / 1e12,
        f"{queries} queries, {least:,} bytes each at least, and the CSV copy",
    )
    yield "s3-get-1000", queries * load.objects / 1000, "each object once a query"


def _training(load: Load) -> Iterator[Quantity]:
    hours = JOB_MINUTES / 60
    instance = _instance(load)
    yield f"sagemaker-training-{instance}-hour", hours, f"{JOB_MINUTES} minutes of {instance}"
    yield f"sagemaker-transform-{instance}-hour", hours, f"{JOB_MINUTES} minutes of {instance}"
    yield "stepfunctions-transition-1000", 20 / 1000, "some twenty transitions"
    least = limits.number("athena-scan-minimum-bytes")
    yield "athena-scan-tb", 3 * max(least, 0.1 * load.rows * load.record_bytes) / 1e12, "three UNLOADs"
    yield "s3-put-1000", 20 / 1000, "features, model, predictions and evaluation"


def _instance(load: Load) -> str:
    """The instance type that stands in the state machine's definition."""
    text = str(load.properties("training", "AWS::StepFunctions::StateMachine"))
    found = text.partition('"InstanceType":"')[2].partition('"')[0]
    return found.rstrip("\\") or "ml.m5.xlarge"


def _nothing(load: Load) -> Iterator[Quantity]:
    return iter(())


RUNS: dict[str, Callable[[Load], Iterator[Quantity]]] = {
    "lake": _lake,
    "security": _security,
    "streaming": _streaming,
    "catalog": _catalog,
    "query": _query,
    "training": _training,
}
"""What one run of each lab uses. Storage is reckoned for a month; shards and keys are idle cost."""


def one_run(stacks: list[dict[str, Any]], region: str, rows: int) -> list[Line]:
    """What one run of the labs of these stacks uses, line by line."""
    load = Load(rows, {stack["noun"]: stack["template"] for stack in stacks})
    return [
        Line(stack["noun"], what, units, priced(id, region))
        for stack in stacks
        for id, units, what in RUNS.get(stack["noun"], _nothing)(load)
    ]
