"""Build the site: guides, registers, costs, decisions and the API, as static pages with their own search.

The pages mirror the repository, so links between files hold on the site as they do anywhere else. Nothing is
requested from another host: no fonts, no scripts, no statistics.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from docs import parts
from docs.errors import SiteError
from docs.parts import Stacks, table
from facts import claims, labs, systems
from facts.claims import Verdict
from labs import costs, idle_costs, run_costs
from labs.flights import TOTAL
from labs.synth import ROOT

CONFIG = ROOT / "docs" / "zensical.toml"
SITE = ROOT / "site"
DOCUMENTED = ("facts", "offline")
"""Packages whose API the site shows."""
HANDLER = "[project.plugins.mkdocstrings.handlers.python]"
OPTIONS = "[project.plugins.mkdocstrings.handlers.python.options]"

Nav = list[dict[str, Any]]
"""Titles with pages, or with a navigation of their own."""


def build(stacks: Stacks, to: Path = SITE) -> Path:
    """The site lies in `to`; a link that leads nowhere fails it."""
    if find_spec("zensical") is None:
        raise SiteError("zensical is missing: `make docs` installs requirements/docs.txt and builds the site")
    with TemporaryDirectory(prefix="site-") as folder:
        work = Path(folder)
        nav = write_pages(work / "pages", stacks)
        (work / CONFIG.name).write_text(configured(nav))
        _generate(work)
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(work / "site", to)
    return to


def _generate(work: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "zensical",
        "build",
        "--strict",
        "--config-file",
        str(work / CONFIG.name),
    ]
    finished = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SiteError(f"zensical ended with {finished.returncode}:\n{finished.stdout}{finished.stderr}")


def configured(nav: Nav) -> str:
    """The configuration with its navigation, and with where the documented packages lie."""
    text = CONFIG.read_text().replace("[project]\n", f"[project]\nnav = {toml(nav)}\n", 1)
    extension = str(ROOT / "docs" / "doctests.py")
    text = text.replace(f"{OPTIONS}\n", f"{OPTIONS}\nextensions = {toml([extension])}\n", 1)
    return f"{text}\n{HANDLER}\npaths = {toml([str(ROOT)])}\n"


def toml(value: object) -> str:
    """Texts, lists and mappings as TOML.

    >>> toml([{"Guides": ["00.md"]}])
    '[{"Guides" = ["00.md"]}]'
    """
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def write_pages(pages: Path, stacks: Stacks) -> Nav:
    """Every page of the site, and how a reader finds it."""
    _copy(ROOT / "README.md", pages / "index.md")
    _copy(ROOT / "docs" / "site.css", pages / "site.css")
    for file in (ROOT / "docs").glob("*.svg"):
        _copy(file, pages / "docs" / file.name)
    return [
        {"Home": "index.md"},
        {"Guides": _copied(pages, "lab_guides")},
        {"Registers": _registers(pages, stacks)},
        {"Decisions": _copied(pages, "docs/decisions")},
        {"API": _api(pages)},
    ]


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)


def _copied(pages: Path, folder: str) -> Nav:
    """The Markdown files of a folder of the repository, each under its first heading."""
    files = sorted((ROOT / folder).glob("*.md"))
    for file in files:
        _copy(file, pages / folder / file.name)
    return [{_title(file): f"{folder}/{file.name}"} for file in files]


def _title(file: Path) -> str:
    return file.read_text().partition("\n")[0].removeprefix("# ")


def _written(pages: Path, path: str, text: str) -> str:
    file = pages / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return path


# -- registers ---------------------------------------------------------------------------------------


def _registers(pages: Path, stacks: Stacks) -> Nav:
    return [
        {"Statements of the notes": _claims(pages)},
        {"Systems": _written(pages, "registers/systems.md", systems_page())},
        {"Costs": _written(pages, "registers/costs.md", costs_page(stacks))},
    ]


def _claims(pages: Path) -> Nav:
    overview = _written(pages, "registers/claims/index.md", claims_overview())
    each = [
        {noun: _written(pages, f"registers/claims/{noun}.md", claims_page(noun))} for noun in labs.nouns()
    ]
    return [{"Overview": overview}, *each]


def claims_overview() -> str:
    """How many statements of each lab stand how."""
    counts = {noun: Counter(claim.verdict for claim in claims.of_lab(noun)) for noun in labs.nouns()}
    rows = [_counted(f"[{noun}]({noun}.md)", count) for noun, count in counts.items()]
    rows.append(_counted("**all**", sum(counts.values(), Counter[Verdict]())))
    grid = table(["lab", "statements", *get_args(Verdict)], rows)
    return f"# Statements of the notes\n\n{(claims.__doc__ or '').strip()}\n\n{grid}\n"


def _counted(what: str, counts: Counter[Verdict]) -> list[object]:
    return [what, counts.total(), *(counts[verdict] for verdict in get_args(Verdict))]


def claims_page(noun: str) -> str:
    """Every statement that one lab answers for, by section of the notes."""
    lab = labs.row(noun)
    found = {
        section: [one for one in claims.of_lab(noun) if one.section == section] for section in lab.sections
    }
    bodies = [f"## Section {section}\n\n{parts.statements(rows)}" for section, rows in found.items() if rows]
    return "\n\n".join([f"# Statements: {noun}", f"{lab.title[:1].upper()}{lab.title[1:]}.", *bodies, ""])


def systems_page() -> str:
    """Every system of the notes by lab, and the test that shows it at work."""
    every = systems.table().values()
    shown = sum(bool(system.test) for system in every)
    head = f"# Systems\n\n{shown} of {len(every)} systems of the notes are shown at work by a test."
    bodies = [f"## {noun}\n\n{parts.shows(noun, [])}" for noun in labs.nouns() if systems.of_lab(noun)]
    return "\n\n".join([head, *bodies, ""])


def costs_page(stacks: Stacks) -> str:
    """What each lab's stack bills idle, and what one run uses."""
    idle, used = (
        costs.total(idle_costs.idle(stacks, parts.REGION)),
        costs.total(run_costs.one_run(stacks, parts.REGION, TOTAL)),
    )
    head = (
        f"# Costs\n\nAll stacks together: ${idle:.2f} for a month of idling and ${used:.2f} for one run over "
        f"{TOTAL:,} flights, as far as prices are known. On-demand prices of {parts.REGION}, before tax and "
        "free tiers; `python -m labs cost --region` reckons with another region's."
    )
    return "\n\n".join(
        [head, *(f"## {stack['noun']}\n\n{parts.cost(stack['noun'], stacks)}" for stack in stacks), ""]
    )


# -- API ---------------------------------------------------------------------------------------------


def _api(pages: Path) -> Nav:
    return [
        {package: _written(pages, f"api/{package}.md", api_page(package, modules))}
        for root in DOCUMENTED
        for package, modules in sorted(packages(ROOT / root).items())
    ]


def packages(root: Path) -> dict[str, list[str]]:
    """The packages under a folder, and the modules of each that have something to say."""
    found: dict[str, list[str]] = {}
    for file in sorted(root.rglob("*.py")):
        if file.stem != "__main__" and file.read_text().strip():
            package = ".".join(file.parent.relative_to(root.parent).parts)
            found.setdefault(package, []).append(_module(package, file))
    return found


def _module(package: str, file: Path) -> str:
    return package if file.stem == "__init__" else f"{package}.{file.stem}"


def api_page(package: str, modules: list[str]) -> str:
    """A page that shows each module of a package."""
    return "\n\n".join([f"# {package}", *_shown(package, modules), ""])


def _shown(package: str, modules: list[str]) -> Iterator[str]:
    for module in modules:
        options = "    options:\n      show_submodules: false\n" if module == package else ""
        yield f"::: {module}\n{options}"
