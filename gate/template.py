"""CloudFormation templates as the rules read them: what a property may come to, and what it refers to.

A value that only AWS can know (an ARN, a parameter without a default) is unknown: no rule says
anything about it. Templates that are read together resolve each other's exports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from gate.errors import TemplateError

Key = tuple[str, str]
"""A resource of one of the templates: template and logical id."""


@dataclass(frozen=True)
class Reference:
    """A place in a text that another resource fills."""

    key: Key
    attribute: str = ""


Part = str | Reference | None
"""A piece of a text: known, another resource's, or unknown."""


@dataclass(frozen=True)
class Resource:
    """One resource of one template."""

    template: Template
    logical_id: str
    type: str
    properties: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.template.name, self.logical_id

    def values(self, path: str) -> Iterator[tuple[str, Any]]:
        """Every value that a property may have, with its location; `[]` in the path walks a list.

        >>> rules = {"Type": "T", "Properties": {"Rules": [{"Id": 1}, {"Id": 2}]}}
        >>> t = Template("t", {"Resources": {"B": rules}})
        >>> list(t.resources["B"].values("Rules[].Id"))
        [('Rules[0].Id', 1), ('Rules[1].Id', 2)]
        """
        yield from self._walk(self.properties, path.split("."), "")

    def _walk(self, node: Any, names: list[str], at: str) -> Iterator[tuple[str, Any]]:
        for found in self.template.possible(node):
            if not names:
                yield at, found
                continue
            name, listed = names[0].removesuffix("[]"), names[0].endswith("[]")
            if not isinstance(found, dict) or name not in found:
                continue
            inner = f"{at}.{name}" if at else name
            if not listed:
                yield from self._walk(found[name], names[1:], inner)
                continue
            for items in self.template.possible(found[name]):
                for index, item in enumerate(items if isinstance(items, list) else []):
                    yield from self._walk(item, names[1:], f"{inner}[{index}]")

    def value(self, path: str) -> Any:
        """The one value that a property has; None where there is none, several or an unknown one."""
        found = [value for _, value in self.values(path)]
        return found[0] if len(found) == 1 else None

    def has(self, path: str) -> bool:
        """Whether the property is written, known or not."""
        return self.node(path) not in (None, {"Ref": "AWS::NoValue"})

    def number(self, path: str) -> float | None:
        """The one number that a property has."""
        try:
            return float(self.value(path))
        except (TypeError, ValueError):
            return None

    def node(self, path: str) -> Any:
        """What is written at a property, unresolved; None where nothing is."""
        node: Any = self.properties
        for name in path.split("."):
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def on(self, path: str) -> bool:
        """Whether a switch is known to be on."""
        return self.value(path) in (True, "true")

    def refers(self, path: str) -> Reference | None:
        """The resource that a property names by Ref, GetAtt, Sub, Join or an export."""
        parts = [part for part in self.template.parts(self.node(path)) if isinstance(part, Reference)]
        return parts[0] if parts else None


@dataclass
class Template:
    """One template; `exports` holds those of all templates that it is read with."""

    name: str
    document: dict[str, Any]
    exports: dict[str, Part] = field(default_factory=dict)

    @cached_property
    def resources(self) -> dict[str, Resource]:
        return {
            logical_id: Resource(
                self,
                logical_id,
                resource["Type"],
                properties if isinstance(properties := resource.get("Properties"), dict) else {},
                metadata if isinstance(metadata := resource.get("Metadata"), dict) else {},
            )
            for logical_id, resource in self.document["Resources"].items()
            if isinstance(resource, dict) and isinstance(resource.get("Type"), str)
        }

    def possible(self, node: Any) -> Iterator[Any]:
        """What a node may come to; nothing where only AWS knows."""
        name = intrinsic(node)
        if name is None:
            yield node
        elif name == "Fn::If":
            branches = node[name]
            for branch in branches[1:] if isinstance(branches, list) else []:
                yield from self.possible(branch)
        elif name == "Ref":
            parameter = self._section("Parameters", node[name])
            if "Default" in parameter and not str(parameter.get("Type", "")).startswith("AWS::SSM::"):
                yield parameter["Default"]
        elif name == "Fn::FindInMap":
            yield from self._mapped(node[name])
        elif name == "Fn::Select":
            yield from self._selected(node[name])
        elif (text := self.text(node)) is not None:
            yield text

    def _mapped(self, arguments: Any) -> Iterator[Any]:
        """The value of a map; every value that fits where a key is unknown."""
        if not isinstance(arguments, list) or len(arguments) < 3:
            return
        for maps in chosen(self._section("Mappings", arguments[0]), self.possible(arguments[1])):
            yield from chosen(maps, self.possible(arguments[2])) if isinstance(maps, dict) else ()

    def _section(self, section: str, name: Any) -> dict[str, Any]:
        """An entry of a section of the document."""
        entries = self.document.get(section)
        found = entries.get(name) if isinstance(entries, dict) and isinstance(name, str) else None
        return found if isinstance(found, dict) else {}

    def _selected(self, arguments: Any) -> Iterator[Any]:
        if not isinstance(arguments, list) or len(arguments) != 2:
            return
        for index, items in product(self.possible(arguments[0]), self.possible(arguments[1])):
            if isinstance(items, list) and str(index).isdigit() and int(index) < len(items):
                yield from self.possible(items[int(index)])

    def text(self, node: Any) -> str | None:
        """A text that is known whole, else None."""
        parts = list(self.parts(node))
        return "".join(parts) if parts and all(isinstance(part, str) for part in parts) else None  # type: ignore[arg-type]

    def parts(self, node: Any) -> Iterator[Part]:
        """The pieces of a text, in order."""
        name = intrinsic(node)
        if name is None:
            yield str(node) if isinstance(node, str | int | float) else None
        elif name == "Ref":
            yield self._referred(str(node[name]), "")
        elif name == "Fn::GetAtt":
            given = node[name]
            names = given.split(".", 1) if isinstance(given, str) else given
            if isinstance(names, list) and len(names) == 2:
                yield self._referred(str(names[0]), str(names[1]))
            else:
                yield None
        elif name == "Fn::Join":
            yield from self._joined(node[name])
        elif name == "Fn::Sub":
            yield from self._substituted(node[name])
        elif name == "Fn::ImportValue":
            yield self.exports.get(self.text(node[name]) or "")
        else:
            known = list(self.possible(node)) if name in ("Fn::FindInMap", "Fn::Select") else []
            yield from self.parts(known[0]) if len(known) == 1 else (None,)

    def _referred(self, name: str, attribute: str) -> Part:
        if name in self.document["Resources"]:
            return Reference((self.name, name), attribute)
        known = list(self.possible({"Ref": name}))
        return str(known[0]) if known and not attribute else None

    def _joined(self, arguments: Any) -> Iterator[Part]:
        if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[1], list):
            yield None
            return
        for index, item in enumerate(arguments[1]):
            if index and arguments[0]:
                yield str(arguments[0])
            yield from self.parts(item)

    def _substituted(self, arguments: Any) -> Iterator[Part]:
        rest, given = arguments if isinstance(arguments, list) and len(arguments) == 2 else (arguments, {})
        if not isinstance(rest, str) or not isinstance(given, dict):
            yield None
            return
        while "${" in rest:
            before, _, rest = rest.partition("${")
            name, _, rest = rest.partition("}")
            if before:
                yield before
            if name.startswith("!"):
                yield "${" + name[1:] + "}"
            elif name in given:
                yield from self.parts(given[name])
            else:
                outer, _, attribute = name.partition(".")
                yield self._referred(outer, attribute)
        if rest:
            yield rest


