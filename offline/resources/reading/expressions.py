"""Expressions: constants are computed, what only an account could tell stays unknown."""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
from collections.abc import Callable, Iterator
from itertools import product
from types import ModuleType
from typing import Any

from offline.resources.reading.values import (
    EVERY,
    UNKNOWN,
    Bound,
    Closure,
    Either,
    Frame,
    Given,
    Thing,
    alternatives,
    either,
    merged,
)

OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.BitOr: operator.or_,
    ast.Sub: operator.sub,
    ast.Mod: operator.mod,
}
COMPARISONS: dict[type, Callable[..., Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
}
FAILURES = (TypeError, ValueError, KeyError, IndexError, AttributeError)
"""What a computation meets whose values are not known enough."""


class Expressions:
    """The value of an expression, by a method for each of its kinds."""

    def call(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Any, frame: Frame) -> None:
        raise NotImplementedError

    def items(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def value(self, node: ast.expr, frame: Frame) -> Any:
        return getattr(self, f"_{type(node).__name__}", self._other)(node, frame)

    def _other(self, node: ast.expr, frame: Frame) -> Any:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, frame)
        return UNKNOWN

    def _Constant(self, node: ast.Constant, frame: Frame) -> Any:
        return node.value

    def _Name(self, node: ast.Name, frame: Frame) -> Any:
        for names in (frame.names, frame.around, vars(builtins)):
            if node.id in names:
                return names[node.id]
        return UNKNOWN

    def _NamedExpr(self, node: ast.NamedExpr, frame: Frame) -> Any:
        value = self.value(node.value, frame)
        self.bind(node.target, value, frame)
        return value

    def _Attribute(self, node: ast.Attribute, frame: Frame) -> Any:
        owners = alternatives(self.value(node.value, frame))
        return either(self._attribute(owner, node.attr) for owner in owners)

    def _attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, Given):
            return Bound(name, owner)
        if isinstance(owner, Thing):
            return self._field(owner, name)
        if isinstance(owner, ModuleType) or owner is dict:
            return getattr(owner, name, UNKNOWN)
        if isinstance(owner, str | dict | list | tuple | set | frozenset):
            return getattr(owner, name, UNKNOWN)
        return UNKNOWN

    def _field(self, owner: Thing, name: str) -> Any:
        if name in owner.fields:
            return owner.fields[name]
        found = inspect.getattr_static(owner.kind, name, UNKNOWN)
        if isinstance(found, property):
            return self.call(found.fget, [owner], {})
        return Bound(found, owner) if inspect.isfunction(found) else UNKNOWN

    def _Subscript(self, node: ast.Subscript, frame: Frame) -> Any:
        owners, keys = (alternatives(self.value(part, frame)) for part in (node.value, node.slice))
        return either(_element(owner, key) for owner, key in product(owners, keys))

    def _Slice(self, node: ast.Slice, frame: Frame) -> Any:
        parts = [self.value(part, frame) if part else None for part in (node.lower, node.upper, node.step)]
        return UNKNOWN if UNKNOWN in parts else slice(*parts)

    def _sequence(self, nodes: list[ast.expr], frame: Frame) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            starred = isinstance(node, ast.Starred)
            value = self.value(node.value if isinstance(node, ast.Starred) else node, frame)
            found += self.items(value) if starred else [value]
        return found

    def _List(self, node: ast.List, frame: Frame) -> Any:
        return self._sequence(node.elts, frame)

    def _Tuple(self, node: ast.Tuple, frame: Frame) -> Any:
        return tuple(self._sequence(node.elts, frame))

    def _Set(self, node: ast.Set, frame: Frame) -> Any:
        return self._sequence(node.elts, frame)

    def _Dict(self, node: ast.Dict, frame: Frame) -> Any:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            part = self.value(value, frame)
            found |= merged([part]) if key is None else dict.fromkeys(_keys(self.value(key, frame)), part)
        return found

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Any:
        parts = [alternatives(self.value(part, frame)) for part in node.values]
        return either(_text(words) for words in product(*parts))

    def _FormattedValue(self, node: ast.FormattedValue, frame: Frame) -> Any:
        return self.value(node.value, frame) if node.format_spec is None else UNKNOWN

    def _UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Any:
        value = self.value(node.operand, frame)
        if isinstance(node.op, ast.Not) and isinstance(value, bool):
            return not value
        return -value if isinstance(node.op, ast.USub) and isinstance(value, int) else UNKNOWN

    def _BinOp(self, node: ast.BinOp, frame: Frame) -> Any:
        return self.combined(self.value(node.left, frame), node.op, self.value(node.right, frame))

    def combined(self, left: Any, op: ast.operator, right: Any) -> Any:
        if isinstance(op, ast.BitOr) and any(isinstance(one, dict) for one in alternatives(left)):
            return merged([left, right])
        pairs = product(alternatives(left), alternatives(right))
        return either(_computed(OPERATORS.get(type(op)), *pair) for pair in pairs)

    def _BoolOp(self, node: ast.BoolOp, frame: Frame) -> Any:
        return either([self.value(one, frame) for one in node.values])

    def _IfExp(self, node: ast.IfExp, frame: Frame) -> Any:
        decided = self.value(node.test, frame)
        if isinstance(decided, bool):
            return self.value(node.body if decided else node.orelse, frame)
        return either([self.value(node.body, frame), self.value(node.orelse, frame)])

    def _Compare(self, node: ast.Compare, frame: Frame) -> Any:
        """Decided only between words: whether a property is there depends on the template."""
        values = [self.value(one, frame) for one in (node.left, *node.comparators)]
        compare = COMPARISONS.get(type(node.ops[0])) if len(values) == 2 else None
        words = isinstance(values[0], str) and isinstance(values[-1], str | tuple)
        return compare(*values) if compare and words else UNKNOWN

    def _Lambda(self, node: ast.Lambda, frame: Frame) -> Any:
        return Closure(node, frame.names, frame.around)

    def _Yield(self, node: ast.Yield, frame: Frame) -> Any:
        frame.yielded = [*(frame.yielded or []), self.value(node.value, frame) if node.value else None]
        return UNKNOWN

    def _YieldFrom(self, node: ast.YieldFrom, frame: Frame) -> Any:
        frame.yielded = [*(frame.yielded or []), *self.items(self.value(node.value, frame))]
        return UNKNOWN

    def _rounds(self, generators: list[ast.comprehension], frame: Frame) -> Iterator[Frame]:
        """A frame for each round of a comprehension."""
        if not generators:
            yield frame
            return
        first, *rest = generators
        for item in self.items(self.value(first.iter, frame)):
            inner = Frame(dict(frame.names), frame.around)
            self.bind(first.target, item, inner)
            if False not in [self.value(test, inner) for test in first.ifs]:
                yield from self._rounds(rest, inner)

    def _ListComp(self, node: Any, frame: Frame) -> Any:
        return [self.value(node.elt, inner) for inner in self._rounds(node.generators, frame)]

    _GeneratorExp = _SetComp = _ListComp

    def _DictComp(self, node: ast.DictComp, frame: Frame) -> Any:
        found: dict[Any, Any] = {}
        for inner in self._rounds(node.generators, frame):
            value = self.value(node.value, inner)
            found |= dict.fromkeys(_keys(self.value(node.key, inner)), value)
        return found


def _keys(key: Any) -> list[Any]:
    return [one if isinstance(one, str | int) else EVERY for one in alternatives(key)]


def _element(owner: Any, key: Any) -> Any:
    if key is UNKNOWN and isinstance(owner, dict):
        return either([*owner.values()] or [UNKNOWN])
    if key is UNKNOWN or not isinstance(owner, str | dict | list | tuple):
        return UNKNOWN
    try:
        return owner[key]
    except FAILURES:
        return UNKNOWN


def _text(words: tuple[Any, ...]) -> Any:
    """A text of known words; of anything else it is unknown."""
    known = all(isinstance(word, str | int) for word in words)
    return "".join(map(str, words)) if known else UNKNOWN


def _computed(function: Any, *values: Any) -> Any:
    if function is None or any(value is UNKNOWN or isinstance(value, Either | Given) for value in values):
        return UNKNOWN
    try:
        return function(*values)
    except FAILURES:
        return UNKNOWN
