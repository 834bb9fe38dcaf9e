"""What CloudFormation's provider schemas say of a resource type: read-only, create-only, handlers.

The schemas come with cfn-lint, one JSON file each, and are read without cfn-lint's code, whose import
takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex

REGION = "us-east-1"
"""The region whose list of types is the fullest."""
MISSING = object()
SCALARS = {"boolean": (bool,), "integer": (int,), "number": (int, float)}
"""What text of a type is read as."""
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

    def typed(self, properties: Any) -> Any:
        """Properties with text as the number or the boolean that the type asks for, and the other way round.

        >>> schema_of("AWS::Logs::LogGroup").typed({"RetentionInDays": "7", "LogGroupName": 12})
        {'RetentionInDays': 7, 'LogGroupName': '12'}
        """
        return self._typed(properties, self.document)

    def _typed(self, value: Any, said: Mapping[str, Any]) -> Any:
        if "$ref" in said:
            return self._typed(value, self.document["definitions"][said["$ref"].rpartition("/")[2]])
        if isinstance(value, dict):
            known = said.get("properties", {})
            return {key: self._typed(item, known.get(key, {})) for key, item in value.items()}
        if isinstance(value, list):
            return [self._typed(item, said.get("items", {})) for item in value]
        return _as(value, str(said.get("type")))

    def problems(self, properties: Any) -> list[str]:
        """What properties have that the type does not allow, or lack, as AWS words it.

        >>> schema_of("AWS::Kinesis::Stream").problems({"ShardCount": "two", "Colour": "blue"})
        ['#: extraneous key [Colour] is not permitted', '#/ShardCount: expected type: Integer, found: String']
        """
        return sorted(told for error in self._validator.iter_errors(properties) for told in _told(error))

    @cached_property
    def _validator(self) -> Any:
        return _validators()(self.document)

    def updates(self) -> bool:
        """Whether AWS can change a resource of this type in place."""
        return "update" in self.document.get("handlers", {"update": {}})

    def taggable(self) -> bool:
        tagging = self.document.get("tagging", {})
        return bool(tagging.get("taggable", "Tags" in self.properties))


@cache
def _validators() -> Any:
    """Draft 7, whose patterns are those of the schemas: they name classes of Unicode."""
    from jsonschema import Draft7Validator, ValidationError, validators

    def pattern(validator: Any, expression: str, instance: Any, schema: Any) -> Iterator[Any]:
        if validator.is_type(instance, "string") and not regex.search(expression, instance):
            yield ValidationError(expression)

    # Its stubs give this function no types.
    return validators.extend(Draft7Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]


NAMES = {"object": "JSONObject", "array": "JSONArray"}
"""Types of JSON as AWS's messages name them, where that is not the type in capitals."""


def _told(error: Any) -> Iterator[str]:
    place = "".join(f"/{part}" for part in ("#", *error.absolute_path))[1:]
    if error.validator == "required":
        yield from (
            f"{place}: required key [{key}] not found"
            for key in error.validator_value
            if key not in error.instance
        )
    elif error.validator == "additionalProperties":
        allowed = error.schema.get("properties", {})
        yield from (
            f"{place}: extraneous key [{key}] is not permitted"
            for key in error.instance
            if key not in allowed
        )
    elif error.validator == "type":
        yield f"{place}: expected type: {_name(error.validator_value)}, found: {_found(error.instance)}"
    else:
        yield f"{place}: failed validation constraint for keyword [{error.validator}]"


def _name(kind: str | list[str]) -> str:
    kinds = [kind] if isinstance(kind, str) else kind
    return " or ".join(NAMES.get(one, one.title()) for one in kinds)


def _found(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return _name(kinds.get(type(value), "null"))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """What lies at a path; `*` stands for every element of a list."""
    if not path:
        return value
    if path[0] == "*":
        return [_at(item, path[1:]) for item in value] if isinstance(value, list) else MISSING
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else MISSING


def _as(value: Any, kind: str) -> Any:
    """A scalar as the one type that is asked for; as it is where that cannot be."""
    if kind == "string" and isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if not isinstance(value, str) or kind not in SCALARS:
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if type(found) in SCALARS[kind] else value


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
