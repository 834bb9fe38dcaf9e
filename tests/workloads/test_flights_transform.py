"""The flights transform answers every record."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = Path(__file__).parents[2] / "workloads" / "flights_transform" / "handler.py"
FLIGHT = {
    "flight_id": "2013-01-01-UA-1545-EWR-0515", "time_hour": "2013-01-01T10:00:00Z", "year": 2013, "month": 1,
    "day": 1, "carrier": "UA", "flight": 1545, "tailnum": "N14228", "origin": "EWR", "dest": "IAH",
    "sched_dep_time": 515, "dep_time": 517, "dep_delay": 2.0, "sched_arr_time": 819, "arr_time": 830,
    "arr_delay": 11.0, "air_time": 227.0, "distance": 1400.0, "hour": 5, "minute": 15,
}  # fmt: skip


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flights_transform_handler", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HANDLER = loaded().handler


def answered(data: bytes) -> dict[str, Any]:
    record = {"recordId": "1", "approximateArrivalTimestamp": 0, "data": base64.b64encode(data).decode()}
    return HANDLER({"records": [record]}, None)["records"][0]


def test_a_flight_becomes_a_row_of_the_table_with_its_day_as_partition() -> None:
    answer = answered(json.dumps(FLIGHT).encode())
    assert (answer["recordId"], answer["result"]) == ("1", "Ok")
    assert answer["metadata"] == {"partitionKeys": {"year": "2013", "month": "01", "day": "01"}}
    line = base64.b64decode(answer["data"])
    expected = {k: v for k, v in FLIGHT.items() if k not in ("year", "month", "day")}
    assert line.endswith(b"}\n")
    assert json.loads(line) == expected | {"time_hour": "2013-01-01 10:00:00"}


def test_a_cancelled_flight_keeps_its_missing_values() -> None:
    cancelled = {k: v for k, v in FLIGHT.items() if k != "arr_time"} | {"dep_time": None, "tailnum": None}
    row = json.loads(base64.b64decode(answered(json.dumps(cancelled).encode())["data"]))
    assert row["dep_time"] is None
    assert "arr_time" not in row


@pytest.mark.parametrize(
    "broken",
    [
        {"year": None}, {"month": 13}, {"day": "1"}, {"time_hour": "yesterday"}, {"time_hour": None},
        {"flight": "1545"}, {"dep_delay": "late"}, {"carrier": 7}, {"tailnum": 3}, {"month": 1.0},
        {"flight": True},
    ],
)  # fmt: skip
def test_a_flight_with_a_wrong_value_fails(broken: dict[str, Any]) -> None:
    data = json.dumps(FLIGHT | broken).encode()
    answer = answered(data)
    assert answer["result"] == "ProcessingFailed"
    assert base64.b64decode(answer["data"]) == data


@settings(deadline=None)
@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_whatever_comes_is_answered(data: bytes) -> None:
    assert answered(data)["result"] == "ProcessingFailed"
