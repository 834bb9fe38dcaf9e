"""What CreateStateMachine refuses of a definition: integrations and waits that cannot be done as in AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import InvalidDefinition as MotoInvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from offline.engines.stepfunctions import integrations

Path = str
State = dict[str, Any]


class InvalidDefinitionError(AWSError):
    """What a client sees; moto's own error of this name reaches it without its code."""

    TYPE = "InvalidDefinition"


def check(text: str) -> None:
    """The definition is valid, and every task of it can be run."""
    try:
        StepFunctionsParserBackend._validate_definition(text)
    except MotoInvalidDefinition as error:
        raise InvalidDefinitionError(f"Invalid State Machine Definition: '{error.message}'") from error
    for path, state, nested in states(json.loads(text), ""):
        if state.get("Type") == "Task":
            _check_task(path, state)
        if state.get("Type") == "Wait" and nested:
            raise refused(
                f"Wait in a branch of Parallel or Map is not run offline. Wait outside of it. at {path}"
            )


def states(program: dict[str, Any], path: Path, nested: bool = False) -> Iterator[tuple[Path, State, bool]]:
    """Each state with its path, and whether it stands in a branch of Parallel or Map."""
    for name, state in program.get("States", {}).items():
        here = f"{path}/States/{name}"
        yield here, state, nested
        for number, branch in enumerate(state.get("Branches", [])):
            yield from states(branch, f"{here}/Branches[{number}]", nested=True)
        for member in ("Iterator", "ItemProcessor"):
            yield from states(state.get(member, {}), f"{here}/{member}", nested=True)


def is_concurrent(program: dict[str, Any]) -> bool:
    return any(nested for _, _, nested in states(program, ""))


def refused(problem: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {problem}'")


def _check_task(path: Path, state: State) -> None:
    resource = state.get("Resource", "")
    service, action, condition = integrations.parts(resource)
    if service in ("lambda function", "aws-sdk"):
        return
    if not integrations.supports(service, action, condition):
        raise refused(
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or "
            f"the resource is not available in this region (offline: {integrations.known()}). "
            f"at {path}/Resource"
        )
    members = integrations.members(service, action)
    given = state.get("Parameters", state.get("Arguments", {}))
    for name in given if members and isinstance(given, dict) else ():
        if name.removesuffix(".$") not in members:
            raise refused(f'The field "{name}" is not supported by Step Functions at {path}/Parameters')
