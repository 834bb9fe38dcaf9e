"""Calls of other services that a state machine's definition makes, such as its training jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate.template import Part, Reference, Resource, Templates

PIECE = re.compile(r"(\$\{[^}]*\})")


@dataclass(frozen=True)
class Call:
    """One task state: the API it calls and the arguments that stand in the definition."""

    machine: Resource
    state: str
    api: str
    """Such as `sagemaker:createTrainingJob`."""
    arguments: dict[str, Any]


def calls(templates: Templates, *apis: str) -> Iterator[Call]:
    """Every task that calls one of these APIs."""
    for machine in templates.resources("AWS::StepFunctions::StateMachine"):
        for state, task in _tasks(_definition(machine)):
            api = task["Resource"].rpartition(":::")[2].removeprefix("aws-sdk:").split(".")[0]
            if api in apis:
                arguments = task.get("Parameters") or task.get("Arguments") or {}
                yield Call(machine, state, api, arguments if isinstance(arguments, dict) else {})


def _definition(machine: Resource) -> Any:
    if "Definition" in machine.properties:
        return machine.properties["Definition"]
    node = machine.properties.get("DefinitionString")
    text = "".join(_shown(part) for part in machine.template.parts(node)) if node is not None else ""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {}


def _shown(part: Part) -> str:
    """What only AWS knows stands as `${...}`, so that the definition stays JSON."""
    if isinstance(part, Reference):
        return f"${{{part.key[0]}.{part.key[1]}.{part.attribute}}}"
    return part if part is not None else "${?}"


def pieces(argument: str) -> Iterator[Part]:
    """The pieces of an argument: what is written, the resources it names, and what only AWS knows."""
    for piece in PIECE.split(argument):
        if piece.startswith("${"):
            names = piece[2:-1].rsplit(".", 2)
            yield Reference((names[0], names[1]), names[2]) if len(names) == 3 else None
        elif piece:
            yield piece


def reference(argument: object) -> Reference | None:
    """The resource that an argument of a call stands for."""
    found = list(pieces(argument)) if isinstance(argument, str) else []
    return found[0] if len(found) == 1 and isinstance(found[0], Reference) else None


def known(value: object) -> bool:
    """Whether an argument is written in the definition, and neither computed nor another resource's."""
    return isinstance(value, int | float | bool) or (isinstance(value, str) and "${" not in value)


def _tasks(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task of a definition, those inside Map and Parallel too."""
    if not isinstance(node, dict):
        return
    for name, state in (node.get("States") or {}).items():
        if not isinstance(state, dict):
            continue
        if state.get("Type") == "Task" and isinstance(state.get("Resource"), str):
            yield name, state
        for inner in [state.get("Iterator"), state.get("ItemProcessor"), *(state.get("Branches") or [])]:
            yield from _tasks(inner)
