"""The events that are replayed, against the CSV file they come from."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from labs import flights
from labs.errors import UsageError
from labs.flights import Record

ROWS = 2_000


@pytest.fixture(scope="module")
def events() -> list[Record]:
    return list(flights.events(ROWS))


def parsed(data: bytes) -> dict[str, object] | None:
    try:
        event: dict[str, object] = json.loads(data)
    except ValueError:
        return None
    return event


def test_every_flight_is_sent_once_and_malformed_events_with_it(events: list[Record]) -> None:
    assert len(events) == ROWS + flights.malformed_count(ROWS) == flights.event_count(ROWS)


def test_an_event_says_what_its_row_says(events: list[Record]) -> None:
    well_formed = {record["PartitionKey"]: parsed(record["Data"]) for record in reversed(events)}
    for row in flights.source(ROWS).to_pylist():
        key = (
            f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}-{row['carrier']}-{row['flight']}"
            f"-{row['origin']}-{int(row['sched_dep_time']):04}"
        )
        event = well_formed[key]
        assert event is not None
        assert event.pop("flight_id") == key
        assert event == {name: as_json(name, row[name]) for name in flights.EVENT_COLUMNS}


def as_json(name: str, text: str | None) -> object:
    return text if text is None or name in flights.TEXT else float(text)


def test_an_event_is_the_one_the_contract_shows() -> None:
    first = next(flights.events(1))
    assert first["PartitionKey"] == "2013-01-01-UA-1545-EWR-0515"
    assert first["Data"].startswith(
        b'{"flight_id":"2013-01-01-UA-1545-EWR-0515","time_hour":"2013-01-01T10:00:00Z"'
    )
    assert b'"dep_delay":2.0,' in first["Data"]


def test_flight_ids_are_unique(events: list[Record]) -> None:
    assert len({record["PartitionKey"] for record in events}) == ROWS


def test_three_kinds_of_malformed_events_are_among_them(events: list[Record]) -> None:
    found: Counter[str] = Counter()
    for record in events:
        event = parsed(record["Data"])
        if event is None:
            found["invalid JSON"] += 1
        elif "month" not in event:
            found["missing date"] += 1
        elif not isinstance(event["year"], int):
            found["wrong type"] += 1
    assert found == flights.malformed_kinds(ROWS)
    assert found.total() == flights.malformed_count(ROWS)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_a_tiny_sample_still_carries_each_kind_of_malformed_event(rows: int) -> None:
    assert len(list(flights.events(rows))) == rows + len(flights.MALFORMATIONS)


def test_two_replays_send_the_same_bytes(events: list[Record]) -> None:
    assert list(flights.events(ROWS)) == events


def test_a_sample_spreads_over_the_whole_year() -> None:
    assert {month for month, _ in flights.days(500)} == set(range(1, 13))


def test_the_whole_data_set_has_a_flight_on_each_of_365_days() -> None:
    days = flights.days(flights.TOTAL)
    assert (len(days), sum(days.values())) == (365, flights.TOTAL)


def test_refuses_more_rows_than_there_are() -> None:
    with pytest.raises(UsageError, match=r"336,777 rows; the data set has 1 to 336,776"):
        flights.source(336_777)
