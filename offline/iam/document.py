"""A policy document: read once, refused where AWS refuses it, then asked many times.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from offline.iam.conditions import Context, fits_resource, is_operator, matches, satisfied, widened
from offline.iam.principals import Principal, Reach, reach

VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}


class MalformedPolicyError(ValueError):
    """What is wrong with a document, in a sentence."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as policies see it: an IAM action on one ARN, `*` where the action has none."""

    action: str
    resource: str
    principal: Principal
    context: Context
    resource_account: str


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement; `Not…` elements keep their own fields."""

    sid: str
    effect: str
    principal: Any
    not_principal: Any
    action: tuple[str, ...]
    not_action: tuple[str, ...]
    resource: tuple[str, ...]
    not_resource: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, list[str]]]
    variables: bool
    number: int = 0
    """Its place in the document, from 0."""

    def applies(self, request: Request) -> Reach | None:
        """How a statement reaches the request's principal; None where it does not match the request."""
        if not (self._acts(request.action) and self._names(request)):
            return None
        reached = self._reaches(request.principal)
        if reached is None or not satisfied(self.conditions, request.context, self.variables):
            return None
        return reached

    def _acts(self, action: str) -> bool:
        if self.not_action:
            return not any(matches(action, text, ignore_case=True) for text in self.not_action)
        return any(matches(action, text, ignore_case=True) for text in self.action)

    def _names(self, request: Request) -> bool:
        context = request.context if self.variables else None
        if self.not_resource:
            texts = [widened(text, context) for text in self.not_resource]
            return not any(fits_resource(request.resource, text, context) for text in texts)
        return not self.resource or any(
            fits_resource(request.resource, text, context) for text in self.resource
        )

    def _reaches(self, principal: Principal) -> Reach | None:
        if self.not_principal is not None:
            return None if reach(self.not_principal, principal) is not None else Reach.EVERYONE
        return reach(self.principal, principal) if self.principal is not None else Reach.IDENTITY


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A policy, with the name an error message or a matrix calls it by."""

    name: str
    statements: tuple[Statement, ...]

    def denying(self, request: Request) -> Statement | None:
        """The first statement that denies."""
        return next((one for one, _ in self._applying(request, "Deny")), None)

    def allowing(self, request: Request) -> tuple[Statement, Reach] | None:
        """The statement that allows, of several the one that knows the principal most exactly."""
        return max(self._applying(request, "Allow"), key=lambda found: found[1], default=None)

    def _applying(self, request: Request, effect: str) -> Iterator[tuple[Statement, Reach]]:
        for statement in self.statements:
            if statement.effect == effect and (reached := statement.applies(request)) is not None:
                yield statement, reached


@lru_cache(maxsize=2048)
def document(text: str | bytes, name: str = "") -> Document:
    """A policy document from its JSON.

    >>> document('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}').statements[0].action
    ('s3:*',)
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise MalformedPolicyError("Policies must be valid JSON and the first byte must be '{'") from error
    if not isinstance(raw, dict):
        raise MalformedPolicyError("Policies must be valid JSON and the first byte must be '{'")
    if unknown := set(raw) - {"Version", "Id", "Statement"}:
        raise MalformedPolicyError(f"Unknown field {sorted(unknown)[0]}")
    version = raw.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        raise MalformedPolicyError(f"Version {version!r} is not one of {', '.join(VERSIONS)}")
    stated = raw.get("Statement")
    listed = stated if isinstance(stated, list) else [stated]
    if not listed or not all(isinstance(one, dict) for one in listed):
        raise MalformedPolicyError("Missing required field Statement")
    found = tuple(_statement(one, version == VERSIONS[0], number) for number, one in enumerate(listed))
    sids = [one.sid for one in found if one.sid]
    if len(set(sids)) != len(sids):
        raise MalformedPolicyError("Statement IDs (SID) in a single policy must be unique")
    return Document(name, found)


def written(
    text: str | bytes,
    *,
    principals: bool,
    resources: bool,
    refusal: Callable[[str], Exception] = MalformedPolicyError,
) -> Document:
    """A policy as it is put somewhere: with principals and resources, or without, as its place asks.

    `refusal` makes the error of the service that it is put to.

    >>> written('{"Statement": {"Effect": "Allow", "Action": "*"}}', principals=False, resources=True)
    Traceback (most recent call last):
        ...
    offline.iam.document.MalformedPolicyError: Missing required field Resource
    """
    try:
        found = document(text)
    except MalformedPolicyError as error:
        raise refusal(str(error)) from None
    for one in found.statements:
        named = one.principal is not None or one.not_principal is not None
        for element, has, asked in (
            ("Principal", named, principals),
            ("Resource", bool(one.resource or one.not_resource), resources),
        ):
            if asked and not has:
                raise refusal(f"Missing required field {element}")
            if has and not asked:
                raise refusal(f"Has prohibited field {element}")
    return found


def _statement(raw: dict[str, Any], variables: bool, number: int) -> Statement:
    if unknown := set(raw) - ELEMENTS:
        raise MalformedPolicyError(f"Unknown field {sorted(unknown)[0]}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Invalid effect: {raw.get('Effect')}")
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if one in raw and other in raw:
            raise MalformedPolicyError(f"A statement cannot have both {one} and {other}")
    if not ({"Action", "NotAction"} & set(raw)):
        raise MalformedPolicyError("Missing required field Action")
    return Statement(
        sid=raw.get("Sid", ""),
        effect=raw["Effect"],
        principal=raw.get("Principal"),
        not_principal=raw.get("NotPrincipal"),
        action=_texts(raw, "Action"),
        not_action=_texts(raw, "NotAction"),
        resource=_texts(raw, "Resource"),
        not_resource=_texts(raw, "NotResource"),
        conditions=_conditions(raw.get("Condition", {})),
        variables=variables,
        number=number,
    )


def _texts(raw: dict[str, Any], element: str) -> tuple[str, ...]:
    value = raw.get(element, [])
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in listed) or (element in raw and not listed):
        raise MalformedPolicyError(f"{element} must be a string or a list of strings, not {value!r}")
    return tuple(listed)


def _conditions(raw: Any) -> dict[str, dict[str, list[str]]]:
    if not isinstance(raw, dict):
        raise MalformedPolicyError(f"Condition must be an object, not {raw!r}")
    for operator, keys in raw.items():
        if not is_operator(operator):
            raise MalformedPolicyError(f"Invalid Condition type : {operator}")
        if not isinstance(keys, dict):
            raise MalformedPolicyError(f"Condition {operator} must be an object, not {keys!r}")
    return {
        operator: {
            key: [_value(one) for one in (v if isinstance(v, list) else [v])] for key, v in keys.items()
        }
        for operator, keys in raw.items()
    }


def _value(raw: Any) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, (str, int, float)):
        return str(raw)
    raise MalformedPolicyError(f"a condition's value must be a string, a number or a boolean, not {raw!r}")
