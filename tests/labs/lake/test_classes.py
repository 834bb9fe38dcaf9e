"""Two years over every storage class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labs.context import Context
from labs.lake.classes import CLASSES, DAYS, let_time_pass, monthly_usd, place_on


def places(evidence: Any) -> dict[str, list[str]]:
    return {row[0]: [cell.rpartition(" ")[0] for cell in row[1:]] for row in evidence.table.rows}


def test_days_pass_over_every_class_as_the_rules_say(lake: Context) -> None:
    context = replace(lake, days_pass=True)
    evidence = let_time_pass(context)
    assert evidence.passed, evidence.checks
    found = places(evidence)
    standard = ["STANDARD", "STANDARD", "STANDARD_IA", "GLACIER", "GLACIER", "expired"]
    assert found["STANDARD"] == standard
    assert found["DEEP_ARCHIVE"] == ["DEEP_ARCHIVE"] * 5 + ["expired"]
    assert found["INTELLIGENT_TIERING"][:2] == ["frequent", "infrequent"]
    assert (
        sum(
            "archived object" in check.statement or "then it is" in check.statement
            for check in evidence.checks
        )
        == 2
    )
    told = let_time_pass(replace(context, days_pass=False))
    assert places(told) == found, "what is reckoned elsewhere is what was seen here"


def test_where_days_do_not_pass_the_table_is_reckoned_and_says_so(lake: Context) -> None:
    evidence = let_time_pass(lake)
    assert evidence.passed
    assert evidence.figures["days"] == 0
    assert any("Reckoned from the rules" in note for note in evidence.notes)
    assert evidence.series["usd"]["STANDARD"] == [23.0, 23.0, 12.5, 3.6, 3.6, 0.0]
    assert (
        not lake.client("s3")
        .list_objects_v2(Bucket=lake.output("lake", "LakeBucketName"), Prefix="lab/lake/classes/")
        .get("Contents")
    )


def test_a_price_that_is_not_known_is_said_not_guessed(lake: Context) -> None:
    evidence = let_time_pass(replace(lake, region="sa-east-1"))
    assert monthly_usd("STANDARD_IA", "sa-east-1") is None
    assert evidence.table is not None
    rows = {row[0]: row[1] for row in evidence.table.rows}
    assert rows["STANDARD_IA"] == "STANDARD_IA price unknown"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"Status": "Disabled", "Expiration": {"Days": 1}}, "STANDARD"),
        ({"Status": "Enabled", "Filter": {"Prefix": "other/"}, "Expiration": {"Days": 1}}, "STANDARD"),
        ({"Status": "Enabled", "Filter": {"Prefix": "lab/"}, "Expiration": {"Days": 1}}, "expired"),
        (
            {"Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}},
            "STANDARD",
        ),
    ],
)
def test_only_rules_that_hold_for_the_object_count(rule: dict[str, Any], place: str) -> None:
    assert place_on([rule], "STANDARD", 2) == place


def test_every_class_and_day_is_shown(lake: Context) -> None:
    table = let_time_pass(lake).table
    assert table is not None
    assert (len(table.rows), len(table.columns)) == (len(CLASSES), len(DAYS) + 1)
