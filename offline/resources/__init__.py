"""The resource table: how each CloudFormation type comes into the account, a row per type."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from offline.resources.row import Row

MODULES = ("kinesis",)
"""The modules that hold rows, one per service, named as boto3 names its client."""


@cache
def table() -> dict[str, Row]:
    """Every row, by CloudFormation type."""
    rows = [row for name in MODULES for row in import_module(f"offline.resources.{name}").ROWS]
    return {row.type: row for row in rows}
