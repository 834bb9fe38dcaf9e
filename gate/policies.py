"""What the policies of templates may allow: whatever only AWS knows of a statement counts in its favour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gate.template import Part, Reference, Resource, Template, Templates, computed

ROLE, POLICY = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"
NAMES = {"AWS::S3::Bucket": "BucketName", ROLE: "RoleName"}
"""Types whose physical name may stand in place of a reference, and the property that gives it."""
UNKNOWN = "\0"
"""A piece of a text that only AWS knows."""
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
"""What a statement that cannot be read may say."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, read with the templates that its references lead to."""

    templates: Templates
    template: Template
    body: dict[str, Any]

    def may_allow(self, action: str) -> bool:
        """Whether the statement allows an action, were it for the right resource and principal."""
        effects = list(self.template.possible(self.body.get("Effect")))
        if effects and "Allow" not in effects:
            return False
        if "NotAction" in self.body:
            return not any(_like(pattern, action) for pattern in self._texts("NotAction"))
        return any(pattern is None or _like(pattern, action) for pattern in self._texts("Action"))

    def _texts(self, key: str) -> Iterator[str | None]:
        return (self.template.text(node) for node in self.template.items(self.body.get(key)))

    def may_reach_objects(self, prefix: str) -> bool:
        """Whether the statement holds any object below a prefix, such as `lake/raw/`."""
        return "NotResource" in self.body or any(_may_hold(pattern, prefix) for pattern in self._resources())

    def may_reach_key(self, key: Resource) -> bool:
        """Whether the statement holds a key; an ARN that is written out may be the key's."""
        wanted = named(self.templates, [Reference(key.key, "Arn")])
        return "NotResource" in self.body or any(
            pattern == wanted or UNKNOWN in pattern or _service(pattern) in ("*", "kms")
            for pattern in self._resources()
        )

    def _resources(self) -> Iterator[str]:
        for node in self.template.items(self.body.get("Resource")):
            yield named(self.templates, self.template.parts(node))

    def may_be_for_service(self, service: str) -> bool:
        """Whether a service is a principal; `logs.` stands for the service of any region."""
        if self._for_everyone():
            return True
        return any(
            text[:1] in ("*", UNKNOWN) or text.startswith(service) for text in self._principals("Service")
        )

    def may_be_for_role(self, role: Resource) -> bool:
        """Whether a role is a principal; naming its account only lets the role's own policies decide."""
        return self._for_everyone() or any(
            not text.endswith(":root") and may_be(self.templates, role, text.rpartition("/")[2])
            for text in self._principals("AWS")
        )

    def _for_everyone(self) -> bool:
        written = list(self.template.branches(self.body.get("Principal")))
        return (
            "NotPrincipal" in self.body
            or "*" in [*written, *self._principals("AWS")]
            or any(computed(one) for one in written)
        )

    def _principals(self, kind: str) -> list[str]:
        return [
            named(self.templates, self.template.parts(node))
            for found in self.template.branches(self.body.get("Principal"))
            if isinstance(found, dict)
            for node in self.template.items(found.get(kind))
            if node != {"Ref": "AWS::AccountId"}
        ]


def _like(pattern: str | None, action: str) -> bool:
    return pattern is not None and fnmatchcase(action.lower(), pattern.lower())


def _service(arn: str) -> str:
    """The service that an ARN, or a pattern of one, belongs to."""
    return arn if arn == "*" else "".join(arn.split(":")[2:3])


def _may_hold(pattern: str, prefix: str) -> bool:
    """Whether some object below a prefix is one of a pattern's.

    >>> _may_hold("arn:aws:s3:::lake/*", "lake/raw/"), _may_hold("arn:aws:s3:::lake", "lake/raw/")
    (True, False)
    >>> _may_hold("arn:aws:s3:::lake/raw/2024/*", "lake/raw/")
    True
    """
    _, found, path = pattern.partition(":s3:::")
    if not found:
        # An access point stands for a bucket, and `arn:aws:*` for everything.
        return pattern.startswith("<") or ":accesspoint/" in pattern or _head(pattern) != pattern
    head = _head(path)
    if head == path:
        return path.startswith(prefix)
    # A bucket that CloudFormation names may be called anything.
    nameless = prefix.startswith("<") and "/" not in head and not head.startswith("<")
    return nameless or head.startswith(prefix) or prefix.startswith(head)


