"""Synthesize the app once for the whole test run."""

from __future__ import annotations

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
