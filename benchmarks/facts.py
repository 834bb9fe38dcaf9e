"""Every table of facts, checked and typed, beside its files as the csv and json modules read them.

Both in processes of their own, so that imports count. python -m benchmarks.facts --rounds 5
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.measure import show

AIM_MS = 100
TYPED = """
import time; began = time.perf_counter()
from importlib import import_module
from pkgutil import iter_modules
import facts
for found in iter_modules(facts.__path__):
    module = import_module(f"facts.{found.name}")
    for name in ("table", "registries", "families", "entries"):
        if hasattr(module, name):
            getattr(module, name)()
print(time.perf_counter() - began)
"""
BARE = """
import time; began = time.perf_counter()
import csv, json
from pathlib import Path
for file in sorted(Path("facts/data").iterdir()):
    text = file.read_text(encoding="utf-8")
    json.loads(text) if file.suffix == ".json" else list(csv.DictReader(text.splitlines(True)))
print(time.perf_counter() - began)
"""


def milliseconds(program: str) -> float:
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(said.stdout) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="repetitions (default %(default)s)")
    times = [(milliseconds(TYPED), milliseconds(BARE)) for _ in range(parser.parse_args().rounds)]
    ours, bare = min(one for one, _ in times), min(other for _, other in times)
    show("all facts", f"{ours:.0f} ms", f"bare csv and json {bare:.0f} ms", ours / bare, f"below {AIM_MS} ms")


if __name__ == "__main__":
    main()
