"""Generated requests and policies, the same in every run: what two implementations are asked alike."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from offline.iam.document import Request, document
from offline.iam.evaluation import Policies
from offline.iam.principals import ANONYMOUS, Principal, root, session

HERE, THERE = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HERE}:role/worker"
USER = f"arn:aws:iam::{HERE}:user/ana"
VERSION = "2012-10-17"
PRINCIPALS = (
    session(ROLE, "s1"),
    session(ROLE, "s1"),
    Principal("user", HERE, USER),
    Principal("user", HERE, USER),
    root(HERE),
    ANONYMOUS,
)
TARGETS = (
    ("s3:GetObject", "arn:aws:s3:::lake/flights/a"),
    ("s3:PutObject", "arn:aws:s3:::lake/home/ana/x"),
    ("s3:ListBucket", "arn:aws:s3:::lake"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("glue:GetTable", "arn:aws:glue:us-east-1:{account}:table/db/t"),
    ("kinesis:PutRecord", "arn:aws:kinesis:us-east-1:{account}:stream/flights"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:{account}:q"),
)
RESOURCES = (
    *(
        "*",
        "arn:aws:s3:::lake/*",
        "arn:aws:s3:::lake",
        "arn:aws:s3:::*",
        "arn:aws:s3:::lake/home/${aws:username}/*",
    ),
    *(
        "arn:aws:s3:::l?ke/flights/?",
        "arn:aws:s3:::lake/${aws:PrincipalTag/team, 'flights'}/*",
        "arn:aws:s3:::LAKE/*",
    ),
    *(
        "arn:aws:kms:*:{account}:key/*",
        "arn:aws:glue:us-east-1:{account}:table/db/*",
        "arn:aws:kinesis:*:*:stream/*",
    ),
    *("arn:aws:glue:*:{account}:*", "arn:aws:*:us-east-1:*:*", "arn:aws:sqs:us-east-1:{account}:*"),
)
ACTIONS = (
    *(
        "*",
        "s3:*",
        "s3:Get*",
        "S3:getobject",
        "s3:PutObject",
        "s3:ListBucket",
        "s3:?etObject",
        "kms:*",
        "kms:Decrypt",
    ),
    *("glue:*", "glue:GetTable", "kinesis:Put*", "kinesis:PutRecord", "sqs:*", "sqs:SendMessage"),
)
ALWAYS: dict[str, list[Any]] = {
    "aws:SecureTransport": ["true", "false"],
    "aws:SourceIp": ["10.1.2.3", "192.0.2.7", "2001:db8::1"],
    "aws:CurrentTime": ["2026-01-05T12:00:00Z", "2025-06-01T00:00:00Z"],
    "aws:PrincipalTag/team": ["flights", "Flights", "weather"],
    "aws:username": ["ana"],
    "aws:SourceVpce": ["vpce-1", "vpce-2"],
    "aws:MultiFactorAuthAge": ["10", "3600"],
    "aws:PrincipalArn": [ROLE, USER],
    "aws:PrincipalOrgPaths": [["o-1/r-1/ou-1/"], ["o-1/r-1/ou-1/", "o-1/r-1/ou-2/"]],
}
OF_ACTION: dict[str, dict[str, list[Any]]] = {
    "s3:PutObject": {"s3:x-amz-server-side-encryption": ["aws:kms", "AES256"]},
    "s3:ListBucket": {"s3:prefix": ["flights/", "home/ana"], "s3:max-keys": ["10", "1000"]},
}
STRINGS = (
    "aws:PrincipalTag/team",
    "aws:username",
    "aws:SourceVpce",
    "s3:x-amz-server-side-encryption",
    "s3:prefix",
)
OPERATORS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(
        ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        (
            STRINGS,
            ("flights", "weather", "FLIGHTS", "ana", "aws:kms", "vpce-1", "home/ana", "${aws:username}"),
        ),
    ),
    **dict.fromkeys(
        ("StringLike", "StringNotLike"),
        (STRINGS, ("f*", "*", "?na", "home/${aws:username}", "vpce-?", "aws:*", "${*}", "flights/")),
    ),
    **{
        f"Numeric{name}": (("aws:MultiFactorAuthAge", "s3:max-keys"), ("10", "10.0", "100", "3600", "x"))
        for name in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    },
    **{
        f"Date{name}": (
            ("aws:CurrentTime",),
            ("2026-01-05T12:00:00Z", "2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z"),
        )
        for name in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    },
    "Bool": (("aws:SecureTransport",), ("true", "false")),
    "IpAddress": (("aws:SourceIp",), ("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "10.1.2.3")),
    "NotIpAddress": (("aws:SourceIp",), ("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32")),
    "ArnEquals": (("aws:PrincipalArn",), (ROLE, f"arn:aws:iam::{HERE}:*")),
    "ArnLike": (("aws:PrincipalArn",), (USER, "arn:aws:iam::*:role/*", f"arn:*:iam::{HERE}:user/ana")),
    "ArnNotEquals": (("aws:PrincipalArn",), (ROLE,)),
    "ArnNotLike": (("aws:PrincipalArn",), ("arn:aws:iam::*:role/*",)),
    "Null": (("aws:SourceVpce", "aws:PrincipalTag/team", "aws:SecureTransport"), ("true", "false")),
}
PRINCIPAL_NAMES = (*(USER, ROLE, session(ROLE, "s1").arn, root(HERE).arn, HERE, root(THERE).arn, f"{ROLE}2"),)
MANY = ("o-1/r-1/ou-1/", "o-1/*", "o-2/*", "o-1/r-1/ou-2/")

EVERYTHING = {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""What iam-simulate must be told of a root user."""


