"""The whole demo beside a bare script that does the same work without AWS, each a process of its own.

python -m benchmarks.pipeline --rows 336776
"""

from __future__ import annotations

import argparse

from benchmarks.measure import run, show
from labs.flights import TOTAL


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=TOTAL, help="flights (default %(default)s)")
    rows = str(parser.parse_args().rows)
    bare = run("-m", "benchmarks.bare_pipeline", "--rows", rows)
    demo = run("-m", "labs", "run", "--rows", rows)
    show(
        "the whole demo",
        f"{demo.seconds:.1f} s",
        f"bare script {bare.seconds:.1f} s",
        demo.seconds / bare.seconds,
    )
    show(
        "its memory at most",
        f"{demo.peak_mib:,.0f} MiB",
        f"bare script {bare.peak_mib:,.0f} MiB",
        demo.peak_mib / bare.peak_mib,
        "below 2,048 MiB",
    )


if __name__ == "__main__":
    main()