def _head(pattern: str) -> str:
    """A pattern up to its first wildcard, variable or unknown piece."""
    return pattern[
        : next((at for at, letter in enumerate(pattern) if letter in "*?$" + UNKNOWN), len(pattern))
    ]


def statements(templates: Templates, template: Template, document: Any) -> Iterator[Statement]:
    """Every statement of a policy document."""
    for found in template.branches(document) if document is not None else ():
        readable = isinstance(found, dict) and not computed(found)
        for one in template.items(found.get("Statement")) if readable else (ANYTHING,):
            body = one if isinstance(one, dict) and not computed(one) else ANYTHING
            yield Statement(templates, template, body)


def lets_service(templates: Templates, key: Resource, service: str, action: str) -> bool:
    """Whether a key's policy lets a service use it, without a policy of its own too."""
    found = list(statements(templates, key.template, key.properties.get("KeyPolicy")))
    return not found or any(
        one.may_be_for_service(service)
        and (one.may_allow(action) or one.may_allow(f"{action}WithoutPlaintext"))
        for one in found
    )


def policies_of(templates: Templates, role: Resource, *known: str) -> Iterator[Statement]:
    """Every statement of a role's policies; AWS's managed policies that are `known` are left out."""
    for policy in role.template.items(role.properties.get("Policies")):
        document = (
            policy.get("PolicyDocument") if isinstance(policy, dict) and not computed(policy) else policy
        )
        yield from statements(templates, role.template, document)
    for node in role.template.items(role.properties.get("ManagedPolicyArns")):
        yield from _attached(templates, role.template, node, known)
    for policy in templates.resources("AWS::IAM::Policy", POLICY, "AWS::IAM::RolePolicy"):
        listed = [*policy.template.items(policy.properties.get("Roles"))]
        listed += policy.template.items(policy.properties.get("RoleName"))
        texts = [named(templates, policy.template.parts(node)) for node in listed]
        if any(may_be(templates, role, text) for text in texts):
            yield from statements(templates, policy.template, policy.properties.get("PolicyDocument"))


def _attached(
    templates: Templates, template: Template, node: Any, known: tuple[str, ...]
) -> Iterator[Statement]:
    parts = list(template.parts(node))
    policy = next((templates.at(part, POLICY) for part in parts if isinstance(part, Reference)), None)
    if policy is not None:
        yield from statements(templates, policy.template, policy.properties.get("PolicyDocument"))
    elif not named(templates, parts).endswith(known):
        yield Statement(templates, template, ANYTHING)


def may_be(templates: Templates, resource: Resource, text: str) -> bool:
    """Whether a text names a bucket or a role."""
    own = named(templates, [Reference(resource.key)])
    any_name = own.startswith("<") and resource.has(NAMES[resource.type])
    return text == own or UNKNOWN in text or (any_name and not text.startswith("<"))


def named(templates: Templates, parts: Iterator[Part] | list[Part]) -> str:
    """A text with each reference as the name of its resource, or as `<template|logical id>`."""
    return "".join(_named(templates, part) for part in parts)


def _named(templates: Templates, part: Part) -> str:
    if not isinstance(part, Reference):
        return UNKNOWN if part is None else part
    resource = templates.at(part)
    given = resource.value(NAMES[resource.type]) if resource and resource.type in NAMES else None
    arn = (
        "arn:aws:s3:::" if resource and resource.type == "AWS::S3::Bucket" and part.attribute == "Arn" else ""
    )
    return arn + (given if isinstance(given, str) else f"<{part.key[0]}|{part.key[1]}>")
