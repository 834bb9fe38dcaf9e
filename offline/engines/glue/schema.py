"""Columns in Hive's types, and what becomes of two that should be one.

>>> merge_types("int", "bigint"), merge_types("bigint", "double"), merge_types("double", "boolean")
('bigint', 'double', 'string')
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Columns = dict[str, str]
WIDENING = ("tinyint", "smallint", "int", "bigint", "float", "double")
SIMILAR = 0.7
"""Share of column names that folders of one table have in common."""
BOOLEANS = ("true", "false")
INTEGER = re.compile(r"[+-]?\d{1,18}")
REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?")


def merge_types(one: str, other: str) -> str:
    """The narrowest type that holds both; a string where nothing else does. Unknown ('') yields."""
    if one == other or not other:
        return one
    if not one:
        return other
    if one in WIDENING and other in WIDENING:
        if "bigint" in (one, other) and "float" in (one, other):
            return "double"
        return max(one, other, key=WIDENING.index)
    return "string"


def merge(schemas: Iterable[Columns]) -> Columns:
    """All columns in the order in which they are first met."""
    merged: Columns = {}
    for schema in schemas:
        for name, kind in schema.items():
            merged[name] = merge_types(merged.get(name, ""), kind)
    return merged


def similar(one: Columns, other: Columns) -> bool:
    """Whether two folders hold the same kind of rows, by the names of their columns."""
    most = max(len(one), len(other))
    return most == 0 or len(one.keys() & other.keys()) / most >= SIMILAR


def type_of(value: str) -> str:
    """The Hive type of a value in text; none for an empty one. Glue reads whole numbers as bigint.

    >>> type_of("12"), type_of("1.5"), type_of("true"), type_of("NA"), type_of("")
    ('bigint', 'double', 'boolean', 'string', '')
    """
    text = value.strip()
    if not text:
        return ""
    if INTEGER.fullmatch(text):
        return "bigint"
    if REAL.fullmatch(text):
        return "double"
    if text.lower() in BOOLEANS:
        return "boolean"
    if DATE.fullmatch(text):
        return "date"
    return "timestamp" if TIMESTAMP.fullmatch(text) else "string"


def json_type(value: object) -> str:
    """The Hive type of a JSON value; numbers are int where 32 bits hold them, else bigint."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        inner = ""
        for item in value:
            inner = merge_types(inner, json_type(item))
        return f"array<{inner or 'string'}>"
    if isinstance(value, dict):
        fields = ",".join(f"{name}:{json_type(item) or 'string'}" for name, item in value.items())
        return f"struct<{fields}>" if fields else "string"
    return "string"
