"""A template's rules: assertions about its parameters, asked before anything is created.

Source: AWS CloudFormation template reference, "CloudFormation template Rules syntax" and "Rule functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from offline.cloudformation.intrinsic import Scope, resolve
from offline.errors import TemplateError


def check(rules: Mapping[str, Any], scope: Scope) -> None:
    """Every rule's assertions hold, or `TemplateError` tells the first that does not."""
    for name, rule in rules.items():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], scope):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], scope):
                told = assertion.get("AssertDescription", f"rule {name} does not hold")
                raise TemplateError(f"Template constraint violation: {told}")


def _holds(value: Any, scope: Scope) -> bool:
    """The truth of a rule's expression: its own functions, and those of conditions."""
    [(name, argument)] = value.items()
    if name == "Fn::Not":
        return not _holds(argument[0], scope)
    if name in ("Fn::And", "Fn::Or"):
        return (all if name == "Fn::And" else any)(_holds(one, scope) for one in argument)
    if name in COMPARISONS:
        first, second = (resolve(part, scope) for part in argument)
        return COMPARISONS[name](first, second)
    if name in ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"):
        raise TemplateError(
            f"{name} asks for attributes of parameters in the account, which is not done here"
        )
    return bool(resolve(value, scope))


def _texts(value: Any) -> set[str]:
    return {str(item) for item in (value if isinstance(value, list) else [value])}


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Fn::Contains": lambda items, item: _texts(item) <= _texts(items),
    "Fn::EachMemberEquals": lambda items, item: _texts(items) == _texts(item),
    "Fn::EachMemberIn": lambda items, others: _texts(items) <= _texts(others),
}
"""Functions that only rules know, over resolved arguments."""
