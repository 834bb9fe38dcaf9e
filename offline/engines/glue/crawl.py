"""One run of a crawler: list, sample, recognise, and write the catalog.

The role reads S3 and writes the log; the catalog is the engine's own. Of a folder the first and the last
object are read (or `SampleSize` many), of very many folders an even choice, and of a known object nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.glue import entries, layout
from offline.engines.glue.classify import UNKNOWN, Class, Reader, classify
from offline.engines.glue.layout import Found, Item
from offline.engines.glue.schema import Columns, merge_types
from offline.iam.gatekeeper import AccessDeniedError, require

SAMPLED_FOLDERS = 50
LOG_GROUP = "/aws-glue/crawlers"
BATCH = 100


class CrawlError(Exception):
    """The crawl FAILED; its text is LastCrawl's ErrorMessage."""


@dataclass
class Tally:
    """What a crawl changed, by kind and action, and the lines of its log."""

    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, kind: str, action: str, *names: str) -> None:
        if names:
            self.names.setdefault((kind, action), []).extend(names)

    def count(self, kind: str, action: str) -> int:
        return len(self.names.get((kind, action), []))

    def log(self, level: str, text: str) -> None:
        self.lines.append(f"{level} : {text}")

    def summary(self) -> str:
        made: dict[str, dict[str, Any]] = {}
        for (kind, action), names in self.names.items():
            made.setdefault(kind, {})[action] = {"Count": len(names), "Names": names}
        return json.dumps(made)


@dataclass
class Memory:
    """What a crawler knows from runs before: object versions seen, classes of those read, and folders."""

    seen: set[tuple[str, str, str]] = field(default_factory=set)
    classes: dict[tuple[str, str, str], Class] = field(default_factory=dict)
    folders: set[tuple[str, str]] = field(default_factory=set)


