"""A template's parameters: their types and constraints, and the values that a stack gives them.

Source: AWS CloudFormation template reference, "CloudFormation template Parameters syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from offline.errors import TemplateError

SSM_VALUE = "AWS::SSM::Parameter::Value<"
LISTS = ("CommaDelimitedList", "List<")
Lookup = Callable[[str], str]
"""The value of a Systems Manager parameter, by name."""


def texts(
    declared: Mapping[str, Any], given: list[dict[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """What a stack's request says of each parameter, previous values and defaults filled in."""
    unknown = sorted({one["ParameterKey"] for one in given} - set(declared))
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    found = {name: str(one["Default"]) for name, one in declared.items() if "Default" in one}
    for one in given:
        name = one["ParameterKey"]
        if one.get("UsePreviousValue"):
            if name not in previous:
                raise TemplateError(f"Invalid input for parameter key {name}. No previous value exists")
            found[name] = previous[name]
        elif "ParameterValue" in one:
            found[name] = str(one["ParameterValue"])
    missing = sorted(set(declared) - set(found))
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return found


def values(declared: Mapping[str, Any], given: Mapping[str, str], lookup: Lookup) -> dict[str, Any]:
    """Each parameter as `Ref` answers it; the first that breaks a constraint is refused in AWS's words."""
    found = {}
    for name, text in given.items():
        for problem in _problems(declared[name], text):
            told = declared[name].get("ConstraintDescription")
            raise TemplateError(
                f"Parameter '{name}' failed to satisfy constraint: {told}"
                if told
                else f"Parameter '{name}' {problem}"
            )
        found[name] = _value(declared[name]["Type"], text, lookup)
    return found


def shown(declared: Mapping[str, Any], given: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameters as DescribeStacks tells them: NoEcho values masked."""
    return [
        {"ParameterKey": name, "ParameterValue": "****" if _secret(declared.get(name, {})) else text}
        for name, text in given.items()
    ]


def _secret(parameter: Mapping[str, Any]) -> bool:
    return str(parameter.get("NoEcho", "")).lower() == "true"


def _problems(parameter: Mapping[str, Any], text: str) -> Iterator[str]:
    kind = parameter["Type"]
    parts = _parts(kind, text)
    allowed = [str(value) for value in parameter.get("AllowedValues", [])]
    if allowed and not set(parts) <= set(allowed):
        yield f"must be one of AllowedValues [{', '.join(allowed)}], got {text!r}"
    pattern = parameter.get("AllowedPattern")
    if pattern and not all(re.fullmatch(pattern, part) for part in parts):
        yield f"must match pattern {pattern}, got {text!r}"
    yield from _numbers(parameter, parts) if kind in ("Number", "List<Number>") else _lengths(parameter, text)


def _parts(kind: str, text: str) -> list[str]:
    is_list = kind.startswith(LISTS) or kind.startswith(f"{SSM_VALUE}List<")
    return [part.strip() for part in text.split(",")] if is_list else [text]


def _numbers(parameter: Mapping[str, Any], parts: list[str]) -> Iterator[str]:
    for part in parts:
        try:
            number = float(part)
        except ValueError:
            yield f"must be a number, got {part!r}"
            return
        if "MinValue" in parameter and number < float(parameter["MinValue"]):
            yield f"must be a number not less than {parameter['MinValue']}, got {part}"
        if "MaxValue" in parameter and number > float(parameter["MaxValue"]):
            yield f"must be a number not greater than {parameter['MaxValue']}, got {part}"


def _lengths(parameter: Mapping[str, Any], text: str) -> Iterator[str]:
    if len(text) < int(parameter.get("MinLength", 0)):
        yield f"must contain at least {parameter['MinLength']} characters, got {len(text)}"
    if "MaxLength" in parameter and len(text) > int(parameter["MaxLength"]):
        yield f"must contain at most {parameter['MaxLength']} characters, got {len(text)}"


def _value(kind: str, text: str, lookup: Lookup) -> Any:
    if kind.startswith(SSM_VALUE):
        inner = kind.removeprefix(SSM_VALUE).removesuffix(">")
        return _value(inner, lookup(text), lookup)
    return _parts(kind, text) if kind.startswith(LISTS) else text
