"""Calls of other services inside a template: the tasks of state machines and the steps of pipelines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate.template import Part, Reference, Resource, Templates

PIECE = re.compile(r"(\$\{[^}]*\})")
STEPS = {
    "Training": "sagemaker:createTrainingJob",
    "Tuning": "sagemaker:createHyperParameterTuningJob",
    "Processing": "sagemaker:createProcessingJob",
    "Transform": "sagemaker:createTransformJob",
}
"""Types of a SageMaker pipeline's steps, and the API whose arguments they take."""


@dataclass(frozen=True)
class Call:
    """One task or step: the API it calls and the arguments that stand in the definition."""

    resource: Resource
    """The state machine or the pipeline."""
    state: str
    api: str
    """Such as `sagemaker:createTrainingJob`."""
    arguments: dict[str, Any]

    def values(self, path: str) -> Iterator[tuple[str, Any]]:
        """What stands at an argument, with its place; `[]` in the path walks a list."""
        yield from _walk(self.arguments, path.split("."), self.state)


def _walk(node: Any, names: list[str], at: str) -> Iterator[tuple[str, Any]]:
    if not names:
        yield at, node
        return
    name, listed = names[0].removesuffix("[]"), names[0].endswith("[]")
    if not isinstance(node, dict) or name not in node:
        return
    found = node[name] if listed else [node[name]]
    for index, item in enumerate(found if isinstance(found, list) else []):
        yield from _walk(item, names[1:], f"{at}.{name}[{index}]" if listed else f"{at}.{name}")


def calls(templates: Templates, *apis: str) -> Iterator[Call]:
    """Every task or step that calls one of these APIs."""
    for machine in templates.resources("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine"):
        for state, task in _tasks(_definition(machine)):
            api = task["Resource"].rpartition(":::")[2].removeprefix("aws-sdk:").split(".")[0]
            if api in apis:
                yield Call(machine, state, api, _object(task.get("Parameters") or task.get("Arguments")))
    for pipeline in templates.resources("AWS::SageMaker::Pipeline"):
        for step in _steps(_body(pipeline)):
            api = STEPS.get(str(step.get("Type")), "")
            if api in apis:
                yield Call(pipeline, str(step.get("Name")), api, _object(step.get("Arguments")))


def _object(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _definition(machine: Resource) -> Any:
    if "Definition" in machine.properties:
        return machine.properties["Definition"]
    return _parsed(machine, machine.properties.get("DefinitionString"))


def _body(pipeline: Resource) -> dict[str, Any]:
    """A pipeline's body, its parameters filled with their defaults."""
    given = pipeline.node("PipelineDefinition")
    written = given.get("PipelineDefinitionBody") if isinstance(given, dict) else None
    body = _object(_parsed(pipeline, written))
    listed = body.get("Parameters")
    defaults = {
        f"Parameters.{one['Name']}": one["DefaultValue"]
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and {"Name", "DefaultValue"} <= one.keys()
    }
    return _object(_filled(body, defaults))


def _filled(node: Any, defaults: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_filled(item, defaults) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Get"} and node["Get"] in defaults:
        return defaults[node["Get"]]
    return {name: _filled(item, defaults) for name, item in node.items()}


def _steps(node: Any) -> Iterator[dict[str, Any]]:
    """Every step of a pipeline, those of conditions too."""
    listed = _object(node).get("Steps")
    for step in listed if isinstance(listed, list) else []:
        if isinstance(step, dict):
            yield step
            for branch in ("IfSteps", "ElseSteps"):
                yield from _steps({"Steps": _object(step.get("Arguments")).get(branch)})


def _parsed(resource: Resource, node: Any) -> Any:
    if node is None:
        return {}
    try:
        return json.loads("".join(_shown(part) for part in resource.template.parts(node)))
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
    for name, state in _object(_object(node).get("States")).items():
        if not isinstance(state, dict):
            continue
        if state.get("Type") == "Task" and isinstance(state.get("Resource"), str):
            yield name, state
        branches = state.get("Branches")
        inner = [state.get("Iterator"), state.get("ItemProcessor")]
        for one in [*inner, *(branches if isinstance(branches, list) else [])]:
            yield from _tasks(one)
