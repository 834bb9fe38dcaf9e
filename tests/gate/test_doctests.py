"""The examples in the docstrings of `gate` are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import gate


@pytest.mark.parametrize("name", [module.name for module in walk_packages(gate.__path__, "gate.")])
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
