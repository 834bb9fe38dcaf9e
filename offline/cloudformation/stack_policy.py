"""A stack policy: which resources an update may modify, replace or delete.

Once a policy is set, what it does not allow is denied. Source: AWS CloudFormation User Guide, "Prevent
updates to stack resources".
"""

from __future__ import annotations

import json
from typing import Any

from offline.cloudformation.changes import Change
from offline.errors import DeploymentError, TemplateError
from offline.iam.conditions import matches


def parsed(text: str) -> list[dict[str, Any]]:
    """The statements of a policy, or `TemplateError`."""
    try:
        document = json.loads(text)
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError):
        raise TemplateError("Error validating stack policy: Invalid stack policy") from None
    return statements if isinstance(statements, list) else [statements]


def refuse_protected(policy: str, change: Change) -> None:
    """The policy allows the change, or `DeploymentError` says in AWS's words that it does not."""
    if not policy:
        return
    kind = {"Remove": "Delete"}.get(change.action, "Replace" if change.replaces else "Modify")
    verdicts = {one["Effect"] for one in parsed(policy) if _applies(one, kind, change)}
    if verdicts != {"Allow"}:
        raise DeploymentError(
            f"Action denied by stack policy: Statement does not allow Update:{kind} of "
            f"LogicalResourceId/{change.logical_id}"
        )


def _applies(statement: dict[str, Any], kind: str, change: Change) -> bool:
    acts = _one_of(statement, "Action", f"Update:{kind}")
    names = _one_of(statement, "Resource", f"LogicalResourceId/{change.logical_id}")
    return acts and names and _satisfied(statement.get("Condition") or {}, change.type)


def _one_of(statement: dict[str, Any], element: str, value: str) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(value, text) for text in _listed(statement[f"Not{element}"]))
    return any(matches(value, text) for text in _listed(statement.get(element, [])))


def _satisfied(condition: dict[str, Any], kind: str) -> bool:
    """`ResourceType` is the one key of stack policies, and these two its operators."""
    for operator, keys in condition.items():
        if operator not in ("StringEquals", "StringLike") or set(keys) != {"ResourceType"}:
            raise TemplateError(
                f"Error validating stack policy: got condition {operator} {sorted(keys)}; allowed: "
                "StringEquals and StringLike of ResourceType"
            )
        wanted = _listed(keys["ResourceType"])
        equal = kind in wanted if operator == "StringEquals" else any(matches(kind, text) for text in wanted)
        if not equal:
            return False
    return True


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
