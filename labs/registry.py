"""Every lab there is, and in which order what depends on what is run."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from labs import catalog, lake, query, security, streaming, training
from labs.errors import UsageError
from labs.evidence import Lab

LABS: dict[str, Lab] = {
    module.LAB.noun: module.LAB for module in (lake, security, streaming, catalog, query, training)
}
"""By noun, in the order of the pipeline."""

PIPELINE = tuple(LABS)


def lab(noun: str) -> Lab:
    """The lab of this noun, or an error that names the nearest and all others."""
    if noun not in LABS:
        near = get_close_matches(noun, LABS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"got lab '{noun}', which does not exist{hint}; labs: {', '.join(LABS)}")
    return LABS[noun]


def in_order(nouns: Iterable[str]) -> list[Lab]:
    """The named labs behind everything they depend on, each once.

    >>> [lab.noun for lab in in_order(["catalog"])]
    ['lake', 'security', 'streaming', 'catalog']
    """
    ordered: dict[str, Lab] = {}

    def visit(noun: str) -> None:
        if noun not in ordered:
            for needed in lab(noun).depends_on:
                visit(needed)
            ordered[noun] = lab(noun)

    for noun in nouns:
        visit(noun)
    return list(ordered.values())
