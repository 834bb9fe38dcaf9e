"""Whoever leaves an address gets a budget with alarms for every stack."""

from __future__ import annotations

import json
from pathlib import Path

from labs.synth import synthesize
from tests.assembly import templates


def test_every_stack_has_a_budget_once_an_address_is_given(tmp_path: Path) -> None:
    folder = synthesize(tmp_path / "cdk.out", {"lab:budget_email": "me@example.com", "lab:budget_usd": "7"})
    for file in sorted(folder.glob("*.template.json")):
        noun = file.name.removesuffix(".template.json").rpartition("-")[2]
        resources = json.loads(file.read_text())["Resources"].values()
        [budget] = [one["Properties"] for one in resources if one["Type"] == "AWS::Budgets::Budget"]
        assert budget["Budget"]["BudgetLimit"] == {"Amount": 7, "Unit": "USD"}
        assert budget["Budget"]["CostFilters"] == {"TagKeyValue": [f"user:lab${noun}"]}
        assert all(
            alarm["Subscribers"] == [{"Address": "me@example.com", "SubscriptionType": "EMAIL"}]
            for alarm in budget["NotificationsWithSubscribers"]
        )


def test_without_an_address_there_is_no_budget() -> None:
    kinds = {one["Type"] for template in templates().values() for one in template["Resources"].values()}
    assert "AWS::Budgets::Budget" not in kinds
