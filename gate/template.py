"""CloudFormation templates as the rules read them: what a property may come to, and what it refers to.

A value that only AWS can know (an ARN, a parameter without a default) is unknown: no rule says
anything about it. Templates that are read together resolve each other's exports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from gate.errors import TemplateError
from gate.worlds import ANY, OTHER, World

Key = tuple[str, str]
"""A resource of one of the templates: template and logical id."""


@dataclass(frozen=True)
class Reference:
    """A place in a text that another resource fills."""

    key: Key
    attribute: str = ""


Part = str | Reference | None
"""A piece of a text: known, another resource's, or unknown."""

SAM = "AWS::Serverless::"
NO_VALUE = {"Ref": "AWS::NoValue"}
LOOP = "Fn::ForEach::"


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

    def nodes(self, path: str) -> Iterator[tuple[str, Any]]:
        """What is written at a property, unresolved, in every place it may stand; `[]` walks a list.

        >>> rules = {"Type": "T", "Properties": {"Rules": [{"Id": 1}, {"Id": {"Ref": "P"}}]}}
        >>> t = Template("t", {"Resources": {"B": rules}})
        >>> list(t.resources["B"].nodes("Rules[].Id"))
        [('Rules[0].Id', 1), ('Rules[1].Id', {'Ref': 'P'})]
        """
        yield from self._walk(self.properties, path.split("."), "")

    def _walk(self, node: Any, names: list[str], at: str) -> Iterator[tuple[str, Any]]:
        if not names:
            yield from ((at, one) for one in self.template.branches(node))
            return
        name, listed = names[0].removesuffix("[]"), names[0].endswith("[]")
        for found in self.template.possible(node):
            if not isinstance(found, dict) or name not in found:
                continue
            inner = f"{at}.{name}" if at else name
            if not listed:
                yield from self._walk(found[name], names[1:], inner)
                continue
            for items in self.template.possible(found[name]):
                for index, item in enumerate(items if isinstance(items, list) else []):
                    yield from self._walk(item, names[1:], f"{inner}[{index}]")

    def values(self, path: str) -> Iterator[tuple[str, Any]]:
        """Every value that a property may have, with its location."""
        for at, node in self.nodes(path):
            yield from ((at, found) for found in self.template.possible(node))

    def value(self, path: str) -> Any:
        """The one value that a property has; None where there is none, several or an unknown one."""
        nodes, values = list(self.nodes(path)), [value for _, value in self.values(path)]
        return values[0] if len(nodes) == len(values) == 1 else None

    def node(self, path: str) -> Any:
        """The one thing that is written at a property, unresolved; None where there is none or several."""
        found = [node for _, node in self.nodes(path)]
        return found[0] if len(found) == 1 else None

    def has(self, path: str) -> bool:
        """Whether the property is written, or may be, as only AWS knows what it stands in."""
        return self._may_have(self.properties, path.split("."))

    def _may_have(self, node: Any, names: list[str]) -> bool:
        for one in self.template.branches(node):
            known = list(self.template.possible(one))
            if not names or not known or any(computed(found) for found in known):
                return True
            if any(self._may_have(found[names[0]], names[1:]) for found in known if names[0] in _keys(found)):
                return True
        return False

    def number(self, path: str) -> float | None:
        """The one number that a property has."""
        try:
            return float(self.value(path))
        except (TypeError, ValueError):
            return None

    def on(self, path: str) -> bool:
        """Whether a switch is known to be on."""
        return self.value(path) in (True, "true")

    def off(self, path: str) -> bool:
        """Whether a switch is known to be off."""
        return self.value(path) in (False, "false")

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
    assumed: World = ANY

    @cached_property
    def resources(self) -> dict[str, Resource]:
        return {
            logical_id: Resource(
                self,
                logical_id,
                resource["Type"],
                self._with_globals(resource),
                metadata if isinstance(metadata := resource.get("Metadata"), dict) else {},
            )
            for logical_id, resource in self.declared.items()
            if isinstance(resource.get("Type"), str)
        }

    @cached_property
    def declared(self) -> dict[str, dict[str, Any]]:
        """What is written of each resource, those of loops too."""
        return dict(self._declared(self.document["Resources"]))

    def _declared(self, entries: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, written in entries.items():
            if isinstance(written, dict):
                yield name, written
            elif name.startswith(LOOP) and isinstance(written, list) and len(written) == 3:
                for body in self._rounds(*written):
                    yield from self._declared(body)

    def _rounds(self, variable: Any, over: Any, body: Any) -> Iterator[dict[str, Any]]:
        """A loop's body for each of its items; as it is written where only AWS knows them."""
        listed = [item for items in self.possible(over) if isinstance(items, list) for item in items]
        texts = [text for item in listed if (text := self.text(item)) is not None]
        for body_of_round in [_filled(body, str(variable), text) for text in texts] or [body]:
            if isinstance(body_of_round, dict):
                yield body_of_round

    def _with_globals(self, resource: dict[str, Any]) -> dict[str, Any]:
        """A resource's properties over those that the Serverless Application Model takes from Globals."""
        type, properties, ignored = (resource.get(one) for one in ("Type", "Properties", "IgnoreGlobals"))
        own = properties if isinstance(properties, dict) else {}
        if not str(type).startswith(SAM) or ignored == "*":
            return own
        shared = self._section("Globals", str(type).removeprefix(SAM))
        left_out = ignored if isinstance(ignored, list) else []
        return {**{name: value for name, value in shared.items() if name not in left_out}, **own}

    def branches(self, node: Any) -> Iterator[Any]:
        """A node, or what stands in each branch of its conditions; what is no value is left out."""
        if intrinsic(node) == "Fn::If" and isinstance(node["Fn::If"], list):
            for branch in self._taken(*node["Fn::If"]):
                yield from self.branches(branch)
        elif node != NO_VALUE:
            yield node

    def _taken(self, condition: Any = None, *branches: Any) -> tuple[Any, ...]:
        """The branch of a condition that is assumed, else each."""
        truth = self.assumed.conditions.get(condition) if isinstance(condition, str) else None
        return branches if truth is None else branches[:1] if truth else branches[1:]

    def items(self, node: Any) -> Iterator[Any]:
        """Every item of what may be a list or a single item, in every branch of its conditions."""
        for one in self.branches(node):
            if isinstance(one, list):
                for item in one:
                    yield from self.items(item)
            elif one is not None:
                yield one

    def possible(self, node: Any) -> Iterator[Any]:
        """What a node may come to; nothing where only AWS knows."""
        name = intrinsic(node)
        if name is None:
            yield node
        elif name == "Fn::If":
            for branch in self.branches(node):
                yield from self.possible(branch) if branch is not node else ()
        elif name == "Ref":
            yield from self._given(node[name])
        elif name == "Fn::FindInMap":
            yield from self._mapped(node[name])
        elif name == "Fn::Select":
            yield from self._selected(node[name])
        elif (text := self.text(node)) is not None:
            yield text

    def _given(self, name: Any) -> Iterator[Any]:
        """The value of a parameter: what is assumed of it, else its default."""
        parameter = self._section("Parameters", name)
        kind = str(parameter.get("Type", ""))
        if "Default" not in parameter or kind.startswith("AWS::SSM::"):
            return
        given = self.assumed.parameters.get(name, parameter["Default"])
        if given is OTHER:
            return
        listed = kind == "CommaDelimitedList" or kind.startswith("List<")
        yield [item.strip() for item in given.split(",")] if listed and isinstance(given, str) else given

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
        known = [part for part in parts if isinstance(part, str)]
        return "".join(known) if parts and len(known) == len(parts) else None

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
        if name in self.declared:
            return Reference((self.name, name), attribute)
        known = list(self.possible({"Ref": name}))
        if not known or attribute or isinstance(known[0], list):
            return None
        return str(known[0])

    def _joined(self, arguments: Any) -> Iterator[Part]:
        if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[1], list):
            yield None
            return
        for index, item in enumerate(arguments[1]):
            if index and arguments[0]:
                yield from self.parts(arguments[0])
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


