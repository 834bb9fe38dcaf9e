"""Names in a template begin with a capital; those of many APIs begin small."""

from __future__ import annotations

from typing import Any


def small(value: Any) -> Any:
    """The same with every name beginning small.

    >>> small({"Rules": [{"RuleName": "a"}]})
    {'rules': [{'ruleName': 'a'}]}
    """
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: small(inner) for name, inner in value.items()}
    return [small(item) for item in value] if isinstance(value, list) else value


def capital(value: Any) -> Any:
    """The same with every name beginning with a capital.

    >>> capital({"rules": [{"ruleName": "a"}]})
    {'Rules': [{'RuleName': 'a'}]}
    """
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: capital(inner) for name, inner in value.items()}
    return [capital(item) for item in value] if isinstance(value, list) else value
