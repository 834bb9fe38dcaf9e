"""The site in a headless Chromium: pages load cleanly, links lead somewhere, search finds, phones fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

PHONE = {"width": 390, "height": 844}


@dataclass
class Told:
    """What a page complained about, and what it asked for elsewhere."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


class Anchors(HTMLParser):
    """The links of a page, and the places in it that a link can name."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.places.update(value for key in ("id", "name") if (value := named.get(key)))
        self.links.update(value for key in ("href", "src") if (value := named.get(key)) is not None)


def pages(site: Path) -> list[str]:
    return sorted(str(page.relative_to(site)) for page in site.rglob("*.html") if page.name != "404.html")


def listened(page: Page, address: str) -> Told:
    told = Told()
    page.on("console", lambda one: told.errors.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.errors.append(str(error)))
    page.on("requestfailed", lambda one: None if _left(one) else told.errors.append(f"failed: {one.url}"))
    page.on(
        "response", lambda one: told.errors.append(f"{one.status} {one.url}") if one.status >= 400 else None
    )
    page.on("request", lambda one: None if _own(one.url, address) else told.elsewhere.append(one.url))
    return told


def _left(request: Request) -> bool:
    """Whether the request ended only because the test went on to the next page."""
    return request.failure == "net::ERR_ABORTED"


def _own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def test_every_page_loads_without_an_error_and_asks_no_other_host(
    browser: Browser, site: Path, address: str
) -> None:
    page = browser.new_page()
    told = listened(page, address)
    for path in pages(site):
        page.goto(f"{address}/{path}")
        assert page.title(), path
        broken = page.evaluate("[...document.images].filter(one => !one.naturalWidth).map(one => one.src)")
        assert (path, told.errors, told.elsewhere, broken) == (path, [], [], [])
    page.close()


def test_every_page_fits_a_phone(browser: Browser, site: Path, address: str) -> None:
    page = browser.new_page(viewport=PHONE)
    wide = {}
    for path in pages(site):
        page.goto(f"{address}/{path}")
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            wide[path] = width
    page.close()
    assert wide == {}


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    read = {path: Anchors(site / path) for path in pages(site)}
    lost = [
        f"{path} → {link}"
        for path, anchors in read.items()
        for link in anchors.links
        if not _leads(site, path, link, read)
    ]
    assert lost == []


def _leads(site: Path, path: str, link: str, read: dict[str, Anchors]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = ((site / path).parent / unquote(parts.path)).resolve() if parts.path else site / path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    anchors = read.get(str(target.relative_to(site)))
    return not parts.fragment or anchors is None or unquote(parts.fragment) in anchors.places


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("three uploads", "lab_guides/02-security"),
        ("time stands still", "docs/decisions/0003"),
        ("bucket names must be globally unique", "lab_guides/01-lake"),
    ],
)
def test_search_finds_a_page(browser: Browser, address: str, words: str, path: str) -> None:
    page = browser.new_page()
    told = listened(page, address)
    page.goto(f"{address}/index.html")
    page.keyboard.press("/")
    page.get_by_role("combobox").fill(words)
    results = page.get_by_role("listbox", name="Search results")
    found = results.locator(f'a[href*="{path}"]').first
    expect(found).to_be_visible(timeout=15_000)
    found.click()
    page.wait_for_url(f"**/{path}*")
    assert (told.errors, told.elsewhere) == ([], [])
    page.close()


def test_code_can_be_copied_and_the_theme_switched(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/lab_guides/01-lake.html")
    scheme = page.evaluate("document.body.dataset.mdColorScheme")
    page.locator("label[title^='Switch to']:visible").first.click()
    page.locator("label[title^='Switch to']:visible").first.click()
    assert page.evaluate("document.body.dataset.mdColorScheme") != scheme
    page.close()
