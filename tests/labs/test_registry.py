"""Labs, what they depend on, and their steps."""

from __future__ import annotations

import pytest

from facts import prices
from labs.errors import UsageError
from labs.registry import LABS, PIPELINE, in_order, lab
from labs.runner import only_step


def test_a_lab_runs_behind_everything_it_depends_on() -> None:
    nouns = [one.noun for one in in_order(["query"])]
    assert nouns == ["lake", "security", "streaming", "catalog", "query"]


@pytest.mark.parametrize("noun", LABS)
def test_what_a_lab_depends_on_stands_before_it(noun: str) -> None:
    order = [one.noun for one in in_order([noun])]
    for one in in_order([noun]):
        assert all(order.index(needed) < order.index(one.noun) for needed in one.depends_on)


def test_the_pipeline_runs_each_lab_once() -> None:
    assert [one.noun for one in in_order(PIPELINE)] == list(PIPELINE)


@pytest.mark.parametrize("noun", LABS)
def test_a_lab_declares_steps_minutes_and_prices_that_exist(noun: str) -> None:
    found = lab(noun)
    names = [step.name for step in found.steps]
    assert names
    assert len(set(names)) == len(names)
    assert found.minutes > 0
    assert set(found.bills) <= set(prices.ids())


def test_refuses_an_unknown_noun_and_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'qury', which does not exist; did you mean 'query'\?; labs: lake"):
        in_order(["qury"])


def test_offline_a_step_runs_behind_what_leads_to_it() -> None:
    cut = only_step(in_order(["streaming"]), "account", with_what_leads_to_it=True)
    assert [(one.noun, len(one.steps)) for one in cut][-1] == ("streaming", 2)


def test_on_aws_a_step_runs_alone() -> None:
    cut = only_step(in_order(["catalog"]), "tables", with_what_leads_to_it=False)
    assert [(one.noun, [step.name for step in one.steps]) for one in cut] == [("catalog", ["tables"])]


def test_refuses_an_unknown_step_and_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="got step 'x'; lab 'lake' has reference, bucket"):
        only_step(in_order(["lake"]), "x", with_what_leads_to_it=True)
