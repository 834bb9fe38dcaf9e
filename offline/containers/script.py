"""Runs a Python script of a processing job as `python3 <script> <arguments>` would in the image.

What lies below /opt/ml in a container lies below SAGEMAKER_BASE_DIR here, for the script and for modules
beside it. Started as a script of its own, and of the standard library alone, so that a script finds its own
modules and those of the image, and none of the sandbox's.
"""

import os
import sys
from pathlib import Path
from types import ModuleType, TracebackType

ROOT = "/opt/ml"


def main(script: str, arguments: list[str]) -> None:
    sys.path[0] = str(Path(__file__).parents[2])
    from offline import relocated

    places = {ROOT: os.environ.get("SAGEMAKER_BASE_DIR", ROOT)}
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    relocated.install(places)
    code = relocated.compiled(Path(script).read_bytes(), script, places)
    program = sys.modules["__main__"] = ModuleType("__main__")
    program.__file__ = script
    sys.excepthook = shown
    exec(code, vars(program))


def shown(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error with the frames of the script alone."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
