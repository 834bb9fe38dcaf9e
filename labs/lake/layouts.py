"""Write the weather readings once by time and once by device, and ask both layouts the same two questions.

The three stations are the devices; each reports once an hour. A reader lists a prefix and reads what lies
under it: a layout answers well when the prefix of a question holds little else than its answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from labs.account import empty_bucket
from labs.context import Context
from labs.evidence import Check, Evidence, Table, equal, holds
from labs.flights import reference_csv
from labs.objects import body, listed

PREFIX = "lab/lake/layouts/"
MONTH, DEVICE = 7, "JFK"


@dataclass(frozen=True)
class Question:
    """What is asked: a prefix in each layout that holds all of the answer, and the rows that are it."""

    name: str
    prefixes: dict[str, str]
    rows: Callable[[Any], Any]


LAYOUTS: dict[str, tuple[str, ...]] = {
    "by time": ("year", "month", "day"),
    "by device": ("origin",),
}
QUESTIONS = (
    Question(
        "everything of one month",
        {"by time": f"by time/year=2013/month={MONTH:02}/", "by device": "by device/"},
        lambda frame: frame[(frame["year"] == 2013) & (frame["month"] == MONTH)],
    ),
    Question(
        "everything of one device",
        {"by time": "by time/", "by device": f"by device/origin={DEVICE}/"},
        lambda frame: frame[frame["origin"] == DEVICE],
    ),
)


def compare_layouts(context: Context) -> Evidence:
    """Each question reads least in the layout that is partitioned by what it asks for."""
    s3, bucket = context.client("s3"), context.output("lake", "LakeBucketName")
    objects = {name: put_layout(context, s3, bucket, name) for name in LAYOUTS}
    rows, checks, read = [], [], {}
    for question in QUESTIONS:
        expected = answer(question, readings())
        for layout in LAYOUTS:
            files, data = read_under(s3, bucket, PREFIX + question.prefixes[layout])
            read[question.name, layout] = sum(map(len, data))
            rows.append([question.name, layout, files, read[question.name, layout]])
            checks.append(_same(question, layout, data, expected))
    empty_bucket(s3, bucket, PREFIX)
    by_time, by_device = (question.name for question in QUESTIONS)
    return Evidence(
        figures={
            "readings": len(readings()),
            **{f"objects {name}": count for name, count in objects.items()},
        },
        table=Table(["question", "layout", "files read", "bytes read"], rows),
        series={"layouts": rows},
        checks=[
            *checks,
            _wins(by_time, "by time", "by device", read),
            _wins(by_device, "by device", "by time", read),
            equal("nothing of it is left in the lake", len(listed(s3, bucket, PREFIX)), 0),
        ],
    )


@cache
def readings() -> Any:
    """The hourly weather of three stations (pandas)."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(reference_csv("weather")))


def put_layout(context: Context, s3: Any, bucket: str, layout: str) -> int:
    """One CSV object for each partition; how many."""
    groups = readings().groupby(list(LAYOUTS[layout]), sort=True)
    for done, (values, part) in enumerate(groups, start=1):
        key = f"{PREFIX}{layout}/{partition(LAYOUTS[layout], values)}/data_00.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=part.to_csv(index=False).encode())
        context.progress(layout, done, len(groups))
    return len(groups)


def partition(names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """The part of a key that names a partition, as Athena and Glue discover it.

    >>> partition(("year", "month", "day"), (2013, 7, 4))
    'year=2013/month=07/day=04'
    """
    spelled = (f"{value:02}" if isinstance(value, int) else str(value) for value in map(_plain, values))
    return "/".join(f"{name}={value}" for name, value in zip(names, spelled, strict=True))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def read_under(s3: Any, bucket: str, prefix: str) -> tuple[int, list[bytes]]:
    """Every object under a prefix, read whole; how many there are."""
    found = [body(s3, bucket, one["Key"]) for one in listed(s3, bucket, prefix)]
    return len(found), found


def answer(question: Question, frame: Any) -> tuple[int, float, float]:
    """Rows, and the sums of temperature and wind over them."""
    chosen = question.rows(frame)
    return len(chosen), round(float(chosen["temp"].sum()), 3), round(float(chosen["wind_speed"].sum()), 3)


def _same(question: Question, layout: str, data: list[bytes], expected: tuple[int, float, float]) -> Check:
    import pandas as pd

    # One file out of many: the header of the first, the lines of all.
    lines = [data[0], *(one.partition(b"\n")[2] for one in data[1:])]
    frame = pd.read_csv(io.BytesIO(b"".join(lines)))
    said = f"{layout}, {question.name} is what pandas finds in the source file"
    return equal(said, answer(question, frame), expected)


def _wins(question: str, winner: str, loser: str, read: dict[tuple[str, str], int]) -> Check:
    less, more = read[question, winner], read[question, loser]
    return holds(f"{question} reads less {winner}", less < more, less, f"< {more:,}")
