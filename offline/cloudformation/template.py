"""A CloudFormation template: its sections, and the order in which its resources can exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from offline.cloudformation.intrinsic import PLACEHOLDER
from offline.errors import TemplateError

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}


@dataclass(frozen=True)
class Template:
    """A parsed template; `Transform` and unknown sections are refused."""

    body: str
    document: dict[str, Any]

    @classmethod
    def parse(cls, body: str) -> Template:
        """The template of a JSON or YAML text.

        >>> Template.parse('{"Resources": {"Stream": {"Type": "AWS::Kinesis::Stream"}}}').order
        ('Stream',)
        """
        document = _read(body)
        unknown = set(document) - SECTIONS
        if unknown:
            raise TemplateError(
                f"template sections {sorted(unknown)} are not known; allowed: {sorted(SECTIONS)}"
            )
        if not document.get("Resources"):
            raise TemplateError("At least one Resources member must be defined.")
        return cls(body, document)

    def section(self, name: str) -> dict[str, Any]:
        return self.document.get(name) or {}

    @property
    def resources(self) -> dict[str, Any]:
        return self.section("Resources")

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Logical ids, each after everything it depends on."""
        graph = {name: self.dependencies(name) for name in self.resources}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise TemplateError(f"Circular dependency between resources: {error.args[1]}") from None

    def dependencies(self, logical_id: str) -> set[str]:
        """The resources that must exist before this one: `DependsOn`, `Ref`, `Fn::GetAtt`, `Fn::Sub`."""
        resource = self.resources[logical_id]
        named = _stated(resource) | set(_mentioned(resource.get("Properties") or {}))
        return {name for name in named if name in self.resources}

    def check(self) -> None:
        """Every resource has a type and names what exists, without a circle; else `TemplateError`."""
        for logical_id, resource in self.resources.items():
            if not logical_id.isalnum():
                raise TemplateError(f"Template format error: Resource name {logical_id} is non alphanumeric.")
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                raise TemplateError(
                    f"Template format error: [/Resources/{logical_id}] Every Resources object must contain "
                    "a Type member."
                )
        self._refuse_unresolved("Resources", self.resources)
        self._refuse_unresolved("Outputs", self.section("Outputs"))
        self._refuse_unknown_conditions()
        assert len(self.order) == len(self.resources)

    def _refuse_unresolved(self, section: str, entries: dict[str, Any]) -> None:
        known = {*self.resources, *self.section("Parameters")}
        named = {name for name in _mentioned(entries) if not name.startswith("AWS::")}
        for resource in entries.values():
            named |= _stated(resource)
        if unresolved := sorted(named - known):
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(unresolved)}] in the "
                f"{section} block of the template"
            )

    def _refuse_unknown_conditions(self) -> None:
        for section in ("Resources", "Outputs"):
            for name, entry in self.section(section).items():
                condition = entry.get("Condition")
                if condition is not None and condition not in self.section("Conditions"):
                    raise TemplateError(
                        f"Template format error: Unresolved condition dependency {condition} in the "
                        f"{section} block of the template ({name})"
                    )


def _stated(resource: Any) -> set[str]:
    stated = resource.get("DependsOn") or []
    return {stated} if isinstance(stated, str) else set(stated)


def _read(body: str) -> dict[str, Any]:
    document = _json(body) if body.lstrip().startswith("{") else _yaml(body)
    if not isinstance(document, dict):
        raise TemplateError(f"Template format error: expected an object, got {type(document).__name__}")
    return document


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise TemplateError(f"Template format error: JSON not well-formed. ({error})") from None


def _yaml(body: str) -> Any:
    # Only templates in YAML pay for this import, which takes seconds.
    import yaml
    from cfnlint.decode.cfn_yaml import loads

    try:
        return _plain(loads(body))
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: YAML not well-formed. ({error})") from None


def _plain(value: Any) -> Any:
    """cfn-lint's nodes, which remember their lines, as what they hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _mentioned(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _mentioned(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _mentioned_by(key, item)


def _mentioned_by(key: str, item: Any) -> Iterator[str]:
    if key == "Ref" and isinstance(item, str):
        yield item
    elif key == "Fn::GetAtt":
        yield item.split(".")[0] if isinstance(item, str) else item[0]
    elif key == "Fn::Sub":
        text, local = (item, {}) if isinstance(item, str) else item
        named = (name for literal, name in PLACEHOLDER.findall(text) if not literal and name not in local)
        yield from (name.split(".")[0] for name in named)
        yield from _mentioned(local)
    else:
        yield from _mentioned(item)
