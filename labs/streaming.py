"""Lab 03, streaming: replay a year of flights through Kinesis and account for every record.

Firehose promises each record at least once: in the lake, or under the error prefix. So what was
delivered and what failed must add up to what was sent, to the record.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from labs import flights
from labs.context import Context
from labs.errors import RunError
from labs.evidence import Evidence, Lab, Step, Table, equal, holds
from labs.objects import lines, listed, parquet_rows
from labs.producer import Pace, Producer, Sent

FLIGHTS = "flights/"
ERRORS = "errors/"


def replay(context: Context) -> Evidence:
    """Every flight, and some malformed events, are on the stream."""
    kinesis, stream = context.client("kinesis"), context.output("streaming", "StreamName")
    before = _arrived(context)
    shards = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"]
    due = flights.event_count(context.rows)
    producer = Producer(kinesis, stream, Pace.of_shards(shards), context.wait, Sent())
    sent = producer.send(
        flights.events(context.rows), lambda done: context.progress("records sent", done, due)
    )
    return Evidence(
        figures={
            "sent": sent.records,
            "malformed": flights.malformed_count(context.rows),
            "bytes": sent.payload_bytes,
            "calls": sent.calls,
            "refused and sent again": sent.refused,
            "shards": shards,
            "stream seconds": sent.seconds,
        },
        table=Table(
            ["malformed", "events"], [list(item) for item in flights.malformed_kinds(context.rows).items()]
        ),
        series={"delivered before": before["delivered"], "failed before": before["failed"]},
        checks=[equal("every event was taken by the stream", sent.records, due)],
    )


def account_for(context: Context) -> Evidence:
    """Every record lies in its day's partition or, malformed, under the error prefix."""
    earlier = context.earlier("streaming", "replay")
    sent = int(earlier.figures["sent"])
    delivery = _destination(context)
    interval = float(delivery["BufferingHints"]["IntervalInSeconds"])
    try:
        arrived = context.until(
            lambda: _since(earlier, _arrived(context)),
            lambda found: found["delivered"] + found["failed"] >= sent,
            every=interval,
            at_most=6 * interval,
            what=f"Firehose has not written all of {sent:,} records",
        )
    except RunError as error:
        raise RunError(f"{error}; {_last_error(context, delivery)}") from None
    by_day: Counter[tuple[int, int]] = arrived["days"]
    malformed, expected = flights.malformed_count(context.rows), flights.days(context.rows)
    return Evidence(
        figures={
            **{key: arrived[key] for key in ("delivered", "failed", "objects", "parquet bytes")},
            "partitions": len(by_day),
        },
        table=Table(["error output type", "records"], [list(item) for item in arrived["errors"].items()]),
        series={
            "days": [[month, day, rows] for (month, day), rows in sorted(by_day.items())],
            "errors": dict(arrived["errors"]),
        },
        checks=[
            equal("delivered + failed = sent, to the record", arrived["delivered"] + arrived["failed"], sent),
            equal("each malformed event failed, and nothing else", arrived["failed"], malformed),
            holds(
                "each day holds its own flights",
                dict(by_day) == expected,
                _apart(by_day, expected),
                "no day apart",
            ),
        ],
    )


def _destination(context: Context) -> dict[str, Any]:
    """What the delivery stream is set to."""
    name = context.output("streaming", "DeliveryStreamName")
    described = context.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    found: dict[str, Any] = described["DeliveryStreamDescription"]["Destinations"][0][
        "ExtendedS3DestinationDescription"
    ]
    return found


def _last_error(context: Context, delivery: dict[str, Any]) -> str:
    """What Firehose last wrote into its error log."""
    logs, named = context.client("logs"), delivery["CloudWatchLoggingOptions"]
    where = {"logGroupName": named["LogGroupName"], "logStreamName": named["LogStreamName"]}
    events = logs.get_log_events(**where, limit=1, startFromHead=False)["events"]
    if not events:
        return f"its log group {named['LogGroupName']} is empty"
    told = json.loads(events[-1]["message"])
    return f"its log says {told['errorCode']}: {told['message']}"


def _arrived(context: Context) -> dict[str, Any]:
    """What lies in the lake now: rows by Parquet footers, failures by lines of error objects."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    days: Counter[tuple[int, int]] = Counter()
    objects = listed(s3, bucket, FLIGHTS)
    for done, item in enumerate(objects, start=1):
        days[day_of(item["Key"])] += parquet_rows(s3, bucket, item["Key"])
        context.progress("objects read", done, len(objects))
    errors: Counter[str] = Counter()
    for item in listed(s3, bucket, ERRORS):
        errors[error_type(item["Key"])] += sum(1 for _ in lines(s3, bucket, item["Key"]))
    return {
        "delivered": days.total(),
        "failed": errors.total(),
        "days": days,
        "errors": errors,
        "objects": len(objects),
        "parquet bytes": sum(item["Size"] for item in objects),
    }


def _since(earlier: Evidence, found: dict[str, Any]) -> dict[str, Any]:
    """The same, less what lay there before the replay."""
    return {
        **found,
        "delivered": found["delivered"] - earlier.series["delivered before"],
        "failed": found["failed"] - earlier.series["failed before"],
    }


def day_of(key: str) -> tuple[int, int]:
    """Month and day of a partition's object.

    >>> day_of("flights/year=2013/month=01/day=05/part-0.parquet")
    (1, 5)
    """
    values = dict(part.split("=", 1) for part in key.split("/") if "=" in part)
    if not {"month", "day"} <= values.keys():
        raise RunError(
            f"object '{key}' lies outside the partitions year=/month=/day=: look at Firehose's prefix"
        )
    return int(values["month"]), int(values["day"])


def error_type(key: str) -> str:
    """Why Firehose could not deliver, as the error prefix says.

    >>> error_type("errors/flights/processing-failed/2026/01/05/x")
    'processing-failed'
    """
    return key.split("/")[2] if key.count("/") > 2 else "unnamed"


def _apart(found: Counter[tuple[int, int]], expected: dict[tuple[int, int], int]) -> str:
    wrong = [day for day in sorted({*found, *expected}) if found[day] != expected.get(day, 0)]
    return f"{len(wrong)} days apart: {wrong[:5]}" if wrong else "no day apart"


LAB = Lab(
    noun="streaming",
    title="Flights through Kinesis and Firehose into Parquet",
    depends_on=("lake", "security"),
    steps=(
        Step("replay", "Replay the flights as events", replay),
        Step("account", "Account for every record", account_for),
    ),
    minutes=25,
    bills=(
        "kinesis-shard-hour",
        "kinesis-put-payload-unit",
        "firehose-ingest-gb",
        "firehose-conversion-gb",
        "firehose-dynamic-partitioning-gb",
        "lambda-gb-second",
        "s3-put-1000",
    ),
)
