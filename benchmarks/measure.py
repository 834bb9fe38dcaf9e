"""Time in turns, so that a busy machine slows both sides alike, and say a ratio in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The best time of each."""
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return min(one for one, _ in times), min(other for _, other in times)


@dataclass(frozen=True)
class Process:
    """What a process came to."""

    seconds: float
    peak_mib: float


def run(*arguments: str) -> Process:
    """A Python process from start to end, with the most memory it held."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    # Linux counts in KiB, macOS in bytes.
    peak = usage.ru_maxrss / (1024 if sys.platform.startswith("linux") else 1024**2)
    return Process(time.perf_counter() - started, peak)


def show(what: str, here: str, beside: str, ratio: float | None, aim: str = "") -> None:
    """A line; without a ratio where there is nothing beside."""
    aimed = f"  (aim: {aim})" if aim else ""
    said = f"{'-':>9}" if ratio is None else f"{ratio:>8.2f}x"
    print(f"{what:<34}{here:>16}{beside:>32}{said}{aimed}", flush=True)
