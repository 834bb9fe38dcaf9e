"""What one run of each lab costs, by what its template says and what the run has been seen to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from facts import limits
from gate.template import Resource, Templates
from labs.costs import Line, priced

GB = 1e9
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
    templates: Templates

    def resources(self, noun: str, kind: str) -> list[Resource]:
        return [one for one in self.templates.resources(kind) if one.template.name == noun]

    @property
    def transform_gb(self) -> float | None:
        """The memory of the function that Firehose invokes."""
        for function in self.resources("streaming", "AWS::Lambda::Function"):
            megabytes = function.number("MemorySize")
            if megabytes is not None:
                return megabytes / 1024
            return None if function.has("MemorySize") else 128 / 1024
        return None

    @cached_property
    def record_bytes(self) -> int:
        """As the stream declares it."""
        for stream in self.resources("streaming", "AWS::Kinesis::Stream"):
            load = stream.metadata.get("DeclaredLoad")
            if isinstance(load, dict) and isinstance(load.get("RecordBytes"), int):
                return int(load["RecordBytes"])
        return 500

    @property
    def objects(self) -> int:
        """One for each day and buffer, and the error object."""
        return min(self.rows, DAYS) + 1


Quantity = tuple[str, float | None, str]
"""Price id, units and how they follow; None where only the deployed stack knows how many."""


def _lake(load: Load) -> Iterator[Quantity]:
    yield "s3-put-1000", 411 / 1000, "reference tables, two layouts, six formats and what S3 refuses"
    yield "s3-get-1000", 430 / 1000, "two questions of two layouts, two columns of six formats"
    yield "s3-standard-gb-month", 2.6e6 / GB, "2.6 MB of reference tables, a month"
    yield "kms-request-10000", 8 / 10_000, "a data key now and then; the bucket key saves the rest"


def _security(load: Load) -> Iterator[Quantity]:
    events = 3 * load.objects
    yield "cloudtrail-data-event-100000", events / 1e5, f"{events:,} reads and writes of the lake's objects"
    asked = (
        limits.number("cloudtrail-delivery-minutes") + limits.number("s3-access-log-delivery-minutes") / 10
    )
    scanned = (asked + 1) * limits.number("athena-scan-minimum-bytes")
    how = f"{asked + 1:g} questions of log files, asked again until these are there, 10 MB each at least"
    yield "athena-scan-tb", scanned / 1e12, how


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
    memory = load.transform_gb
    seconds = None if memory is None else memory * TRANSFORM_SECONDS_A_MIB * size / 1024**2
    yield "lambda-request", batches, "a batch of 1 MiB each"
    yield "lambda-gb-second", seconds, f"{memory or 0:g} GB, a second for each MiB"
    yield "s3-put-1000", load.objects / 1000, "one object a day, and the errors"
    yield "s3-standard-gb-month", PARQUET_SHARE * size / GB, "Parquet, a month"
    yield "cloudwatch-logs-ingest-gb", batches * LOG_BYTES_AN_INVOCATION / GB, "START, END and REPORT lines"


def _catalog(load: Load) -> Iterator[Quantity]:
    crawlers = len(load.resources("catalog", "AWS::Glue::Crawler"))
    minutes = limits.number("glue-crawler-minutes-lowest")
    yield (
        "glue-crawler-dpu-hour",
        crawlers * CRAWLER_DPUS * minutes / 60,
        f"{crawlers} crawlers, {minutes} minutes each at least",
    )
    yield "s3-get-1000", load.objects / 1000, "each object read once"


def _query(load: Load) -> Iterator[Quantity]:
    least = limits.number("athena-scan-minimum-bytes")
    queries = len(load.resources("query", "AWS::Athena::NamedQuery")) + 2
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
    text = str([one.properties for one in load.resources("training", "AWS::StepFunctions::StateMachine")])
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
    templates = Templates.of({stack["noun"]: {"Resources": {}, **stack["template"]} for stack in stacks})
    load = Load(rows, templates)
    return [
        Line(stack["noun"], what, units, priced(id, region))
        for stack in stacks
        for id, units, what in RUNS.get(stack["noun"], _nothing)(load)
    ]
