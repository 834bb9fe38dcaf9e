"""A function is followed statement by statement: every branch is taken, loops over constants are walked."""

from __future__ import annotations

import ast
from typing import Any

from offline.resources.reading.calls import Calls
from offline.resources.reading.values import EVERY, UNKNOWN, Closure, Either, Frame, alternatives, either


class Interpreter(Calls):
    """Follows functions; `unclear` names what could not be followed."""

    def body(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Any:
        if isinstance(node, ast.Lambda):
            return self.value(node.body, frame)
        self.statements(node.body, frame)
        return either(frame.returned or [None]) if frame.yielded is None else frame.yielded

    def statements(self, nodes: list[ast.stmt], frame: Frame) -> None:
        for node in nodes:
            getattr(self, f"_{type(node).__name__}", self._other_statement)(node, frame)

    def _other_statement(self, node: ast.stmt, frame: Frame) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, frame)

    def _Return(self, node: ast.Return, frame: Frame) -> None:
        frame.returned.append(self.value(node.value, frame) if node.value else None)

    def _Assign(self, node: ast.Assign, frame: Frame) -> None:
        value = self.value(node.value, frame)
        for target in node.targets:
            self.bind(target, value, frame)

    def _AnnAssign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value:
            self.bind(node.target, self.value(node.value, frame), frame)

    def _AugAssign(self, node: ast.AugAssign, frame: Frame) -> None:
        before = self.value(node.target, frame)
        self.bind(node.target, self.combined(before, node.op, self.value(node.value, frame)), frame)

    def _If(self, node: ast.If, frame: Frame) -> None:
        """Both branches, unless constants decide; afterwards a name has the values of both."""
        decided = self.value(node.test, frame)
        branches = (
            [node.body if decided else node.orelse] if isinstance(decided, bool) else [node.body, node.orelse]
        )
        before, after = dict(frame.names), []
        for branch in branches:
            frame.names = dict(before)
            self.statements(branch, frame)
            after.append(frame.names)
        known = {name for names in after for name in names}
        frame.names = {name: either([names[name] for names in after if name in names]) for name in known}

    def _For(self, node: ast.For, frame: Frame) -> None:
        for item in self.items(self.value(node.iter, frame)):
            self.bind(node.target, item, frame)
            self.statements(node.body, frame)
        self.statements(node.orelse, frame)

    def _While(self, node: ast.While, frame: Frame) -> None:
        self.value(node.test, frame)
        self.statements(node.body, frame)

    def _With(self, node: ast.With, frame: Frame) -> None:
        for item in node.items:
            self.value(item.context_expr, frame)
            if item.optional_vars:
                self.bind(item.optional_vars, UNKNOWN, frame)
        self.statements(node.body, frame)

    def _Try(self, node: ast.Try, frame: Frame) -> None:
        self.statements(node.body, frame)
        for handler in node.handlers:
            self.statements(handler.body, frame)
        self.statements(node.orelse + node.finalbody, frame)

    def _FunctionDef(self, node: ast.FunctionDef, frame: Frame) -> None:
        frame.names[node.name] = Closure(node, frame.names, frame.around)

    def _ClassDef(self, node: ast.ClassDef, frame: Frame) -> None:
        frame.names[node.name] = UNKNOWN

    def bind(self, target: ast.expr, value: Any, frame: Frame) -> None:
        """Names get their value; a part of a dictionary is one more value that it may have."""
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for place, part in enumerate(target.elts):
                self.bind(part, self._unpacked(value, place, len(target.elts)), frame)
        elif isinstance(target, ast.Subscript):
            key = self.value(target.slice, frame)
            for owner in alternatives(self.value(target.value, frame)):
                if isinstance(owner, dict):
                    owner |= dict.fromkeys(map(_key, alternatives(key)), value)

    def _unpacked(self, value: Any, place: int, count: int) -> Any:
        several = [
            one[place] if isinstance(one, list | tuple) and len(one) == count else UNKNOWN
            for one in alternatives(value)
        ]
        return either(several)

    def items(self, value: Any) -> list[Any]:
        """What a loop meets; something unknown where nothing is known."""
        found: list[Any] = []
        for one in alternatives(value):
            known = isinstance(one, dict | list | tuple | set | frozenset)
            found += list(one) if known else [UNKNOWN]
        return found


def _key(value: Any) -> Any:
    return EVERY if value is UNKNOWN or isinstance(value, Either | dict | list) else value
