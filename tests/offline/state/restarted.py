"""An account in a directory, opened as often as a test likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offline.sandbox import Sandbox
from offline.state import State


@contextmanager
def account(directory: Path) -> Iterator[tuple[State, Sandbox]]:
    """The sandbox with what the directory holds."""
    state = State.open(directory)
    with Sandbox() as sandbox:
        state.restore(sandbox)
        yield state, sandbox
