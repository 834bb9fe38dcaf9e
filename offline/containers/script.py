"""Runs a Python script of a processing job as `python3 <script> <arguments>` would in the image.

What lies below /opt/ml in a container lies below SAGEMAKER_BASE_DIR here. Scripts know the places by heart,
so text in their source, and in that of modules beside them, that begins with /opt/ml leads there as well; a
place that a script puts together of parts is not found. Started as a script of its own, and of the standard
library alone, so that a script finds its own modules and those of the image, and none of the sandbox's.
"""

import ast
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

ROOT = "/opt/ml"
BASE = os.environ.get("SAGEMAKER_BASE_DIR", ROOT)


class Places(ast.NodeTransformer):
    """Constants that begin with /opt/ml begin with what stands for it."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and (node.value == ROOT or node.value.startswith(f"{ROOT}/")):
            return ast.copy_location(ast.Constant(BASE + node.value.removeprefix(ROOT)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        """Only what an f-string begins with is the beginning of its text."""
        parts = [one for one in node.values[1:] if isinstance(one, ast.FormattedValue)]
        for part in [*node.values[:1], *parts]:
            replaced = self.visit(part)
            node.values[node.values.index(part)] = replaced
        return node


def compiled(source: bytes, path: str) -> CodeType:
    tree = Places().visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec")


class Loader(SourceFileLoader):
    """Loads a module that lies below the base."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compiled(self.get_data(path), path)


class Finder(MetaPathFinder):
    """Finds modules as Python does, and has those below the base loaded by `Loader`."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        found = PathFinder.find_spec(fullname, path, target)
        origin = found.origin if found is not None else None
        if found is None or not origin or not origin.endswith(".py") or not origin.startswith(BASE):
            return None
        return spec_from_file_location(
            fullname,
            origin,
            loader=Loader(fullname, origin),
            submodule_search_locations=found.submodule_search_locations,
        )


def main(script: str, arguments: list[str]) -> None:
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    sys.meta_path.insert(0, Finder())
    code = compiled(Path(script).read_bytes(), script)
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
