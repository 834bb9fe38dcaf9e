"""Failures: where one comes from, and those of many things that are tried, raised when all were."""

from __future__ import annotations

import re
from collections.abc import Callable
from traceback import extract_tb
from types import TracebackType
from typing import Any, Self

PLACE = re.compile(r"\b((?:moto|offline)/.+)$")


def origin(error: BaseException) -> str:
    """The innermost place in moto or here that an error came from.

    >>> try: Failures(1)
    ... except TypeError as error: origin(error)
    'a library'
    """
    frames = [(PLACE.search(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    places = [f"{found[1]}:{line}" for found, line in frames if found]
    return places[-1] if places else "a library"


class Failures:
    """Raises the first failure at its end, with notes of the others.

    >>> with Failures() as failures:
    ...     failures.kept(lambda: 1 // 0)
    ...     failures.kept(lambda: "done")
    Traceback (most recent call last):
    ZeroDivisionError: integer division or modulo by zero
    """

    def __init__(self) -> None:
        self._errors: list[Exception] = []
        self._of: set[int] = set()

    def kept(self, work: Callable[[], Any], owner: object = None) -> Any:
        """What the work comes to; None where it fails, or where this owner's work failed before."""
        if id(owner) in self._of:
            return None
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - raised at the end
            self._errors.append(error)
            self._of |= {id(owner)} if owner is not None else set()
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._errors:
            first, *others = self._errors
            for other in others:
                first.add_note(f"and then {type(other).__name__}: {other}")
            raise first
