"""What CloudFormation's provider schemas say of a resource type: read-only, create-only, handlers.

The schemas come with cfn-lint, one JSON file each, and are read without cfn-lint's code, whose import
takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REGION = "us-east-1"
"""The region whose list of types is the fullest."""
MISSING = object()
IN_PLACE = {("AWS::EC2::VPC", "InstanceTenancy"): "default"}
"""Of properties that are create-only on a condition: the value to which a resource changes as it stands."""


@dataclass(frozen=True)
class Schema:
    """One type's schema.

    >>> schema_of("AWS::Kinesis::Stream").replaces({"Name": "a"}, {"Name": "b"})
    ['Name']
    """

    document: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document.get("properties", {})
        return found

    def paths(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """The property paths of one of the schema's lists, such as `createOnlyProperties`."""
        return tuple(tuple(text.split("/")[2:]) for text in self.document.get(kind, ()))

    def replaces(self, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        """The create-only properties that differ: an update of them replaces the resource.

        Some are so on a condition, which the schemas do not tell: what is given for the first time is left
        to the row's update, and so is what `IN_PLACE` names.
        """
        found = [path for path in self.paths("createOnlyProperties") if _at(old, path) != _at(new, path)]
        for path in self.paths("conditionalCreateOnlyProperties"):
            before, after = _at(old, path), _at(new, path)
            possible = IN_PLACE.get((self.document["typeName"], *path))
            first = before is MISSING if possible is None else after in (MISSING, possible)
            if before != after and not first:
                found.append(path)
        return sorted({".".join(path) for path in found})

    def custom_name(self, properties: Mapping[str, Any]) -> str:
        """The name that a template gives a resource by its one identifier; empty where it gives none."""
        identifiers = self.paths("primaryIdentifier")
        if len(identifiers) != 1 or identifiers[0] in self.paths("readOnlyProperties"):
            return ""
        value = properties.get(identifiers[0][-1], "")
        return value if isinstance(value, str) else ""

    def updates(self) -> bool:
        """Whether AWS can change a resource of this type in place."""
        return "update" in self.document.get("handlers", {"update": {}})

    def taggable(self) -> bool:
        tagging = self.document.get("tagging", {})
        return bool(tagging.get("taggable", "Tags" in self.properties))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """What lies at a path; `*` stands for every element of a list."""
    if not path:
        return value
    if path[0] == "*":
        return [_at(item, path[1:]) for item in value] if isinstance(value, list) else MISSING
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else MISSING


@cache
def schema_of(kind: str) -> Schema:
    """The schema of a type; a custom resource's, where there is none: everything updates in place."""
    index, folder = _index(), _folder()
    if kind not in index:
        return Schema({})
    return Schema(json.loads((folder / "resources" / f"{index[kind]}.json").read_text(encoding="utf-8")))


@cache
def _index() -> dict[str, str]:
    found: dict[str, str] = json.loads((_folder() / "providers" / f"{REGION}.json").read_text("utf-8"))
    return found


def _folder() -> Path:
    spec = find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "schemas"
