"""The examples in docstrings of docs/ hold."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["console", "parts", "site"])
def test_the_examples_hold(name: str) -> None:
    result = doctest.testmod(import_module(f"docs.{name}"))
    assert result.attempted
    assert result.failed == 0