class Crawl:
    """One run over all targets of a crawler."""

    def __init__(self, engine: Any, crawler: Any, crawl_id: str, tally: Tally) -> None:
        self._engine, self._crawler, self._id, self.tally = engine, crawler, crawl_id, tally
        self._policy = crawler.policy
        self._options = crawler.options
        self._memory: Memory = crawler.memory

    def run(self) -> None:
        self.tally.log("BENCHMARK", "Running Start Crawl for Crawler " + self._crawler.name)
        try:
            for target in self._crawler.targets.get("S3Targets") or []:
                self._s3_target(target)
            for target in self._crawler.targets.get("CatalogTargets") or []:
                self._catalog_target(target)
            self.tally.log("BENCHMARK", "Crawler has finished running and is in state READY")
            self._write_log()
        except (ClientError, AccessDeniedError) as error:
            raise CrawlError(str(error)) from None

    def _may(self, operation: str, **given: Any) -> None:
        """The crawler's role may do to the catalog what the crawler is about to do."""
        named = {"DatabaseName": self._crawler.database_name, **given}
        require(self._crawler.role_arn, "glue", operation, named, self._engine.region_name)

    def _database(self) -> Any:
        self._may("GetDatabase", Name=self._crawler.database_name)
        return self._engine.get_database(self._crawler.database_name)

    def _client(self, service: str) -> Any:
        return client_of_role(service, self._crawler.role_arn, self._engine.region_name)

    def _s3_target(self, target: dict[str, Any]) -> None:
        bucket, prefix = split_uri(target["Path"])
        exclusions = target.get("Exclusions") or []
        listed = self._new(bucket, prefix, self._listing(bucket, prefix, exclusions))
        classes = self._classes(bucket, prefix, listed, target.get("SampleSize"))
        places = set()
        for found in self._tables(bucket, prefix, listed, classes):
            place = f"s3://{bucket}/{prefix}{found.path}"
            places.add(place)
            self._enter(bucket, prefix, place, found, classes, exclusions)
        if not self._crawler.new_folders_only:
            self._missing(f"s3://{bucket}/{prefix}", places)

    def _listing(self, bucket: str, prefix: str, exclusions: Sequence[str] = ()) -> list[Item]:
        """Objects with content, not hidden, not excluded, as paths below the target."""
        pages = self._client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [
            Item(entry["Key"][len(prefix) :], entry["Size"], entry["ETag"])
            for page in pages
            for entry in page.get("Contents", [])
            if entry["Size"]
        ]
        kept = [
            item for item in found if not hidden(item.path) and not layout.excluded(item.path, exclusions)
        ]
        self.tally.log("INFO", f"{len(kept)} objects of {len(found)} below s3://{bucket}/{prefix}")
        return kept

    def _new(self, bucket: str, prefix: str, items: list[Item]) -> list[Item]:
        """All objects, or with CRAWL_NEW_FOLDERS_ONLY those of folders that no earlier run saw."""
        folders = {item.path: (bucket, f"{prefix}{item.path}".rpartition("/")[0]) for item in items}
        if self._crawler.new_folders_only:
            items = [item for item in items if folders[item.path] not in self._memory.folders]
        self._memory.folders |= set(folders.values())
        return items

    def _classes(
        self, bucket: str, prefix: str, items: list[Item], size: int | None = None
    ) -> dict[str, Class]:
        """Classes of the sampled objects by path; what was read in an earlier run is not read again."""
        classes: dict[str, Class] = {}
        for item in items:
            if (known := self._memory.classes.get((bucket, prefix + item.path, item.etag))) is not None:
                classes[item.path] = known
        versions = {item.path: (bucket, prefix + item.path, item.etag) for item in items}
        fresh = [item for item in items if versions[item.path] not in self._memory.seen]
        self._memory.seen |= set(versions.values())
        self._read(bucket, prefix, sample(fresh, size), classes)
        if items and not classes:
            self._read(bucket, prefix, sample(items, size), classes)
        return classes

    def _read(self, bucket: str, prefix: str, items: Sequence[Item], classes: dict[str, Class]) -> None:
        s3 = self._client("s3")
        for item in items:
            found = classify(Reader(s3, bucket, prefix + item.path, item.size))
            classes[item.path] = self._memory.classes[(bucket, prefix + item.path, item.etag)] = found
            if found.name == UNKNOWN:
                text = f"Classification {UNKNOWN} for s3://{bucket}/{prefix}{item.path}: {found.reason}"
                self.tally.log("WARN", text)

    def _tables(self, bucket: str, prefix: str, listed: list[Item], classes: dict[str, Class]) -> list[Found]:
        """The target's tables; one of which the sample holds nothing is read, and all are looked at again."""
        level = self._options.get("TableLevelConfiguration")
        below = max(0, int(level) - 1 - prefix.count("/")) if level else 0
        combine = self._options.get("TableGroupingPolicy") == "CombineCompatibleSchemas"
        while True:
            found = list(layout.tables(layout.tree(listed), classes, combine=combine, level=below))
            unread = [table.items for table in found if not any(i.path in classes for i in table.items)]
            if not unread:
                return found
            self._read(bucket, prefix, [item for items in unread for item in sample(items, None)], classes)

    def _enter(
        self,
        bucket: str,
        prefix: str,
        place: str,
        found: Found,
        classes: dict[str, Class],
        exclusions: list[str],
    ) -> None:
        kind, columns = layout.columns_of(found, classes)
        name = self._name(
            layout.table_name(f"{prefix}{found.path}", self._crawler.table_prefix or "", bucket), place
        )
        made = entries.parameters(self._crawler.name, kind, found.items, classes, exclusions)
        if found.keys:
            made["partition_filtering.enabled"] = "true"
        entry = entries.table_input(name, place, found, kind, columns, made)
        database = self._database()
        self._may("GetTable", Name=name)
        if name in database.tables:
            self._update(database.tables[name], entry)
        else:
            self._may("CreateTable", TableInput={"Name": name})
            self._engine.create_table(database.name, name, entry)
            self.tally.add("TABLE", "CREATE", name)
            self.tally.log("INFO", f"Created table {name} in database {database.name}")
        self._partitions(database.tables[name], f"s3://{bucket}/{prefix}", found, made)

    def _name(self, name: str, place: str) -> str:
        """The name, with a hash behind it where another location has taken it."""
        taken = self._database().tables.get(name)
        if taken is None or location(taken).rstrip("/") == place.rstrip("/"):
            return name
        return f"{name}_{hashlib.md5(place.encode()).hexdigest()}"

    def _update(self, table: Any, entry: dict[str, Any]) -> None:
        """A new version of the table if its schema changed and the policy says so; else new counts only."""
        current = table.as_dict()
        if self._options.get("Tables") == "MergeNewColumns":
            entry = with_columns(entry, merged(current, entry))
        if shape(current) == shape(entry):
            table.versions[current["VersionId"]]["Parameters"] = (
                current.get("Parameters", {}) | entry["Parameters"]
            )
        elif self._policy["UpdateBehavior"] == "LOG":
            self.tally.log("INFO", f"Table {table.name} changed; UpdateBehavior is LOG, so it stays as it is")
        else:
            kept = current.get("Parameters") or {}
            entry["Parameters"] = kept | entry["Parameters"]
            entry["Parameters"].pop("DEPRECATED_BY_CRAWLER", None)
            self._may("UpdateTable", TableInput={"Name": table.name})
            self._engine.update_table(table.database_name, table.name, entry)
            self.tally.add("TABLE", "UPDATE", table.name)
            self.tally.log("INFO", f"Updated table {table.name}")

    def _partitions(self, table: Any, root: str, found: Found, made: dict[str, str]) -> None:
        if found.keys:
            self._may("GetPartitions", TableName=table.name)
        storage = table.as_dict()["StorageDescriptor"]
        wanted = {values: f"{root}{folder}" for values, folder in found.partitions}
        known = {tuple(entry.values): entry for entry in table.partitions.values()}
        fresh = [values for values in wanted if values not in known and len(values) == len(keys(table))]
        inputs = [
            {
                "Values": list(values),
                "StorageDescriptor": storage | {"Location": wanted[values]},
                "Parameters": {key: made[key] for key in ("classification", "typeOfData", "compressionType")},
            }
            for values in fresh
        ]
        for start in range(0, len(inputs), BATCH):
            self._may("BatchCreatePartition", TableName=table.name)
            self._engine.batch_create_partition(
                table.database_name, table.name, inputs[start : start + BATCH]
            )
        self.tally.add("PARTITION", "ADD", *("/".join(values) for values in fresh))
        if fresh:
            self.tally.log("INFO", f"Created {len(fresh)} partitions for table {table.name}")
        self._gone_partitions(table, set(known) - set(wanted))
        if self._options.get("Partitions") == "InheritFromTable":
            for entry in table.partitions.values():
                entry.partition_input["StorageDescriptor"]["Columns"] = storage["Columns"]

    def _gone_partitions(self, table: Any, gone: set[tuple[str, ...]]) -> None:
        if not gone or self._crawler.new_folders_only:
            return
        if self._policy["DeleteBehavior"] != "DELETE_FROM_DATABASE":
            self.tally.log("INFO", f"{len(gone)} partitions of table {table.name} have no objects any more")
            return
        self._may("BatchDeletePartition", TableName=table.name)
        for values in sorted(gone):
            self._engine.delete_partition(table.database_name, table.name, list(values))
        self.tally.add("PARTITION", "DELETE", *("/".join(values) for values in sorted(gone)))

    def _missing(self, root: str, places: set[str]) -> None:
        """Tables of this crawler below the target whose objects are gone."""
        database = self._database()
        self._may("GetTables")
        for name, table in list(database.tables.items()):
            parameters = table.as_dict().get("Parameters") or {}
            mine = parameters.get("UPDATED_BY_CRAWLER") == self._crawler.name
            if mine and location(table).startswith(root) and location(table) not in places:
                self._gone(database, name, table, parameters)

    def _gone(self, database: Any, name: str, table: Any, parameters: dict[str, str]) -> None:
        behavior = self._policy["DeleteBehavior"]
        self.tally.log("INFO", f"Table {name} has no objects any more; DeleteBehavior is {behavior}")
        if behavior == "DELETE_FROM_DATABASE":
            self._may("DeleteTable", Name=name)
            self._engine.delete_table(database.name, name)
            self.tally.add("TABLE", "DELETE", name)
        elif behavior == "DEPRECATE_IN_DATABASE" and "DEPRECATED_BY_CRAWLER" not in parameters:
            entry = dict(table.versions[str(table.as_dict()["VersionId"])])
            stamp = str(round(clock.epoch() * 1000))
            entry["Parameters"] = parameters | {"DEPRECATED_BY_CRAWLER": stamp}
            self._may("UpdateTable", TableInput={"Name": name})
            self._engine.update_table(database.name, name, entry)
            self.tally.add("TABLE", "UPDATE", name)

    def _catalog_target(self, target: dict[str, Any]) -> None:
        for name in target["Tables"]:
            table = self._engine.get_table(target["DatabaseName"], name)
            bucket, prefix = split_uri(location(table))
            listed = self._listing(bucket, prefix)
            if not listed:
                self.tally.log("WARN", f"No objects below {location(table)} of table {name}")
                continue
            classes = self._classes(bucket, prefix, self._new(bucket, prefix, listed))
            self._existing(table, bucket, prefix, listed, classes)

    def _existing(
        self, table: Any, bucket: str, prefix: str, listed: list[Item], classes: dict[str, Class]
    ) -> None:
        """Update a table that somebody else defined: its columns, counts and partitions, nothing else."""
        names = keys(table)
        wanted = {}
        for item in listed:
            folders = item.path.split("/")[:-1]
            if len(folders) >= len(names):
                values = tuple(unquote(part.split("=", 1)[-1]) for part in folders[: len(names)])
                wanted[values] = "/".join(folders[: len(names)]) + "/"
        found = Found("", names, tuple(sorted(wanted.items())) if names else (), tuple(listed))
        readable = [entry for entry in classes.values() if entry.name != UNKNOWN]
        if not readable:
            self.tally.log("WARN", f"No object of table {table.name} could be read")
            return
        kind, columns = layout.columns_of(found, classes)
        made = entries.parameters(self._crawler.name, kind, listed, classes, ())
        current = table.as_dict()
        entry = {key: current[key] for key in TABLE_INPUT if key in current}
        entry["Parameters"] = (entry.get("Parameters") or {}) | made
        self._update(table, with_columns(entry, reordered(current, columns)))
        self._partitions(table, f"s3://{bucket}/{prefix}", found, made)

    def _write_log(self) -> None:
        """The crawl's lines in /aws-glue/crawlers, in the stream named after the crawler."""
        logs = self._client("logs")
        stream = {"logGroupName": LOG_GROUP, "logStreamName": self._crawler.name}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=LOG_GROUP)
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**stream)
        now = round(clock.epoch() * 1000)
        events = [{"timestamp": now, "message": f"[{self._id}] {line}"} for line in self.tally.lines]
        logs.put_log_events(**stream, logEvents=events)


TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "TableType",
    "Parameters",
)


def split_uri(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    prefix = parts.path.removeprefix("/")
    return parts.netloc, prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def hidden(path: str) -> bool:
    """Markers such as `_SUCCESS` and hidden folders, which no Hive reader sees."""
    return (
        any(part.startswith(("_", ".")) and "=" not in part for part in path.split("/"))
        or "_$folder$" in path
    )


def sample(items: Sequence[Item], size: int | None) -> list[Item]:
    """The objects to read: ends of each folder, of an even choice of folders; always the very last folder."""
    folders: dict[str, list[Item]] = {}
    for item in items:
        folders.setdefault(item.path.rpartition("/")[0], []).append(item)
    names = sorted(folders)
    step = max(1, -(-len(names) // SAMPLED_FOLDERS))
    chosen = sorted({*names[::step], *names[-1:]})
    return [item for name in chosen for item in ends(folders[name], size, alone=len(names) == 1)]


def ends(items: list[Item], size: int | None, *, alone: bool) -> list[Item]:
    """First and last of a folder; every object where it is the only folder and they are few."""
    if size:
        return items[:size]
    return items if alone and len(items) <= SAMPLED_FOLDERS else list(dict.fromkeys((items[0], items[-1])))


def location(table: Any) -> str:
    return str((table.as_dict().get("StorageDescriptor") or {}).get("Location") or "")


def keys(table: Any) -> tuple[str, ...]:
    return tuple(key["Name"] for key in table.as_dict().get("PartitionKeys") or [])


def columns_of(entry: dict[str, Any]) -> Columns:
    return {column["Name"]: column["Type"] for column in entry["StorageDescriptor"].get("Columns") or []}


def shape(entry: dict[str, Any]) -> tuple[Any, ...]:
    """What makes a new version of a table: columns, partition keys, SerDe, and its being deprecated."""
    names = [key["Name"] for key in entry.get("PartitionKeys") or []]
    serde = entry["StorageDescriptor"].get("SerdeInfo") or {}
    deprecated = "DEPRECATED_BY_CRAWLER" in (entry.get("Parameters") or {})
    return columns_of(entry), names, serde.get("SerializationLibrary"), deprecated


def with_columns(entry: dict[str, Any], columns: Columns) -> dict[str, Any]:
    made = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    return entry | {"StorageDescriptor": entry["StorageDescriptor"] | {"Columns": made}}


def merged(current: dict[str, Any], entry: dict[str, Any]) -> Columns:
    """MergeNewColumns: what is there stays, what is new follows."""
    return (
        columns_of(entry) | columns_of(current)
        if not columns_of(current)
        else {
            **columns_of(current),
            **{name: kind for name, kind in columns_of(entry).items() if name not in columns_of(current)},
        }
    )


def reordered(current: dict[str, Any], columns: Columns) -> Columns:
    """The columns found, in the table's order first, numbers no narrower than the table has them."""
    known = columns_of(current)
    kept = {name: wider(known[name], columns[name]) for name in known if name in columns}
    return kept | {name: kind for name, kind in columns.items() if name not in known}


def wider(declared: str, found: str) -> str:
    return declared if merge_types(declared, found) == declared else found


__all__ = ["Crawl", "CrawlError", "Memory", "Tally"]
