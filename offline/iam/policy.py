"""Policies: which statements apply to a request, and what they say together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from offline.iam.conditions import Context, like, satisfied


@dataclass(frozen=True)
class Request:
    """One request as policies see it; `principal` is an ARN, None for an anonymous caller."""

    action: str
    resource: str
    principal: str | None
    context: Context


@lru_cache(maxsize=1024)
def statements(document: str) -> tuple[Mapping[str, Any], ...]:
    """The statements of a policy document."""
    stated = json.loads(document)["Statement"]
    return tuple(stated if isinstance(stated, list) else [stated])


def deciding(document: str, request: Request) -> Mapping[str, Any] | None:
    """The statement that decides: the first that denies, else the first that allows, else None."""
    matching = list(_matching(document, request))
    denying = [statement for statement in matching if statement["Effect"] == "Deny"]
    return next(iter(denying or matching), None)


def _matching(document: str, request: Request) -> Iterator[Mapping[str, Any]]:
    for statement in statements(document):
        if (
            _of_action(statement, request.action)
            and _of_resource(statement, request.resource)
            and _of_principal(statement, request.principal)
            and satisfied(statement.get("Condition", {}), request.context)
        ):
            yield statement


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _of_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(action.lower(), text.lower()) for text in _listed(statement["NotAction"]))
    return any(like(action.lower(), text.lower()) for text in _listed(statement["Action"]))


def _of_resource(statement: Mapping[str, Any], resource: str) -> bool:
    if "NotResource" in statement:
        return not any(like(resource, text) for text in _listed(statement["NotResource"]))
    return any(like(resource, text) for text in _listed(statement.get("Resource", "*")))


def _of_principal(statement: Mapping[str, Any], principal: str | None) -> bool:
    if "NotPrincipal" in statement:
        return not _is_among(statement["NotPrincipal"], principal)
    return "Principal" not in statement or _is_among(statement["Principal"], principal)


def _is_among(stated: Any, principal: str | None) -> bool:
    if stated == "*":
        return True
    names = _listed(stated.get("AWS", []))
    if "*" in names:
        return True
    if principal is None:
        return False
    account = principal.split(":")[4]
    return any(name in (principal, account) or name.endswith(f"::{account}:root") for name in names)