def _filled(node: Any, variable: str, item: str) -> Any:
    """A node of a loop's body with one item in the place of its variable.

    >>> _filled({"Topic${Name}": {"Name": {"Ref": "Name"}}}, "Name", "a")
    {'Topica': {'Name': 'a'}}
    """
    if node == {"Ref": variable}:
        return item
    if isinstance(node, str):
        return node.replace(f"${{{variable}}}", item)
    if isinstance(node, list):
        return [_filled(one, variable, item) for one in node]
    if not isinstance(node, dict):
        return node
    return {_filled(name, variable, item): _filled(value, variable, item) for name, value in node.items()}


def _keys(node: Any) -> Any:
    return node if isinstance(node, dict) else ()


def computed(node: Any) -> bool:
    """Whether a node, or some of a mapping, is what only a function or a macro gives."""
    return isinstance(node, dict) and any(name == "Ref" or str(name).startswith("Fn::") for name in node)


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
        """Templates by name; one that has no resources, or something else among them, is refused."""
        for name, document in documents.items():
            if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
                raise TemplateError(f"{name} is no CloudFormation template: it has no mapping 'Resources'")
            for logical_id, resource in document["Resources"].items():
                looped = str(logical_id).startswith(LOOP) and isinstance(resource, list)
                if not isinstance(logical_id, str) or not (looped or isinstance(resource, dict)):
                    raise TemplateError(
                        f"{name} is no CloudFormation template: got {type(resource).__name__} for resource "
                        f"{logical_id!r}; a resource is a mapping under a logical id that is text"
                    )
        exports: dict[str, Part] = {}
        items = tuple(Template(name, document, exports) for name, document in documents.items())
        for template in items:
            outputs = template.document.get("Outputs")
            for output in outputs.values() if isinstance(outputs, dict) else ():
                if isinstance(output, dict) and isinstance(output.get("Export"), dict):
                    exported = template.text(output["Export"].get("Name"))
                    parts = list(template.parts(output.get("Value")))
                    if exported and len(parts) == 1:
                        exports[exported] = parts[0]
        return cls(items)

    def under(self, name: str, world: World) -> Templates:
        """The same templates, with a world assumed of one of them."""
        return Templates(
            tuple(replace(one, assumed=world) if one.name == name else one for one in self.items)
        )

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
