"""What a template's conditions may come to: branches that no deployment takes together prove nothing.

A world is one way in which the conditions turn out, with the parameters that make them turn out so.
Comparisons of different things are independent; a parameter is one of its allowed values.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from math import prod
from typing import Any

OTHER = None
"""Of what is compared: none of the values that it is compared with."""
MOST = 4096
"""Where there are more worlds than this, none is told from another."""

Asked = Callable[[str, str], bool]
"""Whether a thing, as JSON, is a value."""


@dataclass(frozen=True)
class World:
    """Truth of conditions, and values of parameters; what a parameter is that is `OTHER` is not known."""

    conditions: dict[str, bool] = field(default_factory=dict)
    parameters: dict[str, str | None] = field(default_factory=dict)


ANY = World()
"""Nothing is assumed: every branch may be taken, and every parameter has its default."""


def worlds(document: dict[str, Any], resource: dict[str, Any]) -> Iterator[World]:
    """The worlds in which a resource exists, as far as its own conditions tell them apart."""
    conditions, parameters = (_mapping(document.get(name)) for name in ("Conditions", "Parameters"))
    exists = resource.get("Condition")
    names = sorted({*_deciding(resource), *([exists] if isinstance(exists, str) else [])})
    values: dict[str, set[str]] = defaultdict(set)

    def noted(thing: str, value: str) -> bool:
        values[thing].add(value)
        return True

    for name in names:
        _holds(conditions, {"Condition": name}, noted)
    choices = [_choices(thing, compared, parameters) for thing, compared in values.items()]
    if prod(map(len, choices)) > MOST:
        yield ANY
        return
    for chosen in (dict(zip(values, choice, strict=True)) for choice in product(*choices)):
        said = partial(_said, chosen)
        truths = {name: _holds(conditions, {"Condition": name}, said) for name in names}
        if truths.get(str(exists), True):
            yield World(truths, dict(_told(chosen, values, parameters)))


def _said(chosen: dict[str, str | None], thing: str, value: str) -> bool:
    return chosen[thing] == value


def _deciding(node: Any) -> Iterator[str]:
    """The conditions that decide anything inside a node."""
    if isinstance(node, dict):
        match node.get("Fn::If"):
            case [str(name), *_]:
                yield name
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _deciding(inner)


def _holds(conditions: dict[str, Any], node: Any, asked: Asked, inside: tuple[str, ...] = ()) -> bool:
    """Whether a condition holds, by the answers to every comparison in it.

    What cannot be read, and a condition that means itself, is compared as a whole.
    """
    match node:
        case {"Condition": str(name), **rest} if not rest and name in conditions and name not in inside:
            return _holds(conditions, conditions[name], asked, (*inside, name))
        case {"Fn::Not": [part]}:
            return not _holds(conditions, part, asked, inside)
        case {"Fn::And": [*parts]} | {"Fn::Or": [*parts]}:
            # Every part is asked, whatever the first ones say.
            truths = [_holds(conditions, part, asked, inside) for part in parts]
            return all(truths) if "Fn::And" in node else any(truths)
        case {"Fn::Equals": [one, other]}:
            left, right = _scalar(one), _scalar(other)
            if left is not None and right is not None:
                return left == right
            if left is not None or right is not None:
                return asked(_key(other if left is not None else one), str(left or right or ""))
    return asked(_key(node), "")


def _choices(thing: str, compared: set[str], parameters: dict[str, Any]) -> list[str | None]:
    allowed = _mapping(parameters.get(_parameter(thing))).get("AllowedValues")
    if not isinstance(allowed, list):
        return [*sorted(compared), OTHER]
    known = {_scalar(one) for one in allowed}
    return [*sorted(compared & known), *([OTHER] if known - compared else [])]


def _told(
    chosen: dict[str, str | None], compared: dict[str, set[str]], parameters: dict[str, Any]
) -> Iterator[tuple[str, str | None]]:
    """What a choice says of parameters; a default stays that is none of the values compared with."""
    for thing, value in chosen.items():
        name = _parameter(thing)
        default = _scalar(_mapping(parameters.get(name)).get("Default"))
        if name and (value is not OTHER or default in compared[thing]):
            yield name, value


def _parameter(thing: str) -> str:
    """The parameter that is compared, if it is one."""
    match json.loads(thing):
        case {"Ref": str(name)}:
            return name
    return ""


def _mapping(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _scalar(node: Any) -> str | None:
    """A value as CloudFormation compares it: as text."""
    if isinstance(node, bool):
        return str(node).lower()
    return str(node) if isinstance(node, str | int | float) else None


def _key(node: Any) -> str:
    return json.dumps(node, sort_keys=True, default=str)
