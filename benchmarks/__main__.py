"""Run every benchmark, each against its bare engine or peer, in one go: `make bench`."""

from __future__ import annotations

import subprocess
import sys

MODULES = tuple(
    f"benchmarks.{name}"
    for name in (
        *("facts", "synth", "streaming", "athena", "lifecycle", "state", "server", "policies"),
        "pipeline",
    )
)

if __name__ == "__main__":
    sys.exit(
        max(subprocess.run([sys.executable, "-m", module], check=False).returncode for module in MODULES)
    )
