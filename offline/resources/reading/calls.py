"""Calls: functions of offline/resources are followed, reading is noted, all else is the account's."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import product
from math import prod
from typing import Any

from offline.resources.reading.expressions import FAILURES, Expressions
from offline.resources.reading.values import (
    EVERY,
    MOST_ALTERNATIVES,
    UNKNOWN,
    Bound,
    Closure,
    Either,
    Frame,
    Given,
    Thing,
    alternatives,
    carries,
    either,
    merged,
)
from offline.resources.row import Properties

OURS = "offline.resources"
COMPUTED = (dict, list, tuple, set, frozenset, str, sorted, zip, enumerate, reversed, dict.fromkeys, map)
"""Builtins that are called where their arguments are known."""
KNOWN = (str, bool, int, dict, list, tuple, set, frozenset, type(None), type(UNKNOWN))
"""What a computation gives as it is; views and iterators become lists."""
HARMLESS = {isinstance, bool, len, any, all, getattr}
"""Builtins that read no property of what they are given."""


class Calls(Expressions):
    """What a call gives."""

    def __init__(self) -> None:
        self.unclear: set[str] = set()
        self._running: list[Any] = []

    def body(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Any:
        raise NotImplementedError

    def _Call(self, node: ast.Call, frame: Frame) -> Any:
        function = self.value(node.func, frame)
        arguments = self._sequence(node.args, frame)
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, frame)
            named |= {keyword.arg: value} if keyword.arg else merged([value])
        return either(self._each(one, arguments, named) for one in alternatives(function))

    def _each(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """The call with each of the values that its arguments may have."""
        choices = [alternatives(one) for one in arguments]
        if prod(map(len, choices)) > MOST_ALTERNATIVES:
            choices = [one if len(one) == 1 else [UNKNOWN] for one in choices]
        return either(self.call(function, list(chosen), named) for chosen in product(*choices))

    def call(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        if isinstance(function, Bound):
            if isinstance(function.owner, Given):
                return self._read(function.owner, str(function.function), arguments)
            return self.call(function.function, [function.owner, *arguments], named)
        if isinstance(function, Closure):
            return self._followed(function.node, function.names, function.around, arguments, named)
        if function is Properties:
            return Given()
        if inspect.isclass(function) and function.__module__.startswith(OURS):
            return _thing(function, arguments, named)
        original = inspect.unwrap(function) if callable(function) else function
        if inspect.isfunction(original) and original.__module__.startswith(OURS):
            return self._followed(_source(original), {}, original.__globals__, arguments, named)
        return self._elsewhere(function, arguments, named)

    def _followed(
        self, node: Any, names: dict[str, Any], around: dict[str, Any], arguments: list[Any], named: Any
    ) -> Any:
        """A function of ours; one that calls itself is followed once more, and then no further."""
        if self._running.count(node) > 1:
            return UNKNOWN
        frame = Frame(dict(names), around)
        self._bind_arguments(node.args, arguments, named, frame)
        self._running.append(node)
        try:
            return self.body(node, frame)
        finally:
            self._running.pop()

    def _bind_arguments(
        self, wanted: ast.arguments, arguments: list[Any], named: dict[str, Any], frame: Frame
    ) -> None:
        places = [*wanted.posonlyargs, *wanted.args]
        defaults = dict(zip([one.arg for one in places[::-1]], wanted.defaults[::-1], strict=False))
        defaults |= {
            one.arg: node for one, node in zip(wanted.kwonlyargs, wanted.kw_defaults, strict=True) if node
        }
        given = dict(zip([one.arg for one in places], arguments, strict=False)) | named
        for one in (*places, *wanted.kwonlyargs):
            default = self.value(defaults[one.arg], frame) if one.arg in defaults else UNKNOWN
            frame.names[one.arg] = given.pop(one.arg, default)
        if wanted.vararg:
            frame.names[wanted.vararg.arg] = tuple(arguments[len(places) :])
        if wanted.kwarg:
            frame.names[wanted.kwarg.arg] = given

    def _read(self, given: Given, method: str, arguments: list[Any]) -> Any:
        """A method of `Properties`."""
        if method == "names":
            return [EVERY]
        if method == "at":
            return either([given.at(name) for name in self._names(given, arguments[:1])] or [given])
        if method not in ("take", "only"):
            return UNKNOWN
        names = self._names(given, arguments[:1] if method == "take" else arguments)
        for name in names:
            given.note(name)
        return UNKNOWN if method == "take" else dict.fromkeys(names, UNKNOWN)

    def _names(self, given: Given, arguments: list[Any]) -> list[str]:
        names = [name for argument in arguments for name in alternatives(argument)]
        if given.reads is not None and any(not isinstance(name, str) for name in names):
            self.unclear.add("a property whose name is not a constant")
        return [name for name in names if isinstance(name, str)]

    def _elsewhere(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        if _computable(function, arguments):
            try:
                answer = function(*arguments, **named)
                return answer if isinstance(answer, KNOWN) else list(answer)
            except FAILURES:
                return UNKNOWN
        if function not in HARMLESS and carries([*arguments, *named.values()]):
            name = getattr(function, "__name__", "a function of elsewhere")
            self.unclear.add(f"properties in the hands of {name}")
        return UNKNOWN


def _thing(kind: type, arguments: list[Any], named: dict[str, Any]) -> Thing:
    """An instance of a class of ours, whose fields are the arguments of its constructor."""
    bound = inspect.signature(kind).bind_partial(*arguments, **named)
    return Thing(kind, dict(bound.arguments))


def _computable(function: Any, arguments: list[Any]) -> bool:
    """A builtin, or a method of a text or a container, whose arguments are known enough."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, dict | list | set):
        return not (isinstance(owner, dict) and arguments and arguments[0] is UNKNOWN)
    known = not any(one is UNKNOWN or isinstance(one, Either | Given) for one in arguments)
    return known and (isinstance(owner, str | tuple) or function in COMPUTED)


@cache
def _source(function: Any) -> ast.FunctionDef:
    """The function as it is written; a lambda of a module is none of the forms that rows have."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef), f"{function.__qualname__} is not a plain function"
    return node
