"""Ask Athena a question through a workgroup: start, wait, read every page; with what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facts import limits
from facts.prices import price
from labs.context import Context, pages
from labs.errors import RunError

TERABYTE = 10**12
"""Athena's price counts decimal terabytes, as its 10 MB minimum counts decimal megabytes."""


@dataclass(frozen=True)
class Answer:
    """One query's result, every cell as text or None, and what Athena says it read."""

    columns: list[str]
    rows: list[list[str | None]]
    bytes_scanned: int
    seconds: float


@dataclass(frozen=True)
class NamedQuery:
    """A query that was deployed with its workgroup."""

    name: str
    database: str
    sql: str


def named_queries(context: Context, workgroup: str = "") -> list[NamedQuery]:
    """Every named query of a workgroup, the labs' own unless another is named, by name."""
    athena, workgroup = context.client("athena"), workgroup or context.output("query", "WorkGroupName")
    ids = pages(athena, "list_named_queries", "NamedQueryIds", WorkGroup=workgroup)
    found = [athena.get_named_query(NamedQueryId=one)["NamedQuery"] for one in ids]
    queries = [NamedQuery(query["Name"], query["Database"], query["QueryString"]) for query in found]
    return sorted(queries, key=lambda query: query.name)


def ask(context: Context, sql: str, database: str, workgroup: str = "") -> Answer:
    """The answer, or an error with Athena's own reason; in the labs' workgroup unless another is named."""
    athena = context.client("athena")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        WorkGroup=workgroup or context.output("query", "WorkGroupName"),
    )
    execution = _finished(context, athena, started["QueryExecutionId"])
    statistics = execution.get("Statistics", {})
    columns, rows = _results(athena, execution)
    return Answer(
        columns,
        rows,
        statistics.get("DataScannedInBytes", 0),
        statistics.get("EngineExecutionTimeInMillis", 0) / 1000,
    )


def _finished(context: Context, athena: Any, query_id: str) -> dict[str, Any]:
    execution: dict[str, Any] = context.until(
        lambda: athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"],
        lambda found: found["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"),
        every=1,
        at_most=1800,
        what=f"Athena query {query_id}",
    )
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        reason = status.get("StateChangeReason", "no reason given")
        raise RunError(f"Athena query {status['State'].lower()}: {reason}\n  {execution['Query']:.500}")
    return execution


def _results(athena: Any, execution: dict[str, Any]) -> tuple[list[str], list[list[str | None]]]:
    if execution.get("StatementType") == "DDL":
        return [], []
    answers = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"]
    )
    columns: list[str] = []
    rows: list[list[str | None]] = []
    for page in answers:
        columns = [one["Name"] for one in page["ResultSet"]["ResultSetMetadata"].get("ColumnInfo", [])]
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
    # The first row of a SELECT repeats the column names.
    return columns, rows[1:] if rows and rows[0] == columns else rows


def dollars(bytes_scanned: int, region: str) -> float | None:
    """What a query costs, 10 MB at least; None where the region's price is not known.

    >>> dollars(10**12, "us-east-1")
    5.0
    """
    per_terabyte = price("athena-scan-tb", region).usd
    if per_terabyte is None:
        return None
    billed = max(bytes_scanned, int(limits.value("athena-scan-minimum-bytes")))
    return billed / TERABYTE * per_terabyte
