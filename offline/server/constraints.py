"""Members of a request against the shape that AWS's model gives them.

Worded as AWS's services word it: "Value null at 'streamName' failed to satisfy constraint: Member must
not be null".
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "blob": (str, bytes),
    "timestamp": (int, float, str, datetime),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
"""What a value may be, by the type of its shape, as JSON carries it or a parser has made it."""


@dataclass
class Violations:
    """What does not fit a shape."""

    types: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


def violations(members: Any, shape: Any) -> Violations:
    """All that is wrong with the members of a request."""
    found = Violations()
    _check(members, shape, "", found)
    return found


def _check(value: Any, shape: Any, path: str, found: Violations) -> None:
    kind = shape.type_name
    allowed = KINDS.get(kind, (object,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind not in ("boolean", "structure")):
        if not getattr(shape, "is_document_type", False):
            found.types.append(f"'{path or 'body'}' must be a {kind}, got {type(value).__name__}")
        return
    if kind == "blob" and isinstance(value, str) and not _is_base64(value):
        found.types.append(f"'{path}' must be Base64")
    if kind == "structure":
        found.missing.extend(_missing(value, shape, path))
    found.values.extend(_against(value, shape, path))
    for inner, member, name in _inside(value, shape, path):
        _check(inner, member, name, found)


def _inside(value: Any, shape: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """The values within a value, with their shapes and paths."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield value[name], member, _joined(path, name)
    elif shape.type_name == "list":
        yield from ((one, shape.member, f"{path}.{n}.member") for n, one in enumerate(value, 1))
    elif shape.type_name == "map":
        yield from (
            (one, shape.value, f"{path}.{key}.member") for key, one in value.items() if one is not None
        )


def _is_base64(text: str) -> bool:
    try:
        b64decode(text)
    except ValueError:
        return False
    return True


def _missing(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.metadata.get("required", []):
        if value.get(name) is None:
            yield _said("null", _joined(path, name), "Member must not be null")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")


def _against(value: Any, shape: Any, path: str) -> Iterator[str]:
    """The constraints that a value does not satisfy."""
    lengthy = isinstance(value, str | bytes | list | dict)
    size = len(value) if lengthy else value
    what = "length" if lengthy else "value"
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and size < lowest:
        yield _said(value, path, f"Member must have {what} greater than or equal to {lowest}")
    if highest is not None and size > highest:
        yield _said(value, path, f"Member must have {what} less than or equal to {highest}")
    if isinstance(value, str):
        yield from _text_against(value, shape, path)


def _text_against(value: str, shape: Any, path: str) -> Iterator[str]:
    if (allowed := shape.metadata.get("enum")) and value not in allowed:
        yield _said(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and (expression := _compiled(pattern)) and not expression.fullmatch(value):
        yield _said(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _said(value: Any, path: str, constraint: str) -> str:
    shown = value if value == "null" else f"'{str(value)[:200]}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the models, which are Java's; None where Python has no such expression."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
