"""The catalog's tables as DuckDB views over local files that mirror the partitions.

A view is made again only when the catalog's entry or an object below it has changed, so a repeated
query costs what DuckDB costs. Files lie under `__table=<n>/<key>=<value>/…`, which lets DuckDB prune
partitions itself and lets `scan` recognise the table in DuckDB's plan; an empty file under another
`__table` is always pruned, because a plan names only filters that prune.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from offline.engine import ACCOUNT_ID
from offline.engines.athena import catalog, dialect, readers
from offline.engines.athena.catalog import Table
from offline.engines.athena.changes import Token, catalog_token, objects_token
from offline.engines.athena.hive import duckdb_type, literal, quoted
from offline.engines.athena.objects import File, Object, Store, bad_data, listing, split_uri, touch
from offline.iam import gatekeeper
from offline.iam.callers import Caller

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class Loaded:
    """A table that DuckDB can query: its files in the order of the view, with their partition values."""

    number: int
    table: Table
    files: list[tuple[tuple[str, ...], File]]
    roots: tuple[tuple[str, str], ...]
    schema: dict[str, str] = field(default_factory=dict)
    catalog_token: Token = ()
    objects_token: Token | None = None
    readers: set[tuple[str, int]] = field(default_factory=set)
    """Who was let in to all of it, by access key and the generation of the account's policies."""


class Lake:
    """Every table that queries have named so far."""

    def __init__(self, region: str, client: Callable[[str], Any]) -> None:
        self._client = client
        self.connection = dialect.connect()
        self.generation = 0
        self.caller: Caller | None = None
        self._region = region
        self._root = Path(tempfile.mkdtemp(prefix="athena-"))
        (self._root / "objects").mkdir()
        self._store = Store(self._root / "objects")
        self._loaded: dict[tuple[str, str], Loaded] = {}
        self._number = 0

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def scratch(self, name: str) -> Path:
        return self._root / name

    def table(self, database: str, name: str, at: tuple[int, int] | None = None) -> Loaded:
        """The table as the catalog and the objects are now."""
        known = self._loaded.get((database, name))
        described = catalog_token(ACCOUNT_ID, self._region, database, name)
        reader = (self.caller.access_key if self.caller else "", gatekeeper.generation)
        same = known is not None and known.catalog_token == described and catalog.is_current(known.table)
        if known and same and self._unchanged(known):
            if reader not in known.readers:
                self._prove(known, at)
                known.readers.add(reader)
            return known
        loaded = self._load(database, name, at)
        loaded.readers.add(reader)
        loaded.catalog_token = described
        if known:
            shutil.rmtree(self._root / f"__table={known.number}", ignore_errors=True)
        self._loaded[(database, name)] = loaded
        self.generation += 1
        self._store.forget({file.object.digest for other in self._loaded.values() for _, file in other.files})
        return loaded

    def numbered(self, number: int) -> Loaded:
        return next(loaded for loaded in self._loaded.values() if loaded.number == number)

    def _unchanged(self, known: Loaded) -> bool:
        now = objects_token(ACCOUNT_ID, known.roots)
        return now is not None and now == known.objects_token

    def _prove(self, known: Loaded, at: tuple[int, int] | None) -> None:
        """Another caller reads what somebody else's query fetched: only what they may read themselves."""
        catalog.table(self._client("glue"), known.table.database, known.table.name, at)
        s3 = self._client("s3")
        for bucket, prefix in known.roots:
            listing(s3, f"s3://{bucket}/{prefix}")
        for _, file in known.files:
            touch(s3, file.object)

    def _load(self, database: str, name: str, at: tuple[int, int] | None) -> Loaded:
        table = catalog.table(self._client("glue"), database, name, at)
        roots = tuple(distinct_roots(table))
        token = objects_token(ACCOUNT_ID, roots)
        s3 = self._client("s3")
        found = [entry for root in roots for entry in listing(s3, "s3://{}/{}".format(*root))]
        files = [
            (values, self._store.file(s3, entry, table.reader, table.serde))
            for values, entry in assigned(table, found)
        ]
        self._number += 1
        loaded = Loaded(self._number, table, files, roots, objects_token=token)
        loaded.schema = {key: duckdb_type(kind) for key, kind in (*table.columns, *table.keys)}
        self._create_view(loaded)
        return loaded

    def _create_view(self, loaded: Loaded) -> None:
        table = loaded.table
        usable = [(values, file) for values, file in loaded.files if not file.broken]
        if loaded.files and not usable:
            raise bad_data(loaded.files[0][1])  # also where a query would have pruned it
        paths = [self._link(loaded, values, file) for values, file in usable]
        if paths:
            paths.append(self._sentinel(loaded, usable[0][1]))
        body = readers.select(table, paths, [file for _, file in usable])
        where = f" WHERE __table = '{loaded.number}'" if paths else " WHERE false"
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.database)}")
        view = f"{quoted(table.database)}.{quoted(table.name)}"
        self.connection.execute(f"CREATE OR REPLACE VIEW {view} AS {body}{where}")
        self._create_partitions(loaded)

    def _create_partitions(self, loaded: Loaded) -> None:
        """Keep each file's partition values as a table too, for `scan` to evaluate filters on."""
        name, keys = f"main.athena_files_{loaded.number}", loaded.table.keys
        columns = "".join(f", {quoted(key)} {duckdb_type(kind)}" for key, kind in keys)
        self.connection.execute(f"CREATE TABLE {name} (athena_index INTEGER{columns})")
        if loaded.files:
            rows = ", ".join(
                f"({', '.join([str(index), *map(partition_literal, values)])})"
                for index, (values, _) in enumerate(loaded.files)
            )
            self.connection.execute(f"INSERT INTO {name} VALUES {rows}")

    def _link(self, loaded: Loaded, values: tuple[str, ...], file: File) -> str:
        folder = self._folder(loaded.number, loaded.table, values)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file.path.name
        if not path.exists():
            os.link(file.path, path)
        return str(path)

    def _sentinel(self, loaded: Loaded, like: File) -> str:
        values = (NULL_PARTITION,) * len(loaded.table.keys)
        path = self._folder(0, loaded.table, values) / f"empty{''.join(like.path.suffixes)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return str(path)

    def _folder(self, number: int, table: Table, values: tuple[str, ...]) -> Path:
        folder = self._root / f"__table={number}"
        for (key, _), value in zip(table.keys, values, strict=True):
            folder /= f"{quote(key, safe='')}={quote(value, safe='')}"
        return folder


