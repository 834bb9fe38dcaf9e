"""Turn a run into a page: pick what the template shows, draw what is drawn, fill the template."""

from __future__ import annotations

from calendar import month_abbr, month_name, monthrange
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from labs import costs, idle_costs, run_costs
from labs.evidence import Evidence, Run, shown
from labs.report import architecture, charts, resources

HERE = Path(__file__).parent


def render(run: Run, stacks: list[dict[str, Any]]) -> str:
    """The whole page, self-contained: styles and pictures inside, nothing loaded from elsewhere."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "shown": shown,
        "cell": as_cell,
        "bytes": as_bytes,
        "dollars": as_dollars,
        "seconds": as_seconds,
        "moment": as_moment,
    }
    return environment.get_template("page.html.j2").render(**contents(run, stacks))


def contents(run: Run, stacks: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything the template names; a part whose step did not run is None and is left out."""
    found = {f"{step.lab}/{step.name}": step.evidence for step in run.steps}
    checks = [(step, check) for step in run.steps for check in step.evidence.checks]
    idle, used = idle_costs.idle(stacks, run.region), run_costs.one_run(stacks, run.region, run.rows)
    return {
        "run": run,
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
        "held": sum(check.passed for _, check in checks),
        "checks": len(checks),
        "headline": headline(found),
        "architecture": architecture.draw(resources.views(stacks)),
        "stacks": len(stacks),
        "resources": sum(len(stack["template"].get("Resources", {})) for stack in stacks),
        "layouts": _part(layouts, found, "lake/layouts"),
        "files": _part(files, found, "lake/formats"),
        "storage": _part(storage, found, "lake/classes"),
        "flow": _part(flow, found, "streaming/replay", "streaming/account"),
        "days": _part(day_grid, found, "streaming/account"),
        "queries": _part(queries, found, "query/answers"),
        "formats": _part(formats, found, "query/formats"),
        "model": _part(model, found, "training/judge"),
        "gains": _part(gains, found, "training/model"),
        "times": times(run),
        "idle": idle,
        "used": used,
        "used_total": costs.total(used),
        "used_unknown": len(costs.unknown(used)),
        "idle_total": costs.total(idle),
        "idle_unknown": sum(line.usd is None for line in idle),
    }


def _part(
    make: Callable[..., dict[str, Any] | None], found: dict[str, Evidence], *steps: str
) -> dict[str, Any] | None:
    return make(*(found[step] for step in steps)) if all(step in found for step in steps) else None


def headline(found: dict[str, Evidence]) -> list[tuple[str, str]]:
    """The figures a reader takes away, as far as their steps ran."""
    wanted = (
        ("streaming/replay", "sent", "events sent"),
        ("streaming/account", "delivered", "in the lake as Parquet"),
        ("streaming/account", "failed", "malformed, set aside"),
        ("streaming/account", "partitions", "daily partitions"),
        ("query/formats", "CSV reads times", "times the bytes in CSV"),
        ("training/judge", "roc_auc", "ROC-AUC on unseen months"),
    )
    return [
        (shown(found[step].figures[figure]), label)
        for step, figure, label in wanted
        if step in found and figure in found[step].figures
    ]


def layouts(measured: Evidence) -> dict[str, Any]:
    """Bytes read by question and layout, bars relative to the most."""
    rows = measured.series["layouts"]
    most = max(row[3] for row in rows) or 1
    bars = [
        {"question": question, "layout": layout, "files": count, "bytes": size, "width": 100 * size / most}
        for question, layout, count, size in rows
    ]
    return {"bars": bars}


def files(measured: Evidence) -> dict[str, Any]:
    """The six files and what two columns need of each."""
    return {"svg": charts.format_sizes(measured.series["formats"]), "figures": measured.figures}


def storage(passed: Evidence) -> dict[str, Any]:
    """What keeping an object costs as days pass, by the class it was put in."""
    return {
        "svg": charts.storage_costs(passed.series["days"], passed.series["usd"]),
        "table": passed.table,
        "notes": passed.notes,
        "observed": passed.series["observed"],
    }


def flow(replay: Evidence, account: Evidence) -> dict[str, Any]:
    """Records hop by hop."""
    sent, failed = int(replay.figures["sent"]), int(account.figures["failed"])
    delivered = int(account.figures["delivered"])
    return {
        "sent": sent,
        "calls": replay.figures["calls"],
        "refused": replay.figures["refused and sent again"],
        "shards": replay.figures["shards"],
        "bytes": replay.figures["bytes"],
        "delivered": delivered,
        "failed": failed,
        "missing": sent - delivered - failed,
        "objects": account.figures["objects"],
        "parquet": account.figures["parquet bytes"],
        "errors": account.series["errors"],
        # A share that is too small to see is drawn as three hundredths of the height.
        "failed_height": max(3.0, 100 * failed / max(sent, 1)) if failed else 0.0,
    }


def day_grid(account: Evidence) -> dict[str, Any]:
    """A cell for each day of the year, darker where more records lie."""
    counts = {(month, day): rows for month, day, rows in account.series["days"]}
    most, least = max(counts.values(), default=1), min(counts.values(), default=0)
    spread = max(most - least, 1)
    months = [
        {
            "name": month_abbr[month],
            "prefix": f"month={month:02}",
            "total": sum(rows for (m, _), rows in counts.items() if m == month),
            "days": [
                {
                    "day": day,
                    "rows": counts.get((month, day)),
                    "shade": _shade(counts.get((month, day)), least, spread),
                }
                for day in range(1, monthrange(2013, month)[1] + 1)
            ],
        }
        for month in range(1, 13)
    ]
    return {"months": months, "most": most, "least": least, "partitions": len(counts)}


