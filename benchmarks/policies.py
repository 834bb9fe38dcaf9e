"""What it adds to the pipeline that policies decide every request, beside all the rest of the run."""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from benchmarks.measure import show
from labs.flights import TOTAL
from offline.engines.s3 import api
from offline.engines.s3.access import Access
from offline.iam import gatekeeper


class Stopwatch:
    """Adds up the seconds of functions that may call each other."""

    def __init__(self) -> None:
        self.seconds, self.calls, self._depth = 0.0, 0, 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._depth:
                return function(*args, **kwargs)
            self._depth, started = 1, time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._depth, self.calls = 0, self.calls + 1
                self.seconds += time.perf_counter() - started

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=TOTAL)
    rows = parser.parse_args().rows
    watch, started = Stopwatch(), time.perf_counter()
    with contextlib.ExitStack() as stack:
        for owner, name in (
            (gatekeeper, "_check_call"),
            (gatekeeper, "caller_of"),
            (Access, "check"),
            (api, "caller_of"),
        ):
            stack.enter_context(patch.object(owner, name, watch.around(getattr(owner, name))))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        from labs.cli import app

        app(["run", "--rows", str(rows)], standalone_mode=False)
    rest = time.perf_counter() - started - watch.seconds
    what = f"deciding {watch.calls:,} requests"
    show(
        what,
        f"{watch.seconds:.2f} s",
        f"the rest of the demo {rest:.1f} s",
        1 + watch.seconds / rest,
        "below 1.1",
    )


if __name__ == "__main__":
    main()
