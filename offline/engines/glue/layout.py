"""Tables and partitions in a listing of objects.

A folder whose subfolders hold similar rows of one format is a table and the subfolders its partitions,
named by `key=value` or `partition_0`, `partition_1`, …; where they differ, each is looked at for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from offline.engines.glue.classify import UNKNOWN, Class
from offline.engines.glue.schema import Columns, merge, similar


@dataclass(frozen=True)
class Item:
    """One object below the include path; `path` is relative to it."""

    path: str
    size: int
    etag: str = ""


@dataclass
class Folder:
    """A folder of the listing: `prefix` ends with a slash, or is empty at the include path."""

    prefix: str = ""
    items: list[Item] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)

    def walk(self) -> Iterator[Folder]:
        yield self
        for name in sorted(self.folders):
            yield from self.folders[name].walk()

    def all_items(self) -> list[Item]:
        return [item for folder in self.walk() for item in folder.items]

    @property
    def depth(self) -> int:
        """How many folders lie below; objects beside folders make it uneven, which is -1."""
        depths = {folder.depth for folder in self.folders.values()}
        if not depths:
            return 0
        return -1 if len(depths) > 1 or -1 in depths or self.items else depths.pop() + 1

    def hive_style(self) -> bool:
        return bool(self.folders) and all("=" in name for name in self.folders)


@dataclass(frozen=True)
class Found:
    """A table: its folder (or single object), partition keys, and each partition's values and folder."""

    path: str
    keys: tuple[str, ...] = ()
    partitions: tuple[tuple[tuple[str, ...], str], ...] = ()
    items: tuple[Item, ...] = ()


def tree(items: Sequence[Item]) -> Folder:
    root = Folder()
    for item in items:
        here = root
        for name in item.path.split("/")[:-1]:
            here = here.folders.setdefault(name, Folder(f"{here.prefix}{name}/"))
        here.items.append(item)
    return root


def tables(
    folder: Folder, classes: dict[str, Class], *, combine: bool = False, level: int = 0
) -> Iterator[Found]:
    """The tables below a folder; `level` many folders further down, where the crawler fixes the level."""
    if level > 0:
        for name in sorted(folder.folders):
            yield from tables(folder.folders[name], classes, combine=combine, level=level - 1)
        return
    items = folder.all_items()
    if not items:
        return
    if is_one(folder, classes, combine):
        yield one_table(folder)
        return
    yield from files(folder, classes, combine)
    for name in sorted(folder.folders):
        yield from tables(folder.folders[name], classes, combine=combine)


def files(folder: Folder, classes: dict[str, Class], combine: bool) -> Iterator[Found]:
    """The objects that lie in a mixed folder itself: one table if they agree, else one for each."""
    if not folder.items:
        return
    alone = Folder(folder.prefix, folder.items)
    if folder.folders or not is_one(alone, classes, combine):
        for item in sorted(folder.items, key=lambda item: item.path):
            yield Found(item.path, items=(item,))
    else:
        yield one_table(alone)


def is_one(folder: Folder, classes: dict[str, Class], combine: bool) -> bool:
    """Whether everything below is one table: even depth, one format, similar columns."""
    if folder.depth < 0:
        return False
    known = [classes[item.path] for item in folder.all_items() if item.path in classes]
    readable = [found for found in known if found.name != UNKNOWN]
    if not readable:
        return not folder.folders or folder.hive_style()
    if len({found.kind for found in readable}) > 1:
        return False
    if any(found.name == UNKNOWN and not is_damaged(found) for found in known):
        return False
    return combine or all(similar(readable[0].columns, found.columns) for found in readable[1:])


def is_damaged(found: Class) -> bool:
    """A broken file of a columnar format does not make a folder another table; it is logged and skipped."""
    return found.reason.startswith("not readable")


def one_table(folder: Folder) -> Found:
    leaves = [found for found in folder.walk() if found.items]
    keys = partition_keys(folder)
    partitions = tuple((values_of(folder, leaf), leaf.prefix) for leaf in leaves) if keys else ()
    return Found(folder.prefix, keys, partitions, tuple(folder.all_items()))


def partition_keys(folder: Folder) -> tuple[str, ...]:
    """Names of the partition columns, level by level."""
    keys: list[str] = []
    while folder.folders:
        names = {name.split("=", 1)[0].lower() if "=" in name else "" for name in folder.folders}
        keys.append(names.pop() if len(names) == 1 and "" not in names else f"partition_{len(keys)}")
        folder = folder.folders[min(folder.folders)]
    return unique(keys)


def unique(keys: list[str]) -> tuple[str, ...]:
    """Two levels of one name would be one column: the later gets its position."""
    return tuple(f"{key}_{index}" if key in keys[:index] else key for index, key in enumerate(keys))


def values_of(root: Folder, leaf: Folder) -> tuple[str, ...]:
    names = leaf.prefix[len(root.prefix) :].rstrip("/").split("/")
    return tuple(unquote(name.split("=", 1)[1]) if "=" in name else name for name in names)


def columns_of(found: Found, classes: dict[str, Class]) -> tuple[Class, Columns]:
    """A table's class and merged columns; without those that its partition keys already name."""
    known = [classes[item.path] for item in found.items if item.path in classes]
    readable = [entry for entry in known if entry.name != UNKNOWN]
    first = readable[0] if readable else known[0]
    merged = merge(entry.columns for entry in readable)
    return first, {name: kind for name, kind in merged.items() if name not in found.keys}


def table_name(path: str, prefix: str, bucket: str) -> str:
    """The catalog's name for a folder or an object.

    >>> table_name("reference/Air-Lines/", "", "lake"), table_name("", "raw_", "my-lake")
    ('air_lines', 'raw_my_lake')
    """
    last = path.rstrip("/").rsplit("/", 1)[-1] or bucket
    last = last.split("=", 1)[0] if "=" in last else last
    return (prefix + re.sub(r"[^a-z0-9_]", "_", last.lower())).lower()


def excluded(path: str, patterns: Sequence[str]) -> bool:
    """Whether an exclusion fits: `*` within a folder, `**` across folders, `{a,b}`, `[a-z]`, `?`.

    >>> excluded("2013/x.metadata", ["**.metadata"]), excluded("a/b.csv", ["*.csv"])
    (True, False)
    """
    return any(re.fullmatch(glob(pattern), path) for pattern in patterns)


def glob(pattern: str) -> str:
    made, braces = "", 0
    for token in re.findall(r"\*\*|\\.|\[[^\]]*\]|.", pattern):
        braces += (token == "{") - (token == "}" and braces > 0)
        special = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
        if token.startswith("[") and len(token) > 1:
            made += token.replace("[!", "[^")
        elif token == "," and braces:
            made += "|"
        else:
            made += special.get(token, re.escape(token.removeprefix("\\")))
    return made
