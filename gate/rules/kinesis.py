"""Amazon Kinesis Data Streams: streams with fewer shards than the load they declare."""

from __future__ import annotations

from collections.abc import Iterator

from facts.errors import ImpossibleError
from facts.sizing import shards
from gate.finding import Finding
from gate.template import Templates

LOAD = "DeclaredLoad"
"""Metadata of a stream: `RecordsPerSecond`, `RecordBytes` and `Readers` without enhanced fan-out."""


def declared_load(templates: Templates) -> Iterator[Finding]:
    """A provisioned stream takes the load that its metadata declares."""
    for stream in templates.resources("AWS::Kinesis::Stream"):
        load, count = stream.metadata.get(LOAD), stream.number("ShardCount")
        if not isinstance(load, dict) or count is None:
            continue
        try:
            needed = shards(load["RecordsPerSecond"], load["RecordBytes"], load.get("Readers", 1))
        except (KeyError, TypeError, ImpossibleError) as error:
            message = f"Metadata.{LOAD} cannot be read: {error}"
            fix = "give RecordsPerSecond, RecordBytes and Readers as numbers above zero"
        else:
            if count >= needed:
                continue
            message = (
                f"got {count:.0f} shards; {load['RecordsPerSecond']} records/s of {load['RecordBytes']} B "
                f"for {load.get('Readers', 1)} readers need {needed}"
            )
            fix = f"set {needed}"
        yield Finding(
            stream.template.name,
            stream.logical_id,
            "kinesis-shards",
            stream.type,
            "ShardCount",
            message,
            fix,
            "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html",
        )


RULES = (declared_load,)
