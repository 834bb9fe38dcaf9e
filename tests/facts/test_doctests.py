"""The examples in the docstrings of `facts` are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

import facts


@pytest.mark.parametrize("name", [module.name for module in iter_modules(facts.__path__)])
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(import_module(f"facts.{name}")).failed == 0
