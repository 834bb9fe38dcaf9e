"""What a crawler writes into the Data Catalog: tables and partitions with Glue's standard parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from offline.engines.glue.classify import UNKNOWN, Class
from offline.engines.glue.layout import Found, Item
from offline.engines.glue.schema import Columns

HADOOP = "org.apache.hadoop.hive"
TEXT = ("org.apache.hadoop.mapred.TextInputFormat", f"{HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat")
FORMATS = {
    "parquet": (
        f"{HADOOP}.ql.io.parquet.MapredParquetInputFormat",
        f"{HADOOP}.ql.io.parquet.MapredParquetOutputFormat",
        f"{HADOOP}.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "orc": (
        f"{HADOOP}.ql.io.orc.OrcInputFormat",
        f"{HADOOP}.ql.io.orc.OrcOutputFormat",
        f"{HADOOP}.ql.io.orc.OrcSerde",
    ),
    "json": (*TEXT, "org.openx.data.jsonserde.JsonSerDe"),
    "csv": (*TEXT, f"{HADOOP}.serde2.lazy.LazySimpleSerDe"),
    UNKNOWN: ("", "", ""),
}
"""Input format, output format and SerDe by classification. Glue gives quoted CSV no other SerDe."""


def table_input(
    name: str, location: str, found: Found, kind: Class, columns: Columns, parameters: dict[str, str]
) -> dict[str, Any]:
    """Glue's TableInput of a table that a crawler found; its partition keys are strings."""
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in found.keys],
        "StorageDescriptor": storage(location, kind, columns, parameters),
    }


def storage(location: str, kind: Class, columns: Columns, parameters: dict[str, str]) -> dict[str, Any]:
    input_format, output_format, serde = FORMATS[kind.name]
    return {
        "Columns": [{"Name": name, "Type": hive} for name, hive in columns.items()],
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": kind.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_parameters(kind, columns)},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters,
        "StoredAsSubDirectories": False,
    }


def serde_parameters(kind: Class, columns: Columns) -> dict[str, str]:
    if kind.name == "csv":
        return {"field.delim": kind.delimiter}
    if kind.name == "json":
        return {"paths": ",".join(sorted(columns))}
    return {"serialization.format": "1"}


def parameters(
    crawler: str, kind: Class, items: Sequence[Item], classes: dict[str, Class], exclusions: Sequence[str]
) -> dict[str, str]:
    """Glue's standard parameters; counts of rows are estimated from the objects that were read."""
    size = sum(item.size for item in items)
    record = record_bytes(items, classes)
    made = {
        "sizeKey": str(size),
        "objectCount": str(len(items)),
        "UPDATED_BY_CRAWLER": crawler,
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "recordCount": str(round(size / record) if record else 0),
        "averageRecordSize": str(round(record)),
        "compressionType": kind.compression,
        "classification": kind.name,
        "typeOfData": "file",
    }
    if exclusions:
        made["exclusions"] = json.dumps(list(exclusions))
    return made | csv_parameters(kind)


def csv_parameters(kind: Class) -> dict[str, str]:
    if kind.name != "csv":
        return {}
    made = {
        "delimiter": kind.delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": str(kind.quoted).lower(),
    }
    return made | ({"skip.header.line.count": "1"} if kind.has_header else {})


def record_bytes(items: Sequence[Item], classes: dict[str, Class]) -> float:
    """Bytes of an average row: object size over rows where a footer counts them, else a line's length."""
    read = [(item, classes[item.path]) for item in items if item.path in classes]
    counted = [
        (item.size, entry.records) for item, entry in read if entry.name in ("parquet",) and entry.records
    ]
    if counted:
        return sum(size for size, _ in counted) / sum(records or 0 for _, records in counted)
    lengths = [entry.record_bytes for _, entry in read if entry.record_bytes]
    return sum(lengths) / len(lengths) if lengths else 0.0
