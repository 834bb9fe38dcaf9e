"""How to read and write a delivery stream's format: its SerDes, and the schema of its Glue table."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from moto.firehose.exceptions import InvalidArgumentException

from offline.engine import client_of_role
from offline.engines.firehose import hive
from offline.engines.firehose.conversion import Deserializer, Serializer

# Apache Hive's SerDe takes Joda patterns; "millis" stands for milliseconds since 1970.
JODA = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f", "Z": "%z"}


def table_of(conversion: dict[str, Any], region: str) -> dict[str, Any]:
    """The Glue table that the schema configuration names, read as its role."""
    schema = conversion["SchemaConfiguration"]
    glue = client_of_role("glue", schema["RoleARN"], schema.get("Region") or region)
    names = {"DatabaseName": schema["DatabaseName"]}
    if schema.get("CatalogId"):
        names["CatalogId"] = schema["CatalogId"]
    version = schema.get("VersionId") or "LATEST"
    if version == "LATEST":
        current: dict[str, Any] = glue.get_table(Name=schema["TableName"], **names)["Table"]
        return current
    found = glue.get_table_version(TableName=schema["TableName"], VersionId=version, **names)
    chosen: dict[str, Any] = found["TableVersion"]["Table"]
    return chosen


def deserializer(conversion: dict[str, Any], table: dict[str, Any]) -> Deserializer:
    """The JSON reader of the input format, for the table's columns; its partition keys are in no file."""
    columns = table["StorageDescriptor"]["Columns"]
    schema = pa.schema([pa.field(column["Name"], hive.arrow(column["Type"])) for column in columns])
    chosen = conversion["InputFormatConfiguration"]["Deserializer"]
    openx = chosen.get("OpenXJsonSerDe")
    if openx is None:
        formats = [
            _strptime(pattern) for pattern in chosen.get("HiveJsonSerDe", {}).get("TimestampFormats", [])
        ]
        return Deserializer(schema, formats=formats)
    return Deserializer(
        schema,
        case_insensitive=openx.get("CaseInsensitive", True),
        dots_to_underscores=openx.get("ConvertDotsInJsonKeysToUnderscores", False),
        mappings=openx.get("ColumnToJsonKeyMappings") or {},
    )


def _strptime(pattern: str) -> str:
    """A Joda pattern in Python's letters."""
    for letters, directive in JODA.items():
        pattern = pattern.replace(letters, directive)
    return pattern.replace("'", "")


def serializer(conversion: dict[str, Any]) -> Serializer:
    """The writer of the output format, with the options it was given."""
    chosen = conversion["OutputFormatConfiguration"]["Serializer"]
    if "OrcSerDe" in chosen:
        return Serializer("orc", _orc(chosen["OrcSerDe"] or {}))
    return Serializer("parquet", _parquet(chosen.get("ParquetSerDe") or {}))


def _parquet(given: dict[str, Any]) -> dict[str, Any]:
    known = {
        "Compression",
        "PageSizeBytes",
        "EnableDictionaryCompression",
        "WriterVersion",
        "BlockSizeBytes",
        "MaxPaddingBytes",
    }
    _refuse_unknown("ParquetSerDe", given, known)
    codec = given.get("Compression", "SNAPPY")
    return {
        "compression": "NONE" if codec == "UNCOMPRESSED" else codec,
        "use_dictionary": given.get("EnableDictionaryCompression", False),
        "data_page_version": "2.0" if given.get("WriterVersion") == "V2" else "1.0",
        "data_page_size": given.get("PageSizeBytes", 1024 * 1024),
    }


def _orc(given: dict[str, Any]) -> dict[str, Any]:
    known = {
        "Compression",
        "StripeSizeBytes",
        "BlockSizeBytes",
        "RowIndexStride",
        "FormatVersion",
        "EnablePadding",
        "PaddingTolerance",
    }
    _refuse_unknown("OrcSerDe", given, known)
    codec = given.get("Compression", "SNAPPY")
    return {
        "compression": "UNCOMPRESSED" if codec == "NONE" else codec,
        "stripe_size": given.get("StripeSizeBytes", 64 * 1024 * 1024),
        "row_index_stride": given.get("RowIndexStride", 10_000),
        "file_version": {"V0_11": "0.11", "V0_12": "0.12"}[given.get("FormatVersion", "V0_12")],
    }


def _refuse_unknown(name: str, given: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        raise InvalidArgumentException(
            f"{name}: {', '.join(unknown)} is not written offline; allowed are {', '.join(sorted(known))}."
        )


def refuse(conversion: dict[str, Any]) -> None:
    """Turn a conversion away that lacks a part, or has an option that could not be written."""
    for part in ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration"):
        if not conversion.get(part):
            raise InvalidArgumentException(
                f"{part} cannot be null or empty when data format conversion is enabled."
            )
    for name in ("RoleARN", "DatabaseName", "TableName"):
        if not conversion["SchemaConfiguration"].get(name):
            raise InvalidArgumentException(f"SchemaConfiguration.{name} cannot be null or empty.")
    serializer(conversion)
