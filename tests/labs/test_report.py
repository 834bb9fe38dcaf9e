"""The page made of a run: whole, self-contained, and honest about what failed."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from labs import costs, idle_costs, runs
from labs.errors import UsageError
from labs.evidence import Evidence, Run, StepResult, equal
from labs.report import resources
from labs.report.architecture import draw
from labs.report.page import render

DATA = Path(__file__).parent / "data"
LOADS = {"src", "href", "xlink:href", "srcset", "poster", "data", "action", "background"}


@pytest.fixture(scope="module")
def run() -> Run:
    return runs.load(DATA)[0]


@pytest.fixture(scope="module")
def stacks() -> list[dict[str, Any]]:
    return runs.load(DATA)[1]


@pytest.fixture(scope="module")
def page(run: Run, stacks: list[dict[str, Any]]) -> str:
    return render(run, stacks)


class Elements(HTMLParser):
    """What a page loads, the ids it gives, and its headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADS]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_the_page_loads_nothing_from_elsewhere(page: str) -> None:
    assert all(load.startswith(("#", "data:")) for load in Elements(page).loads)
    assert not {"script", "link"} & (set(Elements(page).tags) - {"link"})
    assert all(target.startswith("#") for target in re.findall(r"url\(\s*['\"]?([^)'\"]+)", page))
    assert "@import" not in page


def test_ids_are_unique_so_that_pictures_do_not_borrow_from_each_other(page: str) -> None:
    ids = Elements(page).ids
    assert len(ids) == len(set(ids))


def test_every_reference_inside_the_page_has_its_target(page: str) -> None:
    elements = Elements(page)
    wanted = {load[1:] for load in elements.loads if load.startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert wanted <= set(elements.ids)


def test_colours_of_plots_follow_the_page(page: str) -> None:
    plots = re.findall(r'<svg[^>]*class="plot".*?</svg>', page, re.DOTALL)
    assert len(plots) == 3
    for plot in plots:
        assert "var(--ink)" in plot or "var(--muted)" in plot
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", plot)) <= {"#ffffff", "#000000"}


def test_the_sum_of_records_is_shown(page: str) -> None:
    assert "336,776 delivered + 33 failed = 336,809 sent" in page


def test_the_partitions_are_drawn_as_the_tree_of_their_prefixes(page: str) -> None:
    grid = re.search(r'<table class="grid">.*?</table>', page, re.DOTALL)
    assert grid
    assert "year=2013/" in grid[0]
    assert re.findall(r"month=\d\d(?=/)", grid[0]) == [f"month={month:02}" for month in range(1, 13)]
    assert re.findall(r"day=\d\d(?=/)", grid[0]) == [f"day={day:02}" for day in range(1, 32)]


def test_the_page_says_when_the_run_started(page: str) -> None:
    assert "started 5 January 2026, 12:00 UTC." in page


def test_small_amounts_have_no_exponent(page: str) -> None:
    basis = re.findall(r"<td>([^<]* at \$[^<]*)</td>", page)
    assert len(basis) > 20
    assert [one for one in basis if re.search(r"\de[-+]?\d", one)] == []


def test_every_check_is_listed(page: str, run: Run) -> None:
    checks = [check for step in run.steps for check in step.evidence.checks]
    assert f"{len(checks)} of {len(checks)} checks hold" in page


def test_a_failed_check_shows_what_was_got_and_expected(run: Run, stacks: list[dict[str, Any]]) -> None:
    failed = StepResult("lake", "x", "X", 0.1, Evidence(checks=[equal("one is two", 1, 2)]))
    shown = render(replace(run, steps=[failed]), stacks)
    assert "0 of 1 checks hold" in shown
    assert "got 1, expected 2" in shown


def test_missing_records_are_not_called_equal(run: Run, stacks: list[dict[str, Any]]) -> None:
    steps = []
    for step in run.steps:
        figures = (
            {**step.evidence.figures, "delivered": 336_775}
            if step.name == "account"
            else step.evidence.figures
        )
        steps.append(replace(step, evidence=replace(step.evidence, figures=figures)))
    assert "336,775 delivered + 33 failed ≠ 336,809 sent" in render(replace(run, steps=steps), stacks)


def test_a_run_of_one_lab_has_a_page_of_what_it_did(run: Run) -> None:
    shown = render(replace(run, steps=run.steps[:2], labs=["lake"]), [])
    assert "Where every record went" not in shown
    assert "the bucket keeps versions" in shown


def test_text_from_the_account_cannot_become_markup(run: Run) -> None:
    nasty = StepResult("lake", "x", "<script>alert(1)</script>", 0.1, Evidence())
    assert "<script" not in render(replace(run, steps=[nasty]), [])


def test_a_run_is_read_back_as_it_was_written(run: Run, stacks: list[dict[str, Any]], tmp_path: Path) -> None:
    runs.save(tmp_path, run, stacks)
    assert runs.load(tmp_path)[0].as_json() == run.as_json()


def test_refuses_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which is no run"):
        runs.load(tmp_path)


def test_refuses_a_file_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match="is not a run"):
        runs.load(tmp_path)


def test_lines_of_the_drawing_come_from_imports(stacks: list[dict[str, Any]]) -> None:
    needs = {view.noun: set(view.needs) for view in resources.views(stacks)}
    assert needs["query"] == {"ml-labs-lake", "ml-labs-catalog"}
    assert needs["lake"] == set()


def test_a_drawing_without_stacks_is_empty() -> None:
    assert draw([]) == ""


def test_idle_cost_counts_keys_and_shards(stacks: list[dict[str, Any]]) -> None:
    lines = idle_costs.idle(stacks, "us-east-1")
    assert {line.noun for line in lines} == {"lake", "streaming"}
    assert costs.total(lines) == pytest.approx(1 + 4 * 730 * 0.015)


def test_an_unknown_price_is_called_unknown() -> None:
    stack = {"noun": "x", "template": {"Resources": {"Nat": {"Type": "AWS::EMR::Cluster"}}}}
    [line] = idle_costs.idle([stack], "us-east-1")
    assert line.usd is None


def test_a_region_without_a_price_is_called_unknown(stacks: list[dict[str, Any]]) -> None:
    assert any(line.usd is None for line in idle_costs.idle(stacks, "eu-west-1"))


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    made = [runs.new_folder(tmp_path) for _ in range(3)]
    assert len(set(made)) == 3
    assert all(folder.is_dir() for folder in made)
