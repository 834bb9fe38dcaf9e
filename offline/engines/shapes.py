"""What a request breaks of the constraints that the API's model states, in AWS's words.

Names, enums, lengths and ranges come from botocore's model of the API. AWS checks them on its side
too, and boto3 leaves them to it: boto3 itself checks only types and required members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session


@cache
def _api(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def complaint(service: str, operation: str, request: dict[str, Any]) -> str:
    """Every constraint that the request breaks, as AWS lists them; empty where it keeps them all.

    >>> complaint("glue", "GetJob", {"JobName": ""})[:69]
    "1 validation error detected: Value '' at 'jobName' failed to satisfy "
    >>> complaint("glue", "GetJob", {"JobName": "flights"})
    ''
    """
    errors = list(_violations(_api(service).operation_model(operation).input_shape, request, ""))
    count = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} detected"
    return f"{count}: {'; '.join(errors)}" if errors else ""


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                yield from _violations(member, value[name], f"{path}.{_camel(name)}".lstrip("."))
    elif shape.type_name == "list":
        for number, item in enumerate(value or [], start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string":
        yield from _string_violations(shape, str(value), path)
    elif shape.type_name in ("integer", "long"):
        yield from _bounds(shape, int(value), path, "value")


def _string_violations(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python_pattern(pattern), value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if not shape.enum:
        yield from _bounds(shape, len(value), path, "length", shown=value)


def _bounds(shape: Any, size: int, path: str, what: str, shown: Any = None) -> Iterator[str]:
    shown = size if shown is None else shown
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and size < lowest:
        yield _broken(shown, path, f"Member must have {what} greater than or equal to {lowest}")
    if highest is not None and size > highest:
        yield _broken(shown, path, f"Member must have {what} less than or equal to {highest}")


def _broken(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _python_pattern(pattern: str) -> str:
    # Java's character classes, as the API's model spells them, and what lies beyond 16 bits.
    pattern = pattern.replace("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\U00010000-\\U0010FFFF")
    for java, python in CLASSES.items():
        pattern = pattern.replace(f"\\p{{{java}}}", python)
    return re.sub(r"\$\{\d+,\d+\}", "$", pattern)  # Java repeats an anchor, Python does not.


CLASSES = {
    "Alnum": "A-Za-z0-9",
    "L": "\\w",
    "M": "\\u0300-\\u036F",
    "N": "\\d",
    "P": "\\W",
    "S": "\\W",
    "Z": "\\s",
}
"""Java's classes and what is nearest to them: Python has none of marks, punctuation and symbols."""


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
