"""SimulateCustomPolicy and SimulatePrincipalPolicy: the account's own evaluation, asked without a request.

Source: IAM API Reference, "SimulateCustomPolicy". As there, VPC endpoint policies have no say, and
the policy of a resource counts only where it is given; that of a KMS key is looked up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.iam import urls as moto_urls
from moto.iam.exceptions import NotFoundException, ValidationError

from offline.engine import Engine
from offline.engines.iam.identities import Identities, IdentityResponses
from offline.engines.iam.managed import ManagedPolicies
from offline.engines.iam.positions import spans
from offline.iam.callers import caller_as, user_of
from offline.iam.document import Document, MalformedPolicyError, Request, document
from offline.iam.evaluation import Decision, Policies, decide
from offline.iam.keys import policy_of
from offline.iam.principals import Principal

DECISIONS = {True: "explicitDeny", False: "implicitDeny"}


class Responses(IdentityResponses):
    """moto's responses, with the simulator."""

    def simulate_custom_policy(self) -> ActionResult:
        self.parse_parameters(self.normalized_request)
        given = dict(self.params)
        identity = _read(given["PolicyInputList"], "PolicyInputList")
        caller = str(given.get("CallerArn") or f"arn:aws:iam::{self.current_account}:user/simulated")
        return self._answer(given, identity, _principal(caller))

    def simulate_principal_policy(self) -> ActionResult:
        self.parse_parameters(self.normalized_request)
        given = dict(self.params)
        source = str(given["PolicySourceArn"])
        if not (":role/" in source or ":user/" in source):
            raise ValidationError(f"Invalid PolicySourceArn {source}: allowed are users and roles")
        found = caller_as(source, "simulated") if ":role/" in source else user_of(source)
        if found is None:
            raise NotFoundException(f"{source} does not exist")
        extra = _read(given.get("PolicyInputList") or [], "PolicyInputList")
        return self._answer(given, {**_named(found.identity), **extra}, found.principal, found.boundary)

    def _answer(
        self,
        given: dict[str, Any],
        identity: dict[str, tuple[Document, str]],
        principal: Principal,
        boundary: Document | None = None,
    ) -> ActionResult:
        boundaries = _read(given.get("PermissionsBoundaryPolicyInputList") or [], "Boundary")
        resource = _read([given["ResourcePolicy"]] if given.get("ResourcePolicy") else [], "ResourcePolicy")
        context = _context(given.get("ContextEntries") or [])
        owner = str(given.get("ResourceOwner") or f"arn:aws:iam::{principal.account}:root").split(":")[4]
        boundary = next((one for one, _ in boundaries.values()), boundary)
        results = []
        for action, arn in itertools.product(given["ActionNames"], given.get("ResourceArns") or ["*"]):
            own = next((one for one, _ in resource.values()), None)
            if own is None and action.startswith("kms:"):
                own = policy_of(arn) if ":key/" in arn else None
            policies = Policies(tuple(one for one, _ in identity.values()), own, boundary)
            decision = decide(Request(action, arn, principal, context, owner), policies)
            found = {
                "EvalActionName": action,
                "EvalResourceName": arn,
                "EvalDecision": "allowed" if decision.allowed else DECISIONS[decision.explicit],
                "MatchedStatements": list(_matched(decision, {**identity, **resource})),
                "MissingContextValues": sorted(_missing(policies, context)),
            }
            results.append(found)
        return ActionResult({"IsTruncated": False, "EvaluationResults": results})


def _principal(arn: str) -> Principal:
    account = arn.split(":")[4]
    if ":role/" in arn:
        return caller_as(arn, "simulated").principal
    return Principal("root" if arn.endswith(":root") else "user", account, arn)


def _read(texts: Iterable[str], kind: str) -> dict[str, tuple[Document, str]]:
    """Policies by the id that the answer calls them by, with their text."""
    found = {}
    for number, text in enumerate(texts, start=1):
        name = kind if kind == "ResourcePolicy" else f"{kind}.{number}"
        try:
            found[name] = (document(text, name), text)
        except MalformedPolicyError as error:
            raise ValidationError(f"Invalid policy input: {error}") from None
    return found


def _named(documents: Iterable[Document]) -> dict[str, tuple[Document, str]]:
    return {one.name: (one, "") for one in documents}


def _context(entries: Iterable[dict[str, Any]]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for entry in entries:
        values = [str(value) for value in entry.get("ContextKeyValues") or []]
        many = str(entry.get("ContextKeyType", "")).endswith("List")
        if many or values:
            found[str(entry["ContextKeyName"]).lower()] = values if many else values[0]
    return found


def _matched(decision: Decision, texts: dict[str, tuple[Document, str]]) -> Iterator[dict[str, Any]]:
    """The deciding statement, and where it stands in the policy that was sent."""
    if decision.statement is None:
        return
    of_resource = decision.policy.startswith(("ResourcePolicy", "key policy"))
    found: dict[str, Any] = {
        "SourcePolicyId": decision.policy,
        "SourcePolicyType": "Resource Policy" if of_resource else "IAM Policy",
    }
    if text := texts.get(decision.policy, (None, ""))[1]:
        start, end = spans(text)[decision.statement.number]
        found |= {"StartPosition": start, "EndPosition": end}
    yield found


def _missing(policies: Policies, context: dict[str, Any]) -> set[str]:
    """Condition keys that a policy asks about and the simulation was not told."""
    statements = [s for found in policies.by_kind().values() for one in found for s in one.statements]
    asked = {key for one in statements for keys in one.conditions.values() for key in keys}
    return {key for key in asked if key.lower() not in context}


class IamEngine(Engine, ManagedPolicies, Identities):
    """moto's IAM, with the simulator and what moto leaves out."""

    service = "iam"

    @property
    def _url_module(self) -> Any:
        return Urls


class Urls:
    """moto's routes of IAM, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = dict.fromkeys(moto_urls.url_paths, Responses.dispatch)
