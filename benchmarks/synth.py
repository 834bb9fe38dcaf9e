"""Synthesis of all stacks beside that of an app with one empty stack.

python -m benchmarks.synth --rounds 3
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import in_turns, show
from labs.synth import synthesize

EMPTY = """
import aws_cdk as cdk
app = cdk.App(analytics_reporting=False)
cdk.Stack(app, "empty")
app.synth()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="repetitions (default %(default)s)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = folder / "app.py"
        app.write_text(EMPTY)
        ours, empty = in_turns(
            lambda: synthesize(folder / "labs.out"),
            lambda: synthesize(folder / "empty.out", app=app),
            rounds,
        )
    show("synthesis of all stacks", f"{ours:.2f} s", f"empty app {empty:.2f} s", ours / empty)


if __name__ == "__main__":
    main()
