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


def whole_numbers(value: Any) -> Any:
    """The same with every name that counts something holding a number: templates may write it as text.

    >>> whole_numbers({"RetryPolicy": {"MaximumRetryAttempts": "3"}, "Input": "3"})
    {'RetryPolicy': {'MaximumRetryAttempts': 3}, 'Input': '3'}
    """
    if isinstance(value, dict):
        return {
            name: int(inner) if name.startswith("Maximum") else whole_numbers(inner)
            for name, inner in value.items()
        }
    return [whole_numbers(item) for item in value] if isinstance(value, list) else value
