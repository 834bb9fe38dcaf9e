"""Lab 06, query: ask the lake in SQL, check every answer, and see what a file format costs."""

from __future__ import annotations

import re

from labs.answers import compare
from labs.athena import Answer, NamedQuery, ask, dollars, named_queries
from labs.context import Context
from labs.errors import RunError
from labs.evidence import Check, Evidence, Lab, Step, Table, holds

AS_CSV = "flights-as-csv"
COMPARED = "delays-by-carrier"


def answer_named_queries(context: Context) -> Evidence:
    """Every named query has been asked; those we know answer what pandas answers."""
    queries = [query for query in named_queries(context) if query.name != AS_CSV]
    answers: dict[str, Answer] = {}
    checks: list[Check] = []
    for done, query in enumerate(queries, start=1):
        answers[query.name] = ask(context, query.sql, query.database)
        checks += compare(query.name, answers[query.name], context.rows)
        context.progress("named queries", done, len(queries))
    rows = [[name, len(one.rows), one.bytes_scanned, _cost(one, context)] for name, one in answers.items()]
    return Evidence(
        figures={
            "queries": len(answers),
            "bytes scanned": sum(one.bytes_scanned for one in answers.values()),
        },
        table=Table(["query", "rows", "bytes scanned", "dollars"], rows),
        series={"answers": {name: _shown(queries, name, one) for name, one in answers.items()}},
        checks=[
            holds("the workgroup has named queries", bool(queries), len(queries), "at least one"),
            *checks,
        ],
    )


def _cost(answer: Answer, context: Context) -> float | str:
    cost = dollars(answer.bytes_scanned, context.region)
    return "unknown" if cost is None else cost


def _shown(queries: list[NamedQuery], name: str, answer: Answer) -> dict[str, object]:
    sql = next(query.sql for query in queries if query.name == name)
    return {"columns": answer.columns, "rows": answer.rows[:20], "sql": sql, "bytes": answer.bytes_scanned}


def compare_formats(context: Context) -> Evidence:
    """The same question over the same rows, once in Parquet and once in CSV."""
    queries = {query.name: query for query in named_queries(context)}
    missing = [name for name in (AS_CSV, COMPARED) if name not in queries]
    if missing:
        return Evidence(notes=[f"the workgroup has no named query {missing}: nothing to compare"])
    copy, question = queries[AS_CSV], queries[COMPARED]
    table = created_table(copy.sql)
    ask(context, f"DROP TABLE IF EXISTS {table}", copy.database)
    ask(context, copy.sql, copy.database)
    parquet = ask(context, question.sql, question.database)
    csv = ask(context, reading_from(question.sql, "flights", table), question.database)
    rows = [
        [kind, one.bytes_scanned, _cost(one, context), one.seconds]
        for kind, one in (("Parquet", parquet), ("CSV", csv))
    ]
    same = holds(
        "both formats give the same answer",
        not compare_answers(parquet, csv),
        compare_answers(parquet, csv) or "the same",
        "the same",
    )
    fewer = holds(
        "Parquet reads fewer bytes",
        parquet.bytes_scanned < csv.bytes_scanned,
        parquet.bytes_scanned,
        f"< {csv.bytes_scanned:,}",
    )
    return Evidence(
        figures={
            "Parquet bytes": parquet.bytes_scanned,
            "CSV bytes": csv.bytes_scanned,
            "CSV reads times": round(csv.bytes_scanned / max(parquet.bytes_scanned, 1), 1),
        },
        table=Table(["format", "bytes scanned", "dollars", "seconds"], rows),
        checks=[same, fewer],
        notes=["Athena bills at least 10 MB a query, so small scans cost the same."],
    )


def compare_answers(one: Answer, other: Answer) -> str:
    """Where two answers differ, rows in any order; empty where they do not."""
    from labs.answers import same

    if len(one.rows) != len(other.rows):
        return f"{len(one.rows)} rows and {len(other.rows)} rows"
    pairs = zip(sorted(one.rows, key=str), sorted(other.rows, key=str), strict=True)
    apart = [
        (a, b)
        for a, b in pairs
        if not all(same(x, y if y is not None else float("nan")) for x, y in zip(a, b, strict=True))
    ]
    return f"{len(apart)} rows, first {apart[0]}" if apart else ""


def created_table(sql: str) -> str:
    """The table that a CREATE TABLE AS makes.

    >>> created_table("CREATE TABLE flights_csv WITH (format = 'TEXTFILE') AS SELECT 1")
    'flights_csv'
    """
    found = re.search(r'create\s+table\s+(?:if\s+not\s+exists\s+)?([\w."]+)', sql, re.IGNORECASE)
    if found is None:
        raise RunError(f"named query '{AS_CSV}' is no CREATE TABLE … AS: {sql:.200}")
    return found.group(1)


def reading_from(sql: str, table: str, other: str) -> str:
    """The query over another table: only what follows FROM or JOIN is replaced.

    >>> reading_from("SELECT count(*) AS flights FROM flights f", "flights", "flights_csv")
    'SELECT count(*) AS flights FROM flights_csv f'
    """
    return re.sub(
        rf'\b(from|join)(\s+)(?:"?\w+"?\.)?"?{table}"?(?![\w.])', rf"\1\2{other}", sql, flags=re.IGNORECASE
    )


LAB = Lab(
    noun="query",
    title="SQL over the lake with Athena",
    depends_on=("lake", "catalog"),
    steps=(
        Step("answers", "Ask the named queries", answer_named_queries),
        Step("formats", "Ask the same of Parquet and CSV", compare_formats),
    ),
    minutes=3,
    bills=("athena-scan-tb",),
)
