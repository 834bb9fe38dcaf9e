"""AWS's evaluation logic: every policy that has a say in a request, and one decision.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic"; for keys the
KMS Developer Guide, "Key policies in AWS KMS". An explicit deny anywhere ends it. What the resource's
policy grants counts by how exactly it names the caller; a key and a role to assume trust nobody whom
their own policy does not name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from offline.iam.document import Document, Request, Statement
from offline.iam.principals import Reach

IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"
SCP = "service control policy"
ENDPOINT = "VPC endpoint policy"


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything that has a say. None: no such policy is attached; an empty tuple allows nothing."""

    identity: tuple[Document, ...] = ()
    resource: Document | None = None
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    scps: tuple[tuple[Document, ...], ...] = ()
    """One tuple for each level, from the organization's root to the account."""
    endpoint: Document | None = None

    def by_kind(self) -> dict[str, tuple[Document, ...]]:
        return {
            SCP: tuple(one for level in self.scps for one in level),
            ENDPOINT: _some(self.endpoint),
            RESOURCE: _some(self.resource),
            IDENTITY: self.identity,
            BOUNDARY: _some(self.boundary),
            SESSION: self.session or (),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may pass, and which policy and statement decided.

    `kind` is of the policy that decided; for an implicit deny, of the one that should have allowed.
    `grants` are the allowing statements that the decision stands on.
    """

    allowed: bool
    kind: str
    policy: str = ""
    statement: Statement | None = None
    grants: tuple[tuple[str, Statement], ...] = ()

    @property
    def explicit(self) -> bool:
        return not self.allowed and self.statement is not None

    def message(self, who: str, action: str, resource: str) -> str:
        """What AWS says of a denial."""
        subject = f"User: {who} is not authorized to perform: {action}"
        return f"{subject} on resource: {resource} {self.reason(action)}"

    def reason(self, action: str) -> str:
        article = "an" if self.kind[0] in "i" else "a"
        if self.explicit:
            return f"with an explicit deny in {article} {self.kind}"
        return f"because no {self.kind} allows the {action} action"


def decide(request: Request, policies: Policies) -> Decision:
    """The decision on one action on one resource."""
    for kind, documents in policies.by_kind().items():
        for one in documents:
            if (denying := one.denying(request)) is not None:
                return Decision(False, kind, one.name, denying)
    if request.principal.kind not in ("service", "anonymous"):
        for level in policies.scps:
            if _first(level, request) is None:
                return Decision(False, SCP)
    grants: list[tuple[str, Statement]] = []
    if policies.endpoint is not None and not _take(_some(policies.endpoint), request, grants):
        return Decision(False, ENDPOINT)
    return _within(request, policies, grants)


def _within(request: Request, policies: Policies, grants: list[tuple[str, Statement]]) -> Decision:
    """The decision of the policies on both sides, once nothing denies."""
    principal = request.principal
    granted = policies.resource.allowing(request) if policies.resource else None
    if granted is not None and policies.resource is not None:
        grants.append((policies.resource.name, granted[0]))
    reached = granted[1] if granted else None
    if principal.kind in ("service", "anonymous"):
        return _allow(RESOURCE, grants) if reached is not None else Decision(False, RESOURCE)
    same = principal.account == request.resource_account
    if reached is None and (trusts_only_its_policy(request) or not same):
        return Decision(False, RESOURCE)
    if same and reached is Reach.EXACT:
        return _allow(RESOURCE, grants)
    direct = same and reached is not None and reached is not Reach.ACCOUNT
    if not (direct or principal.kind == "root") and not _take(policies.identity, request, grants):
        return Decision(False, IDENTITY)
    limited = policies.boundary is not None and not (same and reached is Reach.EVERYONE)
    if limited and not _take(_some(policies.boundary), request, grants):
        return Decision(False, BOUNDARY)
    if policies.session is not None and not _take(policies.session, request, grants):
        return Decision(False, SESSION)
    return _allow(RESOURCE if direct else IDENTITY, grants)


def trusts_only_its_policy(request: Request) -> bool:
    """Whether the resource is a key or a role to assume, whose own policy must let the caller in."""
    assumed = request.action.lower().startswith("sts:assumerole")
    return assumed or (request.action.startswith("kms:") and ":key/" in request.resource)


def _allow(kind: str, grants: list[tuple[str, Statement]]) -> Decision:
    name, statement = grants[-1] if grants else ("", None)
    return Decision(True, kind, name, statement, tuple(grants))


def _take(documents: Iterable[Document], request: Request, grants: list[tuple[str, Statement]]) -> bool:
    found = _first(documents, request)
    if found is not None:
        grants.append(found)
    return found is not None


def _first(documents: Iterable[Document], request: Request) -> tuple[str, Statement] | None:
    for one in documents:
        if (allowing := one.allowing(request)) is not None:
            return one.name, allowing[0]
    return None


def _some(one: Document | None) -> tuple[Document, ...]:
    return () if one is None else (one,)
