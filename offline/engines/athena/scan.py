"""Bytes a query scans, which is what Athena bills.

DuckDB's plan says which columns and which partitions each scan is left with. Of a columnar file count
the compressed bytes of the columns named, in row groups whose statistics do not rule them out; of any
other file counts the whole object. Athena may stop reading early under a LIMIT; here it counts in full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from offline.engines.athena.lake import Lake, Loaded
from offline.engines.athena.objects import File, RowGroup, bad_data

IDENTITY = re.compile(r"\(__table = '(\d+)'\)")


def scanned_bytes(lake: Lake, sql: str) -> int:
    """What all scans of the plan read together."""
    plan = json.loads(lake.connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()[0][1])
    return sum(scan_bytes(lake, info) for info in scans(plan))


def scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node["name"].strip().startswith("READ_"):
            yield node["extra_info"]
        yield from scans(node["children"])


def scan_bytes(lake: Lake, info: dict[str, Any]) -> int:
    filters = text(info.get("File Filters"))
    found = IDENTITY.search(filters)
    if found is None:
        return 0  # The plan reads no file at all.
    loaded = lake.numbered(int(found[1]))
    conditions = [part for part in brackets(filters) if not IDENTITY.fullmatch(part)]
    files = remaining(lake, loaded, conditions)
    for file in files:
        if file.broken:
            raise bad_data(file)
    if loaded.table.reader not in ("parquet", "orc"):
        return sum(file.object.size for file in files)
    wanted, limits = columns(info)
    return sum(
        sum(group.sizes.get(name, 0) for name in wanted)
        for file in files
        for group in file.groups
        if not any(rules_out(limit, group) for limit in limits)
    )


def text(value: str | list[str] | None) -> str:
    return "".join(value) if isinstance(value, list) else value or ""


def brackets(filters: str) -> Iterator[str]:
    """The bracketed conditions that DuckDB prints one after another.

    >>> list(brackets("((day = '3') OR (day = ')'))(month = '1')"))
    ["((day = '3') OR (day = ')'))", "(month = '1')"]
    """
    depth, quoted, part = 0, False, ""
    for letter in filters:
        quoted ^= letter == "'"
        part += letter
        if not quoted:
            depth += (letter == "(") - (letter == ")")
        if depth == 0 and not quoted and part.strip():
            yield part.strip()
            part = ""


def remaining(lake: Lake, loaded: Loaded, conditions: list[str]) -> list[File]:
    """The files whose partition values fit; all of them where a condition cannot be read back."""
    if not conditions:
        return [file for _, file in loaded.files]
    where = " AND ".join(conditions)
    sql = f"SELECT athena_index FROM main.athena_files_{loaded.number} WHERE {where}"
    try:
        return [loaded.files[index][1] for (index,) in lake.connection.execute(sql).fetchall()]
    except duckdb.Error:
        return [file for _, file in loaded.files]


def columns(info: dict[str, Any]) -> tuple[set[str], list[exp.Expr]]:
    """The columns a scan reads, and its filters that compare a column with a literal."""
    projected = info.get("Projections") or []
    names = {projected} if isinstance(projected, str) else set(projected)
    filters = text(info.get("Filters"))
    try:
        trees = [sqlglot.parse_one(part, read="duckdb") for part in brackets(filters)] if filters else []
    except SqlglotError:
        return {name.lower() for name in names} | set(re.findall(r"\w+", filters.lower())), []
    for tree in trees:
        names |= {column.name for column in tree.find_all(exp.Column)}
    return {name.lower() for name in names}, [part for tree in trees for part in conjuncts(tree.unnest())]


def conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    return [part.unnest() for part in tree.flatten()] if isinstance(tree, exp.And) else [tree]


def rules_out(limit: exp.Expr, group: RowGroup) -> bool:
    """Whether no row of the group can fit, by the smallest and largest value of the column."""
    if not isinstance(limit, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.EQ):
        return False
    column, value = limit.left.unnest(), limit.right.unnest()
    if not isinstance(column, exp.Column) or column.name.lower() not in group.ranges:
        return False
    low, high = group.ranges[column.name.lower()]
    known = constant(value)
    if known is None or isinstance(low, bool) or not same_kind(low, known):
        return False
    below, above = high < known, low > known
    if isinstance(limit, exp.EQ):
        return bool(below or above)
    if isinstance(limit, exp.GT | exp.GTE):
        return bool(below or (isinstance(limit, exp.GT) and high == known))
    return bool(above or (isinstance(limit, exp.LT) and low == known))


def constant(value: exp.Expr) -> str | float | None:
    sign = 1
    if isinstance(value, exp.Neg):
        sign, value = -1, value.this
    if not isinstance(value, exp.Literal):
        return None
    return value.name if value.is_string else sign * float(value.name)


def same_kind(stored: Any, known: str | float) -> bool:
    return isinstance(stored, str) if isinstance(known, str) else isinstance(stored, int | float)
