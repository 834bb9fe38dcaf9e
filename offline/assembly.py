"""Read a CDK cloud assembly: its stacks in the order they deploy, and their file assets.

`cdk.out` is the only bridge between the stacks and this sandbox. Source of the format: the
cloud-assembly schema of aws-cdk (`manifest.json`, `*.assets.json`).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from io import BytesIO
from pathlib import Path
from typing import Any

from offline.errors import AssemblyError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zip files carry times; a fixed one makes the same asset the same bytes."""


@dataclass(frozen=True)
class Asset:
    """A file or a folder that a template expects in a bucket."""

    path: Path
    packaging: str
    bucket: str
    key: str

    def content(self) -> bytes:
        """The bytes to upload: the file, or the folder as a zip."""
        if self.packaging == "file":
            return self.path.read_bytes()
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(self.path.rglob("*")):
                if file.is_file():
                    info = zipfile.ZipInfo(file.relative_to(self.path).as_posix(), EPOCH)
                    info.external_attr = 0o644 << 16
                    archive.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


@dataclass(frozen=True)
class StackArtifact:
    """One stack of the assembly."""

    name: str
    body: str
    tags: dict[str, str]
    depends_on: tuple[str, ...]
    assets: tuple[Asset, ...]

    @property
    def template(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded

    @property
    def noun(self) -> str:
        """The lab the stack belongs to: the last word of its name."""
        return self.name.rpartition("-")[2]


@dataclass(frozen=True)
class Assembly:
    """A directory that `cdk synth` wrote."""

    directory: Path
    stacks: tuple[StackArtifact, ...]

    @classmethod
    def load(cls, directory: Path) -> Assembly:
        """The assembly in a directory; anything missing or unreadable is named."""
        manifest = _json(
            directory / "manifest.json", "is not a cloud assembly: run `python -m labs synth` first"
        )
        artifacts = manifest.get("artifacts", {})
        found = {
            id: artifact
            for id, artifact in artifacts.items()
            if artifact.get("type") == "aws:cloudformation:stack"
        }
        if not found:
            raise AssemblyError(f"{directory} holds no stack; an assembly has at least one")
        order = TopologicalSorter(
            {
                id: [d for d in artifact.get("dependencies", []) if d in found]
                for id, artifact in found.items()
            }
        )
        return cls(directory, tuple(_stack(directory, id, found[id], found) for id in order.static_order()))

    def of(self, nouns: Iterable[str]) -> Assembly:
        """The stacks of these labs, and those they depend on."""
        wanted = set(nouns)
        for stack in reversed(self.stacks):
            if stack.noun in wanted:
                wanted |= {name.rpartition("-")[2] for name in stack.depends_on}
        return replace(self, stacks=tuple(stack for stack in self.stacks if stack.noun in wanted))


def _stack(directory: Path, id: str, artifact: dict[str, Any], stacks: dict[str, Any]) -> StackArtifact:
    properties = artifact["properties"]
    template = directory / properties["templateFile"]
    _json(template, "is missing or broken: synthesize again")
    return StackArtifact(
        name=properties.get("stackName", id),
        body=template.read_text(encoding="utf-8"),
        tags=properties.get("tags", {}),
        depends_on=tuple(d for d in artifact.get("dependencies", []) if d in stacks),
        assets=tuple(_assets(directory, id)),
    )


def _assets(directory: Path, id: str) -> Iterator[Asset]:
    """The file assets of a stack, but for its own template."""
    file = directory / f"{id}.assets.json"
    if not file.exists():
        return
    for asset in _json(file, "is broken: synthesize again").get("files", {}).values():
        source = asset["source"]
        if source["path"].endswith(".template.json"):
            continue
        path = directory / source["path"]
        if not path.exists():
            raise AssemblyError(f"asset {path} is missing: synthesize again")
        for destination in asset["destinations"].values():
            yield Asset(path, source["packaging"], destination["bucketName"], destination["objectKey"])


def _json(file: Path, problem: str) -> dict[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise AssemblyError(f"{file} {problem} ({error})") from None
    if not isinstance(loaded, dict):
        raise AssemblyError(f"{file} {problem} (got {type(loaded).__name__})")
    return loaded
