"""Amazon Data Firehose: what CreateDeliveryStream refuses, and what loses time or records."""

from __future__ import annotations

from collections.abc import Iterator

from facts import limits
from gate.finding import Finding
from gate.template import Resource, Templates

TYPE = "AWS::KinesisFirehose::DeliveryStream"
S3 = "ExtendedS3DestinationConfiguration"
PARTITIONING = f"{S3}.DynamicPartitioningConfiguration.Enabled"
SOURCE = "https://docs.aws.amazon.com/firehose/latest/dev/"


def _streams(templates: Templates) -> Iterator[Resource]:
    return (stream for stream in templates.resources(TYPE) if stream.has(S3))


def _converts(stream: Resource) -> bool:
    """Conversion that is written is enabled unless something else is said of it."""
    part = f"{S3}.DataFormatConversionConfiguration"
    return isinstance(stream.value(part), dict) and (
        stream.on(f"{part}.Enabled") or not stream.has(f"{part}.Enabled")
    )


def _partitions(stream: Resource) -> bool:
    return stream.on(PARTITIONING)


def _plain(stream: Resource) -> bool:
    """Whether nothing is partitioned dynamically, for sure."""
    return stream.off(PARTITIONING) or not stream.has(PARTITIONING)


def _finding(stream: Resource, rule: str, at: str, message: str, fix: str, page: str) -> Finding:
    location = f"{S3}.{at}" if at else S3
    return Finding(
        stream.template.name, stream.logical_id, rule, stream.type, location, message, fix, SOURCE + page
    )


def buffer_of_conversion(templates: Templates) -> Iterator[Finding]:
    """Conversion and dynamic partitioning need large buffers."""
    lowest = int(limits.number("firehose-buffer-mib-conversion-lowest"))
    for stream in _streams(templates):
        wanted = [
            name
            for name, on in (
                ("format conversion", _converts(stream)),
                ("dynamic partitioning", _partitions(stream)),
            )
            if on
        ]
        size = stream.number(f"{S3}.BufferingHints.SizeInMBs")
        if wanted and size is not None and size < lowest:
            yield _finding(
                stream,
                "firehose-buffer",
                "BufferingHints.SizeInMBs",
                f"got {size:g} MiB with {' and '.join(wanted)}",
                f"set at least {lowest}",
                "record-format-conversion.html",
            )


def compression_of_conversion(templates: Templates) -> Iterator[Finding]:
    """A converted file is compressed inside; the object itself must not be."""
    for stream in _streams(templates):
        compression = stream.value(f"{S3}.CompressionFormat")
        if _converts(stream) and compression not in (
            None,
            "UNCOMPRESSED",
        ):
            yield _finding(
                stream,
                "firehose-compression",
                "CompressionFormat",
                f"got {compression} with format conversion",
                "remove it, and choose the compression of the Parquet or ORC serializer",
                "record-format-conversion.html",
            )


def error_prefix(templates: Templates) -> Iterator[Finding]:
    """A prefix with expressions needs an error prefix, and that the error's type."""
    for stream in _streams(templates):
        prefix, errors = (_prefix(stream, name) for name in ("Prefix", "ErrorOutputPrefix"))
        if "!{" in prefix and not stream.has(f"{S3}.ErrorOutputPrefix"):
            yield _finding(
                stream,
                "firehose-error-prefix",
                "ErrorOutputPrefix",
                "missing although Prefix holds expressions",
                "set one, such as errors/!{firehose:error-output-type}/",
                "s3-prefixes.html",
            )
        if "!{" in errors and "!{firehose:error-output-type}" not in errors:
            yield _finding(
                stream,
                "firehose-error-prefix",
                "ErrorOutputPrefix",
                f"got {errors}, which holds expressions but not the error's type",
                "add !{firehose:error-output-type}",
                "s3-prefixes.html",
            )


def _prefix(stream: Resource, name: str) -> str:
    """The text of a prefix; what only AWS knows is left out."""
    parts = stream.template.parts(stream.node(f"{S3}.{name}"))
    return "".join(part for part in parts if isinstance(part, str))


def partition_keys(templates: Templates) -> Iterator[Finding]:
    """Partition keys stand in the prefix exactly when dynamic partitioning is on."""
    for stream in _streams(templates):
        prefix = _prefix(stream, "Prefix")
        if "!{partitionKeyFrom" in prefix and _plain(stream):
            yield _finding(
                stream,
                "firehose-partition-keys",
                "DynamicPartitioningConfiguration",
                "not enabled although Prefix names partition keys; it cannot be enabled later",
                "set Enabled to true before the stream is created",
                "dynamic-partitioning.html",
            )
        if (
            _partitions(stream)
            and stream.value(f"{S3}.Prefix") is not None
            and "!{partitionKeyFrom" not in prefix
        ):
            yield _finding(
                stream,
                "firehose-partition-keys",
                "Prefix",
                "names no partition key although dynamic partitioning is enabled",
                "add !{partitionKeyFromQuery:...} or !{partitionKeyFromLambda:...}",
                "dynamic-partitioning.html",
            )


def lambda_timeout(templates: Templates) -> Iterator[Finding]:
    """Firehose gives a transform five minutes, whatever its own timeout says."""
    longest = int(limits.number("firehose-lambda-timeout-seconds"))
    for stream in _streams(templates):
        for function in _transforms(templates, stream):
            timeout = function.number("Timeout")
            if timeout is not None and timeout > longest:
                yield Finding(
                    function.template.name,
                    function.logical_id,
                    "firehose-lambda-timeout",
                    function.type,
                    "Timeout",
                    f"got {timeout:g} seconds; {stream.logical_id} invokes it and waits {longest}",
                    f"set at most {longest}",
                    SOURCE + "data-transformation.html",
                )


def _transforms(templates: Templates, stream: Resource) -> Iterator[Resource]:
    for _, processor in stream.values(f"{S3}.ProcessingConfiguration.Processors[]"):
        parameters = processor.get("Parameters") if isinstance(processor, dict) else None
        for parameter in parameters if isinstance(parameters, list) else []:
            if not isinstance(parameter, dict) or parameter.get("ParameterName") != "LambdaArn":
                continue
            for part in stream.template.parts(parameter.get("ParameterValue")):
                function = templates.at(part, "AWS::Lambda::Function") if not isinstance(part, str) else None
                if function is not None:
                    yield function


def switched_on_later(old: Templates, new: Templates) -> Iterator[Finding]:
    """Dynamic partitioning is chosen when a delivery stream is created, and never again."""
    before = {stream.logical_id: stream for stream in _streams(old)}
    for stream in _streams(new):
        was = before.get(stream.logical_id)
        if was is None or not (
            (_plain(was) and _partitions(stream)) or (_partitions(was) and _plain(stream))
        ):
            continue
        change = "on" if _partitions(stream) else "off"
        yield _finding(
            stream,
            "firehose-dynamic-partitioning-later",
            "DynamicPartitioningConfiguration.Enabled",
            f"would be switched {change} on a delivery stream that exists",
            "give the delivery stream another logical id, so that it is replaced",
            "dynamic-partitioning.html",
        )


RULES = (
    buffer_of_conversion,
    compression_of_conversion,
    error_prefix,
    partition_keys,
    lambda_timeout,
)
CHANGES = (switched_on_later,)