@dataclass(frozen=True)
class Case:
    """One request with its policies, for both sides."""

    principal: Principal
    action: str
    resource: str
    owner: str
    context: dict[str, Any]
    identity: list[dict[str, Any]]
    resource_policy: dict[str, Any] | None
    boundary: dict[str, Any] | None
    session: dict[str, Any] | None
    scps: list[list[dict[str, Any]]]
    endpoint: dict[str, Any] | None

    def ours(self) -> tuple[Request, Policies]:
        context = {key.lower(): value for key, value in self.context.items()}
        return Request(self.action, self.resource, self.principal, context, self.owner), Policies(
            identity=tuple(_read(one) for one in self.identity),
            resource=_read(self.resource_policy) if self.resource_policy else None,
            boundary=_read(self.boundary) if self.boundary else None,
            session=(_read(self.session),) if self.session else None,
            scps=tuple(tuple(_read(one) for one in level) for level in self.scps),
            endpoint=_read(self.endpoint) if self.endpoint else None,
        )

    def theirs(self) -> dict[str, Any]:
        """The same as `runSimulation` of iam-simulate takes it."""
        anonymous = self.principal.kind == "anonymous"
        found: dict[str, Any] = {
            "request": {
                "principal": {"type": "Anonymous"} if anonymous else self.principal.arn,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": self.owner},
                "contextVariables": self.context,
            },
            "identityPolicies": _named(self.identity if self.principal.kind != "root" else [EVERYTHING]),
            "serviceControlPolicies": [
                {"orgIdentifier": f"level{number}", "policies": _named(level)}
                for number, level in enumerate(self.scps)
            ],
            "resourceControlPolicies": [],
        }
        for key, policy in (("resourcePolicy", self.resource_policy), ("sessionPolicy", self.session)):
            if policy:
                found[key] = policy
        for key, policy in (
            ("permissionBoundaryPolicies", self.boundary),
            ("vpcEndpointPolicies", self.endpoint),
        ):
            if policy:
                found[key] = _named([policy])
        return found


def _read(policy: dict[str, Any]) -> Any:
    return document(json.dumps(policy))


