"""The archives of Lambda functions and layers: written once, however often what they belong to changes."""

from __future__ import annotations

from typing import Any

from offline.state.part import Constant
from offline.state.pickles import Pickler

ZIPPED = "ZipFile"
"""Where moto leaves the archive of a request, beside what it unpacked of it."""


def reduce_code(pickler: Pickler, owner: Any) -> Any:
    """A function or layer version without its archive, which is a part of its own."""
    state = {
        name: _without_archive(value, pickler) if isinstance(value, dict) else value
        for name, value in vars(owner).items()
        if name != "code_bytes"
    }
    archive = pickler.account.constant(owner.code_bytes)
    # Not by moto's own `__new__`: what that has made never dies, so a weak dictionary would not let go of it.
    return object.__new__, (type(owner),), (state, archive), None, None, _fill


def _without_archive(given: dict[str, Any], pickler: Pickler) -> dict[str, Any]:
    if ZIPPED not in given:
        return given
    return {**given, ZIPPED: pickler.account.constant(given[ZIPPED])}


def _fill(owner: Any, kept: tuple[dict[str, Any], Constant]) -> None:
    state, archive = kept
    for value in state.values():
        if isinstance(value, dict) and isinstance(value.get(ZIPPED), Constant):
            value[ZIPPED] = value[ZIPPED].value
    vars(owner).update(state, code_bytes=archive.value)
