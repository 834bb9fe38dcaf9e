"""A run's report in a headless Chromium: nothing runs over the edge, and what is drawn can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from labs import runs
from labs.evidence import Evidence, Run, StepResult, Table
from tests.labs.test_report import DATA
from tests_site.test_site import PHONE, listened

DESK = {"width": 1280, "height": 900}
SMALLEST_TEXT = 7
"""Pixels of a font that one can still read."""
OVER_THE_EDGE = """[...document.querySelectorAll('main *')].filter(one =>
    !one.parentElement.closest('.scroll, pre') && one.getBoundingClientRect().right > innerWidth + 1
).map(one => one.outerHTML.slice(0, 80))"""
TEXTS = """[...document.querySelectorAll('svg text')].map(one => {
    const {a, b} = one.getScreenCTM();
    return [one.textContent, parseFloat(getComputedStyle(one).fontSize) * Math.hypot(a, b)];
})"""


def with_classes(run: Run) -> Run:
    """The run and a step that no sample on file has."""
    series = {"days": [0, 60, 730], "usd": {"STANDARD": [23.0, 12.5, 0.0]}, "observed": True}
    table = Table(["put as", "day 0", "day 60"], [["STANDARD", "STANDARD $23.00", "STANDARD_IA $12.50"]])
    step = StepResult("lake", "classes", "Let two years pass", 0.1, Evidence(series=series, table=table))
    return replace(run, steps=[*run.steps, step])


@pytest.fixture
def report(tmp_path: Path) -> Path:
    run, stacks, _ = runs.load(DATA)
    return runs.save(tmp_path, with_classes(run), stacks)


def opened(browser: Browser, report: Path, size: dict[str, int]) -> Page:
    page = browser.new_page(viewport=size)  # type: ignore[arg-type]
    told = listened(page, report.as_uri())
    page.goto(report.as_uri())
    assert (told.errors, told.elsewhere) == ([], [])
    return page


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_report_fits_and_what_is_drawn_can_be_read(
    browser: Browser, report: Path, size: dict[str, int]
) -> None:
    page = opened(browser, report, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(OVER_THE_EDGE) == []
    texts = page.evaluate(TEXTS)
    assert len(texts) > 50
    assert [text for text, height in texts if height < SMALLEST_TEXT] == []


def test_a_click_unfolds_a_query(browser: Browser, report: Path) -> None:
    page = opened(browser, report, DESK)
    folded = page.locator("details:not([open])").first
    marker = "getComputedStyle(document.querySelector('details:not([open]) b'), '::before').content"
    assert "▸" in page.evaluate(marker)
    sql = folded.locator("pre").element_handle()
    folded.locator("summary").click()
    assert sql is not None
    assert sql.is_visible()