def _named(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": str(number), "policy": policy} for number, policy in enumerate(policies)]


class Cases:
    """An endless, repeatable stream of cases."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[Case]:
        while True:
            yield self._case()

    def _case(self) -> Case:
        principal = self._random.choice(PRINCIPALS)
        owner = HERE if self._often(0.75) else THERE
        action, pattern = self._random.choice(TARGETS)
        personal = principal.kind != "anonymous"
        identified = personal and principal.kind != "root"
        self._owner, self._action = owner, action
        return Case(
            principal=principal,
            action=action,
            resource=pattern.format(account=owner),
            owner=owner,
            context=self._context(action, principal),
            identity=[self._policy() for _ in range(self._random.choice((0, 1, 1, 2)))] if identified else [],
            resource_policy=self._policy(principals=PRINCIPAL_NAMES) if self._often(0.6) else None,
            boundary=self._policy() if identified and self._often(0.25) else None,
            session=self._policy() if principal.kind == "role" and self._often(0.25) else None,
            scps=[[self._policy()] for _ in range(self._random.choice((0, 0, 0, 1, 2)))] if personal else [],
            endpoint=self._policy(principals=("*",)) if self._often(0.15) else None,
        )

    def _often(self, chance: float) -> bool:
        return self._random.random() < chance

    def _context(self, action: str, principal: Principal) -> dict[str, Any]:
        keys = {**ALWAYS, **OF_ACTION.get(action, {})}
        context = {key: self._random.choice(values) for key, values in keys.items() if self._often(0.6)}
        context.pop("aws:username", None)
        context.pop("aws:PrincipalArn", None)
        if principal.kind == "anonymous":
            return {k: v for k, v in context.items() if not k.startswith("aws:Principal")}
        context["aws:PrincipalArn"] = principal.role_arn or principal.arn
        if principal.kind == "user":
            context["aws:username"] = "ana"
        return context

    def _policy(self, principals: tuple[str, ...] = ()) -> dict[str, Any]:
        count = self._random.choice((1, 1, 2, 3))
        return {"Version": VERSION, "Statement": [self._statement(principals) for _ in range(count)]}

    def _statement(self, principals: tuple[str, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {"Effect": "Deny" if self._often(0.15) else "Allow"}
        if principals:
            found["Principal"] = self._principal(principals)
        found["NotAction" if self._often(0.07) else "Action"] = self._some(
            (*ACTIONS, self._action, self._action, "*")
        )
        resources = [one.format(account=self._owner) if "{account}" in one else one for one in RESOURCES]
        found["NotResource" if self._often(0.07) else "Resource"] = self._some((*resources, "*", "*", "*"))
        if self._often(0.4):
            found["Condition"] = dict(self._condition() for _ in range(self._random.choice((1, 1, 2))))
        return found

    def _principal(self, names: tuple[str, ...]) -> Any:
        if names == ("*",) or self._often(0.15):
            return "*"
        return {"AWS": self._some(names)}

    def _some(self, options: tuple[str, ...]) -> str | list[str]:
        chosen = self._random.choices(options, k=self._random.choice((1, 1, 2, 3)))
        return chosen[0] if len(chosen) == 1 else list(dict.fromkeys(chosen))

    def _condition(self) -> tuple[str, dict[str, Any]]:
        if self._often(0.12):
            quantifier = self._random.choice(("ForAllValues", "ForAnyValue"))
            operator = self._random.choice(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"))
            return f"{quantifier}:{operator}", {"aws:PrincipalOrgPaths": self._some(MANY)}
        operator = self._random.choice(list(OPERATORS))
        keys, values = OPERATORS[operator]
        fitting = [key for key in keys if not key.startswith("s3:") or key in OF_ACTION.get(self._action, {})]
        if not fitting:
            return "Bool", {"aws:SecureTransport": "true"}
        lenient = "IfExists" if operator != "Null" and self._often(0.2) else ""
        return f"{operator}{lenient}", {self._random.choice(fitting): self._some(values)}
