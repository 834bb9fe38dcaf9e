"""What the policies of a template allow, as far as the template tells."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from gate.template import Part, Reference, Resource, Template, Templates


def statements(document: Any) -> list[dict[str, Any]]:
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def acts(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement allows an action, were it for the right resource.

    >>> acts({"Effect": "Allow", "Action": "s3:Get*"}, "s3:GetObject")
    True
    """
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement:
        return not any(_like(pattern, action) for pattern in listed(statement["NotAction"]))
    return any(_like(pattern, action) for pattern in listed(statement.get("Action")))


def _like(pattern: object, action: str) -> bool:
    return isinstance(pattern, str) and fnmatchcase(action.lower(), pattern.lower())


def allows_service(key: Resource, service: str, action: str) -> bool:
    """Whether a key's policy lets a service use it; `logs.` stands for the service of any region.

    A policy whose principals only AWS knows counts as letting it.
    """
    document = key.properties.get("KeyPolicy")
    if not isinstance(document, dict) or not statements(document):
        return True
    for statement in statements(document):
        if not (acts(statement, action) or acts(statement, f"{action}WithoutPlaintext")):
            continue
        principal = statement.get("Principal")
        if principal == "*":
            return True
        for named in listed(principal.get("Service")) if isinstance(principal, dict) else []:
            parts = list(key.template.parts(named))
            begins = parts[0] if parts and isinstance(parts[0], str) else None
            if begins is None or begins.startswith(service):
                return True
    return False


MANAGED = ("service-role/AWSGlueServiceRole",)
"""Managed policies that give nothing on a template's own buckets and keys."""


def policies_of(templates: Templates, role: Resource) -> list[tuple[Template, dict[str, Any]]] | None:
    """Every statement that a role's policies hold, with its template; None where some cannot be read."""
    for managed in listed(role.properties.get("ManagedPolicyArns")):
        text = "".join(part for part in role.template.parts(managed) if isinstance(part, str))
        if not text.endswith(MANAGED):
            return None
    found = [
        (role.template, one)
        for policy in listed(role.properties.get("Policies"))
        if isinstance(policy, dict)
        for one in statements(policy.get("PolicyDocument"))
    ]
    for policy in templates.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        named = [*listed(policy.properties.get("Roles")), *listed(policy.properties.get("RoleName"))]
        if role.key in {part.key for one in named for part in references(policy.template, one)}:
            found += [(policy.template, one) for one in statements(policy.properties.get("PolicyDocument"))]
    return found


def references(template: Template, node: Any) -> Iterator[Reference]:
    return (part for part in template.parts(node) if isinstance(part, Reference))


def covers(template: Template, statement: dict[str, Any], wanted: list[Part]) -> bool:
    """Whether a statement's resources hold a text; what only AWS knows of them may be anything."""
    for node in listed(statement.get("Resource")):
        pattern = list(template.parts(node))
        if pattern == ["*"] or any(part is None for part in pattern):
            return True
        if fnmatchcase(flat(wanted), flat(pattern)):
            return True
    return "NotResource" in statement


def flat(parts: list[Part]) -> str:
    """A text with each reference as its resource; a bucket's ARN and its name are the same bucket."""
    text = "".join(
        part if isinstance(part, str) else f"<{part.key[0]}/{part.key[1]}>" if part else "?" for part in parts
    )
    for partition in ("aws", "aws-cn", "?"):
        text = text.replace(f"arn:{partition}:s3:::<", "<")
    return text
