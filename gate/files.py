"""Templates from files: JSON, YAML with CloudFormation's short forms, or a whole cloud assembly."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gate.errors import TemplateError
from gate.template import Templates

MANIFEST, TEMPLATES = "manifest.json", "*.template.json"


def read(path: Path) -> Templates:
    """The templates of a file (JSON or YAML) or of a cloud assembly, nested ones included."""
    if not path.exists():
        raise TemplateError(f"there is no {path}; name a template (JSON or YAML) or a folder such as cdk.out")
    if path.is_dir():
        found = _of_assembly(path) if (path / MANIFEST).exists() else path.rglob(TEMPLATES)
        files = sorted({Path(os.path.normpath(file)) for file in found})
        if not files:
            raise TemplateError(f"{path} is no cloud assembly: it holds no {TEMPLATES}; run `cdk synth`")
        return Templates.of({Path(os.path.relpath(file, path)).as_posix(): parsed(file) for file in files})
    return Templates.of({path.name: parsed(path)})


def _of_assembly(folder: Path) -> Iterator[Path]:
    """The templates that the manifest lists, nested ones and those of stages too.

    A folder keeps what earlier syntheses left there, and assets may hold templates of anybody's.
    """
    manifest = parsed(folder / MANIFEST)
    artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        match artifact:
            case {"type": "aws:cloudformation:stack", "properties": {"templateFile": str(file)}}:
                yield folder / file
            case {"type": "cdk:cloud-assembly", "properties": {"directoryName": str(inner)}}:
                yield from _of_assembly(folder / inner)
            case {"type": "cdk:asset-manifest", "properties": {"file": str(file)}}:
                yield from _of_assets(folder, parsed(folder / file))


def _of_assets(folder: Path, assets: Any) -> Iterator[Path]:
    """Templates that are uploaded as files: those of nested stacks."""
    files = assets.get("files") if isinstance(assets, dict) else None
    for asset in files.values() if isinstance(files, dict) else ():
        match asset:
            case {"source": {"path": str(path), "packaging": "file"}} if path.endswith(".template.json"):
                yield folder / path


def parsed(file: Path) -> Any:
    """The document of a template file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file} cannot be read: {error}") from None
    try:
        if file.suffix == ".json" or text.lstrip().startswith("{"):
            return json.loads(text)
        return from_yaml(text, str(file))
    except json.JSONDecodeError as error:
        raise TemplateError(f"{file} is not JSON: {error}") from None
    except RecursionError:
        raise TemplateError(f"{file} is no template: it nests deeper than any is read") from None


def from_yaml(text: str, name: str) -> Any:
    """YAML with CloudFormation's short forms.

    >>> from_yaml("A: !GetAtt B.Arn\\nC: !Sub '${D}'", "t")
    {'A': {'Fn::GetAtt': ['B', 'Arn']}, 'C': {'Fn::Sub': '${D}'}}
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Keeps dates as the text they are."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_multi_constructor("!", _short_form)
    try:
        document = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise TemplateError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    try:
        json.dumps(document, skipkeys=True, default=str)
    except ValueError:
        raise TemplateError(f"{name} is no template: something in it stands inside itself") from None
    return document


def _short_form(loader: Any, tag: str, node: Any) -> dict[str, Any]:
    from yaml import MappingNode, ScalarNode

    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if tag == "GetAtt" else value}
    if isinstance(node, MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: loader.construct_sequence(node, deep=True)}
