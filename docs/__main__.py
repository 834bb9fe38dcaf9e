"""`python -m docs guides [STEM]...` writes guides anew; `python -m docs site` builds the site."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs import console
from docs.errors import DocsError
from docs.parts import Stacks, generated


def main(arguments: list[str]) -> None:
    match arguments:
        case ["guides", *stems]:
            write_guides(stems)
        case ["site"]:
            from docs.site import build

            sys.stdout.write(f"{build(synthesized())}\n")
        case _:
            raise DocsError(f"got {arguments}; there are `guides [STEM]...` and `site`")


def write_guides(stems: list[str]) -> None:
    """Guides (all, or those named) show what their commands print and what templates and facts say today."""
    stacks = synthesized()
    for guide in console.guides():
        if not stems or guide.stem in stems:
            guide.write_text(console.written(generated(guide.read_text(), stacks)))
            sys.stdout.write(f"{guide.name} written\n")


def synthesized() -> Stacks:
    """This checkout's stacks in the order of the labs."""
    from labs.assembly import stacks_of
    from labs.registry import PIPELINE
    from labs.synth import synthesize

    with TemporaryDirectory(prefix="docs-") as folder:
        return stacks_of(synthesize(Path(folder) / "cdk.out"), list(PIPELINE))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except DocsError as error:
        sys.exit(f"error: {error}")
