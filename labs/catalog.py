"""Lab 04, catalog: let crawlers find what lies in the lake, and compare with what was put there."""

from __future__ import annotations

import csv
import io
from typing import Any

from labs import flights
from labs.context import Context, pages
from labs.evidence import Check, Evidence, Lab, Step, Table, equal


def crawl(context: Context) -> Evidence:
    """Both crawlers have run to their end."""
    glue = context.client("glue")
    names = [context.output("catalog", f"{what}CrawlerName") for what in ("Flights", "Reference")]
    for name in names:
        glue.start_crawler(Name=name)
    crawled = []
    for done, name in enumerate(names, start=1):
        crawled.append(_crawled(context, glue, name))
        context.progress("crawlers", done, len(names))
    rows = [[crawler["Name"], _outcome(crawler["LastCrawl"])] for crawler in crawled]
    return Evidence(
        figures={"crawlers": len(crawled)},
        table=Table(["crawler", "last crawl"], rows),
        checks=[equal(f"crawler {name} succeeded", status, "SUCCEEDED") for name, status in rows],
    )


def _outcome(crawl: dict[str, Any]) -> str:
    return ": ".join(part for part in (crawl["Status"], crawl.get("ErrorMessage")) if part)


def _crawled(context: Context, glue: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = context.until(
        lambda: glue.get_crawler(Name=name)["Crawler"],
        lambda crawler: crawler["State"] == "READY" and crawler.get("LastCrawl"),
        every=15,
        what=f"crawler '{name}'",
    )
    return found


def partitions(context: Context) -> Evidence:
    """Each day of the data is a partition of the flights table."""
    database, table = (context.output("catalog", key) for key in ("DatabaseName", "FlightsTableName"))
    glue = context.client("glue")
    found = pages(glue, "get_partitions", "Partitions", DatabaseName=database, TableName=table)
    values = sorted(tuple(partition["Values"]) for partition in found)
    expected = sorted(("2013", f"{month:02}", f"{day:02}") for month, day in flights.days(context.rows))
    return Evidence(
        figures={"partitions": len(values), "first": "-".join(values[0]) if values else "none"},
        checks=[
            equal("as many partitions as days with flights", len(values), len(expected)),
            equal("each of these days is a partition", sorted(set(expected) - set(values)), []),
        ],
    )


def reference_tables(context: Context) -> Evidence:
    """The crawler has found each reference table and its columns by itself."""
    glue, database = context.client("glue"), context.output("catalog", "DatabaseName")
    tables = {table["Name"]: table for table in pages(glue, "get_tables", "TableList", DatabaseName=database)}
    rows = [[name, *_shape(tables[name])] for name in flights.REFERENCE if name in tables]
    return Evidence(
        figures={"tables": len(tables)},
        table=Table(["table", "format", "columns"], rows),
        checks=[_columns_of(name, tables.get(name)) for name in flights.REFERENCE],
    )


def _shape(table: dict[str, Any]) -> list[str]:
    columns = table["StorageDescriptor"]["Columns"]
    kind = table.get("Parameters", {}).get("classification", "")
    return [kind, ", ".join(f"{column['Name']} {column['Type']}" for column in columns)]


def _columns_of(name: str, table: dict[str, Any] | None) -> Check:
    header = next(csv.reader(io.StringIO(flights.reference_csv(name).decode())))
    found = [column["Name"] for column in table["StorageDescriptor"]["Columns"]] if table else "no table"
    return equal(f"table {name} has the columns of its file", found, [column.lower() for column in header])


LAB = Lab(
    noun="catalog",
    title="Crawlers and the Glue catalog",
    depends_on=("lake", "streaming"),
    steps=(
        Step("crawl", "Start the crawlers", crawl),
        Step("partitions", "Count the partitions", partitions),
        Step("tables", "Read what was inferred", reference_tables),
    ),
    minutes=5,
    bills=("glue-crawler-dpu-hour",),
)
