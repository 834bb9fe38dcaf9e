"""The pages of the site, before a generator makes HTML of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from docs import site
from docs.errors import SiteError
from docs.parts import Stacks
from facts import claims, systems
from labs.cli import stack_record
from labs.synth import ROOT
from tests.assembly import assembly


@pytest.fixture(scope="module")
def stacks() -> Stacks:
    return [stack_record(stack) for stack in assembly().stacks]


@pytest.fixture(scope="module")
def built(stacks: Stacks, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, site.Nav]:
    pages = tmp_path_factory.mktemp("pages")
    return pages, site.write_pages(pages, stacks)


def listed(nav: site.Nav | str) -> list[str]:
    """Every page that a navigation names."""
    if isinstance(nav, str):
        return [nav]
    return [page for entry in nav for value in entry.values() for page in listed(value)]


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page(built: tuple[Path, site.Nav]) -> None:
    pages, nav = built
    assert sorted(listed(nav)) == sorted(str(page.relative_to(pages)) for page in pages.rglob("*.md"))


def test_guides_and_decisions_lie_where_the_repository_has_them(built: tuple[Path, site.Nav]) -> None:
    pages, _ = built
    for folder in ("lab_guides", "docs/decisions"):
        for file in (ROOT / folder).glob("*.md"):
            assert (pages / folder / file.name).read_text() == file.read_text()


def test_every_statement_and_every_system_stands_on_the_site(built: tuple[Path, site.Nav]) -> None:
    pages, _ = built
    told = "".join(page.read_text() for page in (pages / "registers" / "claims").glob("*.md"))
    assert told.count("\n- **") == len(claims.table())
    rows = (pages / "registers" / "systems.md").read_text().count("\n| ")
    labs_with_systems = len({system.lab for system in systems.table().values()})
    assert rows == len(systems.table()) + 2 * labs_with_systems


def test_the_overview_counts_every_statement() -> None:
    last = site.claims_overview().strip().splitlines()[-1]
    assert last.startswith(f"| **all** | {len(claims.table())} |")


def test_the_configuration_is_toml_with_its_navigation(built: tuple[Path, site.Nav]) -> None:
    _, nav = built
    project = tomllib.loads(site.configured(nav))["project"]
    assert project["nav"] == nav
    assert project["theme"]["font"] is False
    handler = project["plugins"]["mkdocstrings"]["handlers"]["python"]
    assert handler["paths"] == [str(ROOT)]
    assert all(Path(extension).is_file() for extension in handler["options"]["extensions"])


def test_every_module_of_a_documented_package_has_a_place() -> None:
    found = site.packages(ROOT / "facts")
    assert "facts.claims" in found["facts"]
    assert "offline.engines.kinesis.engine" in site.packages(ROOT / "offline")["offline.engines.kinesis"]
    assert "::: facts.claims\n" in site.api_page("facts", found["facts"])


def test_refuses_to_build_without_the_generator(
    stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "find_spec", lambda name: None)
    with pytest.raises(SiteError, match="zensical is missing: `make docs` installs"):
        site.build(stacks, tmp_path / "site")