def partition_literal(value: str) -> str:
    return "NULL" if value == NULL_PARTITION else literal(value)


def distinct_roots(table: Table) -> Iterable[tuple[str, str]]:
    """The (bucket, prefix) that hold the table: one where all partitions lie under its location."""
    if not table.keys:
        return [folder(table.location)]
    home = folder(table.location)
    places = {folder(partition.location) for partition in table.partitions}
    outside = sorted(place for place in places if place[0] != home[0] or not place[1].startswith(home[1]))
    inside = [home] if len(outside) < len(places) else []
    return inside + outside


def folder(uri: str) -> tuple[str, str]:
    bucket, prefix = split_uri(uri)
    return bucket, prefix if prefix.endswith("/") or not prefix else f"{prefix}/"


def assigned(table: Table, found: list[Object]) -> list[tuple[tuple[str, ...], Object]]:
    """Each object that belongs to the table, with its partition's values; strays are not read."""
    if not table.keys:
        return [((), entry) for entry in found]
    places = {folder(partition.location): partition.values for partition in table.partitions}
    result = []
    for entry in {entry.uri: entry for entry in found}.values():
        values = next((places[above] for above in folders(entry) if above in places), None)
        if values is not None:
            result.append((values, entry))
    return result


def folders(entry: Object) -> Iterable[tuple[str, str]]:
    """The folders around an object, from the nearest."""
    prefix = entry.key
    while "/" in prefix:
        prefix = prefix[: prefix.rindex("/")]
        yield entry.bucket, f"{prefix}/"
    yield entry.bucket, ""