def _shade(rows: int | None, least: int, spread: int) -> float:
    return 0.0 if rows is None else round(0.12 + 0.88 * ((rows - least) / spread) ** 1.6, 3)


def queries(answers: Evidence) -> dict[str, Any]:
    """Each named query with the first rows of its answer."""
    costs_of = {row[0]: row[3] for row in answers.table.rows} if answers.table else {}
    return {
        name: {
            **one,
            "dollars": costs_of.get(name, "unknown"),
            "rows": one["rows"][:12],
            "all": len(one["rows"]),
        }
        for name, one in answers.series["answers"].items()
    }


def formats(evidence: Evidence) -> dict[str, Any] | None:
    """The same question in both formats, bars relative to the larger."""
    if evidence.table is None:
        return None
    most = max(row[1] for row in evidence.table.rows) or 1
    bars = [
        {"name": name, "bytes": scanned, "dollars": dollars, "width": 100 * scanned / most}
        for name, scanned, dollars, _ in evidence.table.rows
    ]
    return {"bars": bars, "times": evidence.figures["CSV reads times"], "notes": evidence.notes}


def model(judged: Evidence) -> dict[str, Any]:
    """The confusion matrix with shares of each true class, and both curves."""
    tn, fp, fn, tp = judged.series["confusion"]
    on_time, late = max(tn + fp, 1), max(fn + tp, 1)
    names = ("accuracy", "precision", "recall", "f1", "roc_auc")
    return {
        "cells": [
            {"said": "on time", "was": "on time", "count": tn, "share": tn / on_time, "right": True},
            {"said": "late", "was": "on time", "count": fp, "share": fp / on_time, "right": False},
            {"said": "on time", "was": "late", "count": fn, "share": fn / late, "right": False},
            {"said": "late", "was": "late", "count": tp, "share": tp / late, "right": True},
        ],
        "scored": tn + fp + fn + tp,
        "late": fn + tp,
        "measures": [(name.replace("_", "-"), judged.figures[name]) for name in names],
        "roc": charts.roc(judged.series["roc"], float(judged.figures["roc_auc"])),
        "precision_recall": charts.precision_recall(
            judged.series["precision recall"], (fn + tp) / max(tn + fp + fn + tp, 1)
        ),
    }


def gains(opened: Evidence) -> dict[str, Any] | None:
    found = [(name, gain) for name, gain in opened.series["gains"]]
    return {"svg": charts.importance(found), "figures": opened.figures} if found else None


def times(run: Run) -> list[dict[str, Any]]:
    """Bars on one time axis: phases before the steps, the steps, phases after them."""
    before = [("", name, run.phases[name]) for name in ("synth", "deploy") if name in run.phases]
    steps = [(step.lab, step.title, step.seconds) for step in run.steps]
    after = [("", "destroy", run.phases["destroy"])] if "destroy" in run.phases else []
    lines = [*before, *steps, *after]
    whole, at = sum(seconds for _, _, seconds in lines) or 1.0, 0.0
    bars = []
    for lab, title, seconds in lines:
        bars.append(
            {
                "lab": lab,
                "title": title,
                "seconds": seconds,
                "left": 100 * at / whole,
                "width": 100 * seconds / whole,
            }
        )
        at += seconds
    return bars


def as_bytes(count: float) -> str:
    """A number of bytes as people say it.

    >>> as_bytes(104_000_000), as_bytes(512)
    ('104.0 MB', '512 B')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,.0f} B"


def as_dollars(amount: float | str | None) -> str:
    """Dollars, with as many places as it takes to show something; what is not known says so.

    >>> as_dollars(0.00005), as_dollars(22.9), as_dollars(None), as_dollars(0.0000001)
    ('$0.00005', '$22.90', 'unknown', 'below $0.000001')
    """
    if amount is None or isinstance(amount, str):
        return "unknown"
    if 0 < amount < 0.000001:
        return "below $0.000001"
    return f"${amount:.6f}".rstrip("0") if 0 < amount < 0.01 else f"${amount:,.2f}"


def as_moment(written: str) -> str:
    """
    >>> as_moment("2026-01-05T12:00:00+00:00")
    '5 January 2026, 12:00 UTC'
    """
    moment = datetime.fromisoformat(written)
    return f"{moment.day} {month_name[moment.month]} {moment:%Y, %H:%M %Z}"


def as_seconds(seconds: float) -> str:
    """
    >>> as_seconds(0.034), as_seconds(75)
    ('34 ms', '1 min 15 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def as_cell(text: str | None) -> str:
    """A cell of an answer: long fractions cut to four places, no value as a dash.

    >>> as_cell("12.4912345"), as_cell("EWR"), as_cell(None)
    ('12.4912', 'EWR', '-')
    """
    if text is None:
        return "-"
    whole, point, fraction = text.partition(".")
    return f"{float(text):.4f}" if point and (whole.lstrip("-") + fraction).isdecimal() else text
