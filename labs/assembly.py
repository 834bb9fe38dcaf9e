"""The labs' templates of a cloud assembly: a stack is a lab's where its tag `lab` says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labs.errors import SynthError, UsageError
from labs.synth import synthesize

STACK = "aws:cloudformation:stack"


@contextmanager
def synthesized(assembly: Path | None, overrides: dict[str, str]) -> Iterator[Path]:
    """The assembly that was named, or one made for the moment."""
    if assembly is not None:
        yield assembly
        return
    with TemporaryDirectory(prefix="assembly-") as folder:
        yield synthesize(Path(folder) / "cdk.out", overrides)


def stacks_of(folder: Path, nouns: list[str]) -> list[dict[str, Any]]:
    """The stacks of these labs, in their order; an assembly without any, as another project's, is refused."""
    listed = _stacks(folder)
    stacks = {name: one["properties"] for name, one in listed.items() if noun_of(one["properties"]) in nouns}
    if not stacks:
        held = ", ".join(listed) or "no stack"
        raise UsageError(f"{folder} holds {held}; none has the tag `lab` of a stack of {', '.join(nouns)}")
    found = [
        {"name": name, "noun": noun_of(properties), "template": _template(folder, properties)}
        for name, properties in stacks.items()
    ]
    return sorted(found, key=lambda stack: nouns.index(stack["noun"]))


def prefix_of(folder: Path, nouns: list[str]) -> str:
    """How the names of these labs' stacks begin; an assembly that lacks one of them is refused."""
    found = stacks_of(folder, nouns)
    if lacking := [noun for noun in nouns if noun not in {stack["noun"] for stack in found}]:
        raise UsageError(f"{folder} holds no stack of {', '.join(lacking)}; run `labs synth`")
    name, noun = found[0]["name"], found[0]["noun"]
    return str(name).removesuffix(f"-{noun}")


def with_needed(folder: Path, nouns: list[str]) -> list[str]:
    """These labs behind all whose stacks theirs depend on: what the CDK deploys when it is told theirs."""
    listed, found = _stacks(folder), list[str]()

    def visit(name: str) -> None:
        for needed in listed[name]["dependencies"]:
            if needed in listed:
                visit(needed)
        if (noun := noun_of(listed[name]["properties"])) and noun not in found:
            found.append(noun)

    for stack in stacks_of(folder, nouns):
        visit(stack["name"])
    return found


def noun_of(properties: dict[str, Any]) -> str:
    """The lab that a stack's tags name; empty for a stack of anybody else's."""
    tags = properties.get("tags")
    return str(tags.get("lab", "")) if isinstance(tags, dict) else ""


def _stacks(folder: Path) -> dict[str, dict[str, Any]]:
    """By name, `properties` and `dependencies` of each stack that the manifest lists."""
    artifacts = _json(folder / "manifest.json", f"{folder} is no cloud assembly").get("artifacts")
    return {
        name: {
            "properties": artifact.get("properties") or {},
            "dependencies": artifact.get("dependencies") or [],
        }
        for name, artifact in (artifacts if isinstance(artifacts, dict) else {}).items()
        if isinstance(artifact, dict) and artifact.get("type") == STACK
    }


def _template(folder: Path, properties: dict[str, Any]) -> dict[str, Any]:
    file = folder / str(properties.get("templateFile"))
    found = _json(file, f"{file} is no template")
    resources = found.get("Resources", {})
    if not isinstance(resources, dict) or any(
        not isinstance(one, dict) or not isinstance(one.get("Type"), str) for one in resources.values()
    ):
        raise SynthError(f"{file} is no template: a resource of it has no Type; synthesize again")
    return found


def _json(file: Path, otherwise: str) -> dict[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SynthError(f"{otherwise}: {file.name}: {why}; run `labs synth`") from None
    if not isinstance(loaded, dict):
        raise SynthError(f"{otherwise}: {file.name} holds a {type(loaded).__name__}; run `labs synth`")
    return loaded
