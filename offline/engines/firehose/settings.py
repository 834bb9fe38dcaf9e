"""What a delivery stream was told, typed, and refused where AWS refuses it.

Offline refuses more: destinations other than S3, backups, and processors that are not Lambda or
AppendDelimiterToRecord, since nothing here would run them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from moto.firehose.exceptions import InvalidArgumentException

from facts import limits
from offline.engines.firehose import compression, prefix

MIB = 1024 * 1024


@dataclass(frozen=True)
class Transform:
    """The Lambda processor."""

    function_arn: str
    buffer_bytes: int
    interval_seconds: int
    retries: int


@dataclass(frozen=True)
class Settings:
    """An S3 destination and what happens on the way to it."""

    role: str
    bucket: str
    prefix: str
    error_prefix: str
    buffer_bytes: int
    interval_seconds: int
    compression: str = "UNCOMPRESSED"
    kms_key: str = ""
    dynamic: bool = False
    transform: Transform | None = None
    delimiter: bytes = b""
    conversion: dict[str, Any] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    extension: str = ""
    log_group: str = ""
    log_stream: str = ""


def settings_of(config: dict[str, Any]) -> Settings:
    """The settings in an S3 or extended S3 destination configuration."""
    conversion = enabled(config, "DataFormatConversionConfiguration")
    dynamic = bool(enabled(config, "DynamicPartitioningConfiguration"))
    processors = enabled(config, "ProcessingConfiguration").get("Processors", [])
    logging = enabled(config, "CloudWatchLoggingOptions")
    size_mib, interval = _hints(config, large=bool(conversion) or dynamic, dynamic=dynamic)
    own, failing = config.get("Prefix") or "", config.get("ErrorOutputPrefix") or ""
    prefix.refuse(own, failing, dynamic=dynamic)
    _refuse(config, conversion, dynamic, failing)
    return Settings(
        role=config["RoleARN"],
        bucket=config["BucketARN"].rsplit(":", 1)[-1],
        prefix=own if dynamic else prefix.resolved(own),
        error_prefix=prefix.resolved(failing, error=True),
        buffer_bytes=size_mib * MIB,
        interval_seconds=interval,
        compression=compression.known(config.get("CompressionFormat", "UNCOMPRESSED")),
        kms_key=config.get("EncryptionConfiguration", {})
        .get("KMSEncryptionConfig", {})
        .get("AWSKMSKeyARN", ""),
        dynamic=dynamic,
        transform=_transform(processors),
        delimiter=_delimiter(processors),
        conversion=conversion,
        zone=ZoneInfo(config.get("CustomTimeZone") or "UTC"),
        extension=config.get("FileExtension") or "",
        log_group=logging.get("LogGroupName", ""),
        log_stream=logging.get("LogStreamName", ""),
    )


def enabled(config: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of the configuration, empty unless it is there and enabled."""
    part = config.get(name) or {}
    default = name == "DataFormatConversionConfiguration"
    return part if part.get("Enabled", default) else {}


def _hints(config: dict[str, Any], *, large: bool, dynamic: bool) -> tuple[int, int]:
    """The buffer's size in MiB and its interval in seconds, within AWS's limits."""
    hints, scope = config.get("BufferingHints") or {}, "conversion-" if large else ""
    lowest = int(limits.value(f"firehose-buffer-mib-{scope}lowest"))
    size = int(hints.get("SizeInMBs", limits.value(f"firehose-buffer-mib-{scope}default")))
    highest = int(limits.value("firehose-buffer-mib-highest"))
    if not lowest <= size <= highest:
        why = " when data format conversion or dynamic partitioning is enabled" if large else ""
        raise InvalidArgumentException(
            f"BufferingHints.SizeInMBs must be at least {lowest} and at most {highest}{why}; got {size}."
        )
    interval = int(hints.get("IntervalInSeconds", limits.value("firehose-interval-seconds-default")))
    soonest = int(limits.value("firehose-interval-seconds-dynamic-lowest")) if dynamic else 0
    latest = int(limits.value("firehose-interval-seconds-highest"))
    if not soonest <= interval <= latest:
        raise InvalidArgumentException(
            f"BufferingHints.IntervalInSeconds must be at least {soonest}, at most {latest}; got {interval}."
        )
    return size, interval


def _refuse(config: dict[str, Any], conversion: dict[str, Any], dynamic: bool, error_prefix: str) -> None:
    if conversion and config.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
        raise InvalidArgumentException(
            "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled; "
            f"got {config['CompressionFormat']}. Set the compression in the serializer."
        )
    if dynamic and not error_prefix:
        raise InvalidArgumentException(
            "ErrorOutputPrefix cannot be null or empty when dynamic partitioning is enabled."
        )
    if config.get("S3BackupMode", "Disabled") != "Disabled":
        raise InvalidArgumentException("S3BackupMode Enabled is not played offline; use Disabled.")


def _transform(processors: list[dict[str, Any]]) -> Transform | None:
    allowed = ("Lambda", "AppendDelimiterToRecord")
    for processor in processors:
        if processor["Type"] not in allowed:
            raise InvalidArgumentException(
                f"Processor type {processor['Type']} is not played offline; allowed are {', '.join(allowed)}."
            )
    functions = [parameters(processor) for processor in processors if processor["Type"] == "Lambda"]
    if len(functions) > 1:
        raise InvalidArgumentException("Only one Lambda processor is allowed.")
    return _lambda(functions[0]) if functions else None


def _lambda(given: dict[str, str]) -> Transform:
    if "LambdaArn" not in given:
        raise InvalidArgumentException("The Lambda processor needs the parameter LambdaArn.")
    size = float(given.get("BufferSizeInMBs", limits.value("firehose-lambda-buffer-mib-default")))
    lowest, highest = (
        float(limits.value(f"firehose-lambda-buffer-mib-{end}")) for end in ("lowest", "highest")
    )
    if not lowest <= size <= highest:
        raise InvalidArgumentException(f"BufferSizeInMBs must be between {lowest} and {highest}; got {size}.")
    return Transform(
        given["LambdaArn"],
        int(size * MIB),
        int(given.get("BufferIntervalInSeconds", limits.value("firehose-lambda-interval-seconds-default"))),
        int(given.get("NumberOfRetries", limits.value("firehose-lambda-retries-default"))),
    )


def _delimiter(processors: list[dict[str, Any]]) -> bytes:
    """What stands after each record: `\\n` in the parameter means a line break."""
    for processor in processors:
        if processor["Type"] == "AppendDelimiterToRecord":
            return parameters(processor).get("Delimiter", "\\n").encode().decode("unicode_escape").encode()
    return b""


def parameters(processor: dict[str, Any]) -> dict[str, str]:
    return {one["ParameterName"]: one["ParameterValue"] for one in processor.get("Parameters", [])}
