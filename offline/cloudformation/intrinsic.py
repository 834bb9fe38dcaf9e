"""CloudFormation's intrinsic functions, evaluated against what a stack already has.

Source: AWS CloudFormation template reference, "Intrinsic function reference" and "Pseudo parameters".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from offline.errors import TemplateError
from offline.resources.row import Physical

NO_VALUE = object()
"""What `AWS::NoValue` resolves to; the property that holds it disappears."""

PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
DYNAMIC = re.compile(r"\{\{resolve:([^}]+)\}\}")


@dataclass
class Scope:
    """What a template's functions can see."""

    pseudo: Mapping[str, Any]
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: dict[str, Physical]
    import_value: Callable[[str], str]
    zones: Callable[[str], list[str]]
    dynamic: Callable[[str], str]
    _decided: dict[str, bool] = field(default_factory=dict)

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise TemplateError(f"condition {condition!r} is not defined; known: {sorted(self.conditions)}")
        if condition not in self._decided:
            self._decided[condition] = bool(resolve(self.conditions[condition], self))
        return self._decided[condition]

    def ref(self, name: str) -> Any:
        for known in (self.pseudo, self.parameters):
            if name in known:
                return known[name]
        if name in self.resources:
            return self.resources[name].id
        raise TemplateError(f"Ref names {name!r}, which is neither a parameter nor a resource that exists")

    def attribute(self, logical_id: str, name: str) -> Any:
        if logical_id not in self.resources:
            raise TemplateError(f"Fn::GetAtt names {logical_id!r}, which is no resource that exists")
        attributes = self.resources[logical_id].attributes
        if name not in attributes:
            raise TemplateError(
                f"Fn::GetAtt {logical_id}.{name}: the row answers {sorted(attributes)}; add {name!r} there"
            )
        return attributes[name]


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every function replaced by its result."""
    if isinstance(value, list):
        return [item for item in (resolve(v, scope) for v in value) if item is not NO_VALUE]
    if isinstance(value, str):
        return DYNAMIC.sub(lambda match: scope.dynamic(match[1]), value) if "{{resolve:" in value else value
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, argument)] = value.items()
        if name in FUNCTIONS:
            return FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise TemplateError(f"{name} is not evaluated here; known: {', '.join(sorted(FUNCTIONS))}")
    resolved = {key: resolve(v, scope) for key, v in value.items()}
    return {key: v for key, v in resolved.items() if v is not NO_VALUE}


def _ref(name: str, scope: Scope) -> Any:
    return NO_VALUE if name == "AWS::NoValue" else scope.ref(name)


def _get_att(argument: Any, scope: Scope) -> Any:
    logical_id, name = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.attribute(logical_id, resolve(name, scope))


def _sub(argument: Any, scope: Scope) -> str:
    text, local = (argument, {}) if isinstance(argument, str) else argument
    values = {name: resolve(value, scope) for name, value in local.items()}

    def replace(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in values:
            return str(values[name])
        return str(_get_att(name, scope) if "." in name else scope.ref(name))

    return PLACEHOLDER.sub(replace, text)


def _join(argument: Any, scope: Scope) -> str:
    delimiter, items = argument
    return str(delimiter).join(str(item) for item in resolve(items, scope))


def _select(argument: Any, scope: Scope) -> Any:
    index, items = resolve(argument[0], scope), resolve(argument[1], scope)
    if not 0 <= int(index) < len(items):
        raise TemplateError(f"Fn::Select cannot select element {index} of {len(items)}")
    return items[int(index)]


def _split(argument: Any, scope: Scope) -> list[str]:
    return list(str(resolve(argument[1], scope)).split(argument[0]))


def _if(argument: Any, scope: Scope) -> Any:
    condition, yes, no = argument
    return resolve(yes if scope.holds(condition) else no, scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    name, first, second = (resolve(part, scope) for part in argument[:3])
    try:
        return scope.mappings[name][first][second]
    except KeyError:
        if len(argument) > 3:
            return resolve(argument[3]["DefaultValue"], scope)
        raise TemplateError(f"Fn::FindInMap finds no [{name}][{first}][{second}]") from None


def _cidr(argument: Any, scope: Scope) -> list[str]:
    block, count, bits = ([*resolve(argument, scope), 8])[:3]
    network = ipaddress.ip_network(block)
    subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
    return [str(subnet) for _, subnet in zip(range(int(count)), subnets, strict=False)]


def _equals(argument: Any, scope: Scope) -> bool:
    first, second = resolve(argument, scope)
    return str(first) == str(second)


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": lambda name, scope: scope.holds(name),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": lambda name, scope: scope.import_value(resolve(name, scope)),
    "Fn::Base64": lambda text, scope: base64.b64encode(str(resolve(text, scope)).encode()).decode(),
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": lambda region, scope: scope.zones(resolve(region, scope) or scope.ref("AWS::Region")),
    "Fn::Equals": _equals,
    "Fn::And": lambda items, scope: all(resolve(item, scope) for item in items),
    "Fn::Or": lambda items, scope: any(resolve(item, scope) for item in items),
    "Fn::Not": lambda items, scope: not resolve(items[0], scope),
    "Fn::Length": lambda items, scope: len(resolve(items, scope)),
    "Fn::ToJsonString": lambda value, scope: json.dumps(resolve(value, scope)),
}
