"""Whether a table or its objects changed since they were read.

Listing 365 objects through S3's API costs more than the query over them. moto keeps its records in
this process and replaces a record whenever it changes, so the same records mean an unchanged lake.
"""

from __future__ import annotations

from typing import Any

from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

Token = tuple[Any, ...]


def catalog_token(account: str, region: str, database: str, name: str) -> Token:
    """The records that describe a table: the same tuple as long as nobody changed it."""
    found = glue_backends[account][region].databases.get(database)
    table = found.tables.get(name) if found else None
    if table is None:
        return ()
    return (table, table._current_version, *table.partitions.values())


def objects_token(account: str, roots: tuple[tuple[str, str], ...]) -> Token | None:
    """The records of the objects below these (bucket, prefix); None where they are not ours to see."""
    token: list[Any] = []
    for bucket, prefix in roots:
        found = s3_backends[account]["aws"].buckets.get(bucket)
        if found is None:
            return None
        token += (key for name, key in found.keys.items() if name.startswith(prefix))
    return tuple(token)
