"""Doctests are shown as code on the API's pages."""

from __future__ import annotations

import doctest
from pathlib import Path

from docs import doctests


def test_the_examples_of_the_extension_hold() -> None:
    assert doctest.testmod(doctests).failed == 0


def test_a_doctest_is_code_on_the_site(site: Path) -> None:
    page = (site / "api" / "facts.html").read_text()
    assert '<span class="gp">&gt;&gt;&gt; </span>' in page
    assert "<blockquote>" not in page
