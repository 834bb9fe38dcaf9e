"""The examples in the server's modules hold."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["clock", "failures", "lock", "server.forms", "server.http"])
def test_examples_hold(name: str) -> None:
    result = doctest.testmod(import_module(f"offline.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
