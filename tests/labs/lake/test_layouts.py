"""Two layouts, two questions."""

from __future__ import annotations

from pathlib import PurePosixPath

import pandas as pd
import pytest

from labs.context import Context
from labs.flights import folder
from labs.lake.layouts import compare_layouts, partition


@pytest.mark.claim("c-1.1-017", "c-1.5-013", "c-1.5-014")
def test_each_question_reads_least_in_the_layout_made_for_it(lake: Context) -> None:
    evidence = compare_layouts(lake)
    assert evidence.passed, evidence.checks
    assert evidence.table is not None
    read = {(question, layout): (files, size) for question, layout, files, size in evidence.table.rows}
    month, device = "everything of one month", "everything of one device"
    assert (read[month, "by time"][0], read[device, "by device"][0]) == (31, 1)
    assert read[month, "by time"][1] * 10 < read[month, "by device"][1]
    assert read[device, "by device"][1] * 3 < read[device, "by time"][1] * 1.01


def test_there_is_an_object_for_each_day_and_for_each_station(lake: Context) -> None:
    figures = compare_layouts(lake).figures
    frame = pd.read_csv(folder() / "weather.csv")
    days = len(frame[["year", "month", "day"]].drop_duplicates())
    assert (figures["objects by time"], figures["objects by device"]) == (days, frame["origin"].nunique())
    assert figures["readings"] == len(frame)


def test_a_partition_is_spelled_as_hive_spells_it() -> None:
    spelled = PurePosixPath(partition(("year", "month", "origin"), (2013, 1, "EWR")))
    assert [part.split("=") for part in spelled.parts] == [
        ["year", "2013"],
        ["month", "01"],
        ["origin", "EWR"],
    ]
