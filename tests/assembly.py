"""Synthesize the app once for the whole test run."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from labs.synth import synthesize
from offline.assembly import Assembly


@cache
def assembly() -> Assembly:
    """The cloud assembly of this checkout."""
    return Assembly.load(synthesize(Path(mkdtemp(prefix="assembly-"))))


@cache
def templates() -> dict[str, dict[str, Any]]:
    """The templates by noun."""
    return {stack.noun: stack.template for stack in assembly().stacks}


def write(folder: Path, name: str, template: dict[str, Any], **tags: str) -> None:
    """Add a stack to a cloud assembly that may not exist yet."""
    (folder / f"{name}.template.json").write_text(json.dumps(template))
    manifest = folder / "manifest.json"
    found = json.loads(manifest.read_text()) if manifest.exists() else {"version": "55.0.0", "artifacts": {}}
    properties = {"templateFile": f"{name}.template.json", "tags": tags}
    found["artifacts"][name] = {"type": "aws:cloudformation:stack", "properties": properties}
    manifest.write_text(json.dumps(found))
