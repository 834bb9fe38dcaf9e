"""Python source whose text leads elsewhere: what is /opt in a container is a folder here.

Code knows such places by heart, so text in its source that begins with one begins with what stands for it; a
place that is put together of parts is not found. Of the standard library alone: it runs in processes where
nothing of the sandbox is to be found.
"""

import ast
import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType
from typing import Any


class Places(ast.NodeTransformer):
    """Constants that begin with a place begin with what stands for it."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            for place, here in self._places.items():
                if node.value == place or node.value.startswith(f"{place}/"):
                    return ast.copy_location(ast.Constant(here + node.value.removeprefix(place)), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        """Only what an f-string begins with is the beginning of its text."""
        parts = [one for one in node.values[1:] if isinstance(one, ast.FormattedValue)]
        for part in [*node.values[:1], *parts]:
            replaced = self.visit(part)
            node.values[node.values.index(part)] = replaced
        return node


def compiled(source: bytes, path: str, places: Mapping[str, str]) -> CodeType:
    """The code of a module, with every place replaced."""
    if not any(place.encode() in source for place in places):
        return compile(source, path, "exec", dont_inherit=True)
    tree = Places(places).visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class Loader(SourceFileLoader):
    """Loads a module with its places replaced."""

    def __init__(self, fullname: str, path: str, places: Mapping[str, str]) -> None:
        super().__init__(fullname, path)
        self._places = places

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compiled(self.get_data(path), path, self._places)


class Finder(MetaPathFinder):
    """Finds modules as Python does, and has those below what stands for a place loaded by `Loader`."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        found = PathFinder.find_spec(fullname, path, target)
        origin = (found.origin if found is not None else None) or ""
        if found is None or not origin.endswith(".py") or not origin.startswith(tuple(self._places.values())):
            return found
        return spec_from_file_location(
            fullname,
            origin,
            loader=Loader(fullname, origin, self._places),
            submodule_search_locations=found.submodule_search_locations,
        )


def install(places: Mapping[str, str]) -> None:
    """From now on modules are imported with these places replaced: place in a container → folder.

    Code that is imported may have a module that is called like this package, and finds its own.
    """
    sys.meta_path.insert(sys.meta_path.index(PathFinder), Finder(places))
    for name in ("offline", __name__):
        del sys.modules[name]
