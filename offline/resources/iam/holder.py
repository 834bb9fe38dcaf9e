"""What roles, users and groups share: inline policies, managed policies and their removal.

IAM's operations differ only by the noun: PutRolePolicy, PutUserPolicy, PutGroupPolicy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from offline.resources.change import only_in, retag, unless_gone
from offline.resources.row import Properties, Resource

GONE = "NoSuchEntity"
NOUNS = {"Roles": "Role", "Users": "User", "Groups": "Group"}
"""The property that lists holders of a policy → the noun of IAM's operations."""


@dataclass(frozen=True)
class Holder:
    """A role, user or group that holds policies."""

    resource: Resource
    noun: str
    name: str

    def call(self, operation: str, **arguments: Any) -> Any:
        """An operation with its noun in place: `call("put_{}_policy", …)`."""
        iam = self.resource.client("iam")
        return getattr(iam, operation.format(self.noun.lower()))(
            **{f"{self.noun}Name": self.name}, **arguments
        )

    def put(self, policy: str, document: dict[str, Any]) -> None:
        self.call("put_{}_policy", PolicyName=policy, PolicyDocument=json.dumps(document))

    def remove(self, policy: str) -> None:
        with unless_gone(GONE):
            self.call("delete_{}_policy", PolicyName=policy)

    def attach(self, arn: str) -> None:
        self.call("attach_{}_policy", PolicyArn=arn)

    def detach(self, arn: str) -> None:
        with unless_gone(GONE):
            self.call("detach_{}_policy", PolicyArn=arn)

    def inline(self) -> list[str]:
        """Names of the inline policies that stand on it."""
        return list(self.call("list_{}_policies")["PolicyNames"])

    def document(self, policy: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("get_{}_policy", PolicyName=policy)["PolicyDocument"]
        return found

    def attached(self) -> list[str]:
        """ARNs of the managed policies that are attached to it."""
        return [one["PolicyArn"] for one in self.call("list_attached_{}_policies")["AttachedPolicies"]]

    def follow(self, old: Properties | None = None) -> None:
        """The holder has the policies of its own properties, and none of those it had before."""
        had = old or Properties({})
        new = self.resource.properties
        inline, arns = new.take("Policies") or [], new.take("ManagedPolicyArns") or []
        for policy in inline:
            self.put(policy["PolicyName"], policy["PolicyDocument"])
        for name in only_in(_names(had.take("Policies")), _names(inline)):
            self.remove(name)
        for arn in arns:
            self.attach(arn)
        for arn in only_in(had.take("ManagedPolicyArns") or [], arns):
            self.detach(arn)

    def told(self) -> dict[str, Any]:
        """Policies and ManagedPolicyArns as they are now; inline policies of other rows are not its own."""
        mine = set(_names(self.resource.properties.take("Policies")))
        inline = [name for name in self.inline() if name in mine]
        return {
            "Policies": [{"PolicyName": name, "PolicyDocument": self.document(name)} for name in inline],
            "ManagedPolicyArns": self.attached(),
        }

    def strip(self) -> None:
        """No policy is left on it: IAM deletes a role, user or group only then."""
        for name in self.inline():
            self.remove(name)
        for arn in self.attached():
            self.detach(arn)

    def retag(self, old: Properties) -> None:
        retag(
            self.resource,
            old,
            lambda tags: self.call("tag_{}", Tags=tags),
            lambda keys: self.call("untag_{}", TagKeys=keys),
        )

    def bound(self, old: Properties) -> None:
        """Its permissions boundary is the template's, or none."""
        boundary = self.resource.properties.take("PermissionsBoundary")
        if boundary:
            self.call("put_{}_permissions_boundary", PermissionsBoundary=boundary)
        elif old.take("PermissionsBoundary"):
            with unless_gone(GONE):
                self.call("delete_{}_permissions_boundary")


def _names(policies: Iterable[dict[str, Any]] | None) -> list[str]:
    return [policy["PolicyName"] for policy in policies or []]


def boundary_of(entity: dict[str, Any]) -> str | None:
    boundary = entity.get("PermissionsBoundary") or {}
    arn: str | None = boundary.get("PermissionsBoundaryArn")
    return arn


def holders(resource: Resource, properties: Properties) -> list[Holder]:
    """Every role, user and group that a policy names."""
    return [
        Holder(resource, noun, name) for many, noun in NOUNS.items() for name in properties.take(many) or []
    ]
