"""Where runs are kept: `runs/<moment>/run.json`, what was deployed beside it, and the page made of both."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from labs.errors import UsageError
from labs.evidence import Run
from labs.synth import ROOT

RUNS = ROOT / "runs"


def new_folder(runs: Path = RUNS) -> Path:
    """A folder of its own for a run that starts now."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for name in chain([moment], (f"{moment}-{number}" for number in count(2))):
        with suppress(FileExistsError):  # of a run that started in the same second
            (runs / name).mkdir(parents=True)
            return runs / name
    raise AssertionError("numbers do not end")


def save(folder: Path, run: Run, stacks: list[dict[str, Any]]) -> Path:
    """The run and its stacks lie in the folder, and the page that shows them; the page's path."""
    from labs.report.page import render

    (folder / "run.json").write_text(json.dumps(run.as_json(), indent=1), encoding="utf-8")
    (folder / "stacks.json").write_text(json.dumps(stacks, indent=1), encoding="utf-8")
    page = folder / "report.html"
    page.write_text(render(run, stacks), encoding="utf-8")
    return page


def load(path: Path) -> tuple[Run, list[dict[str, Any]], Path]:
    """A saved run, its stacks and its folder, from the folder or its run.json."""
    file = path / "run.json" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"got {path}, which is no run; `labs run` writes one under {RUNS}")
    stacks = file.parent / "stacks.json"
    try:
        run = Run.from_json(json.loads(file.read_text(encoding="utf-8")))
        found = json.loads(stacks.read_text(encoding="utf-8")) if stacks.is_file() else []
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is not a run as `labs run` writes it: {error}") from None
    return run, found, file.parent


def newest(runs: Path = RUNS) -> Path:
    """The folder of the last run."""
    found = sorted(runs.glob("*/run.json"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise UsageError(f"there is no run under {runs} yet: `labs run` makes one")
    return found[-1].parent