def chosen(entries: dict[str, Any], names: Iterator[Any]) -> list[Any]:
    """The entries of these names; all of them where no name is known."""
    known = [entries[name] for name in names if isinstance(name, str) and name in entries]
    return known or list(entries.values())


def intrinsic(node: Any) -> str | None:
    """The name of the function that a node calls, if it calls one."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    (name,) = node
    return name if isinstance(name, str) and (name == "Ref" or name.startswith("Fn::")) else None


@dataclass(frozen=True)
class Templates:
    """Templates that are deployed together."""

    items: tuple[Template, ...]

    @classmethod
    def of(cls, documents: dict[str, Any]) -> Templates:
        """Templates by name; one that has no resources is refused."""
        for name, document in documents.items():
            if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
                raise TemplateError(f"{name} is no CloudFormation template: it has no mapping 'Resources'")
        exports: dict[str, Part] = {}
        items = tuple(Template(name, document, exports) for name, document in documents.items())
        for template in items:
            for output in (template.document.get("Outputs") or {}).values():
                if isinstance(output, dict) and isinstance(output.get("Export"), dict):
                    exported = template.text(output["Export"].get("Name"))
                    parts = list(template.parts(output.get("Value")))
                    if exported and len(parts) == 1:
                        exports[exported] = parts[0]
        return cls(items)

    def resources(self, *types: str) -> Iterator[Resource]:
        """Every resource of these types, or of any."""
        for template in self.items:
            for resource in template.resources.values():
                if not types or resource.type in types:
                    yield resource

    def at(self, reference: Reference | None, type: str = "") -> Resource | None:
        """The resource that a reference names, if it is of this type."""
        if reference is None:
            return None
        for template in self.items:
            if template.name == reference.key[0]:
                found = template.resources.get(reference.key[1])
                return found if found is not None and type in ("", found.type) else None
        return None


def read(path: Path) -> Templates:
    """The templates of a file (JSON or YAML) or of a cloud assembly, nested ones included."""
    if not path.exists():
        raise TemplateError(f"there is no {path}; name a template (JSON or YAML) or a folder such as cdk.out")
    if path.is_dir():
        files = sorted({*path.rglob("*.template.json"), *path.rglob("*.nested.template.json")})
        if not files:
            raise TemplateError(f"{path} is no cloud assembly: it holds no *.template.json; run `cdk synth`")
        return Templates.of({file.name: parsed(file) for file in files})
    return Templates.of({path.name: parsed(path)})


def parsed(file: Path) -> Any:
    """The document of a template file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file} cannot be read: {error}") from None
    if file.suffix == ".json" or text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise TemplateError(f"{file} is not JSON: {error}") from None
    return from_yaml(text, str(file))


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
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise TemplateError(f"{name} is not YAML: {' '.join(str(error).split())}") from None


def _short_form(loader: Any, tag: str, node: Any) -> dict[str, Any]:
    from yaml import MappingNode, ScalarNode

    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if tag == "GetAtt" else value}
    if isinstance(node, MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: loader.construct_sequence(node, deep=True)}
