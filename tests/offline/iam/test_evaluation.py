"""All policies of a request together, one rule of the evaluation logic a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offline.iam.document import Document, MalformedPolicyError, Request, document
from offline.iam.evaluation import Policies, decide
from offline.iam.principals import ANONYMOUS, Principal, root, service, session

HERE, THERE = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HERE}:role/worker"
WORKER = session(ROLE, "s")
ANA = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/ana")
KEY = f"arn:aws:kms:us-east-1:{HERE}:key/1"


def policy(*stated: dict[str, Any]) -> Document:
    listed = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | one for one in stated]
    return document(json.dumps({"Version": "2012-10-17", "Statement": listed}))


def lets(*names: str) -> Document:
    return policy({"Principal": {"AWS": list(names)}})


def outcome(
    principal: Principal = WORKER,
    action: str = "s3:GetObject",
    arn: str = "arn:aws:s3:::lake/a",
    owner: str = HERE,
    context: dict[str, Any] | None = None,
    **policies: Any,
) -> str:
    request = Request(action, arn, principal, context or {}, owner)
    decision = decide(request, Policies(**policies))
    return "allowed" if decision.allowed else decision.reason(action)


ALL = policy({})
NOTHING = policy({"Action": "sqs:*"})
DENY = policy({"Effect": "Deny", "Sid": "No"})


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    assert outcome() == "because no identity-based policy allows the s3:GetObject action"
    assert outcome(identity=(ALL,)) == "allowed"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("identity", "an identity-based policy"),
        ("boundary", "a permissions boundary"),
        ("session", "a session policy"),
        ("scps", "a service control policy"),
        ("endpoint", "a VPC endpoint policy"),
    ],
)
def test_a_denial_anywhere_ends_it(kind: str, name: str) -> None:
    denial: Any = {"identity": (ALL, DENY), "session": (ALL, DENY), "scps": ((ALL, DENY),)}.get(kind, DENY)
    given = {"identity": (ALL,), "resource": lets(WORKER.arn)} | {kind: denial}
    assert outcome(**given) == f"with an explicit deny in {name}"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("boundary", "permissions boundary"),
        ("session", "session policy"),
        ("scps", "service control policy"),
        ("endpoint", "VPC endpoint policy"),
    ],
)
def test_each_of_the_others_must_allow_too(kind: str, name: str) -> None:
    silent: Any = {"session": (NOTHING,), "scps": ((ALL,), (NOTHING,))}.get(kind, NOTHING)
    assert outcome(identity=(ALL,), **{kind: silent}) == f"because no {name} allows the s3:GetObject action"


def test_within_an_account_the_buckets_policy_is_enough_if_it_names_the_caller() -> None:
    assert outcome(resource=lets(ROLE)) == "allowed"
    assert outcome(ANA, resource=lets(ANA.arn)) == "allowed"
    assert outcome(resource=lets(f"arn:aws:iam::{HERE}:root")).startswith("because no identity-based")
    assert outcome(resource=lets(HERE), identity=(ALL,)) == "allowed"


def test_a_boundary_limits_what_the_role_was_granted_but_not_what_its_session_was() -> None:
    assert outcome(resource=lets(ROLE), boundary=NOTHING).startswith("because no permissions boundary")
    assert outcome(resource=lets(WORKER.arn), boundary=NOTHING, session=(NOTHING,)) == "allowed"
    assert outcome(ANA, resource=lets(ANA.arn), boundary=NOTHING) == "allowed"


def test_between_accounts_both_sides_must_allow() -> None:
    assert outcome(owner=THERE, identity=(ALL,)).startswith("because no resource-based policy")
    assert outcome(owner=THERE, resource=lets(ROLE)).startswith("because no identity-based policy")
    assert outcome(owner=THERE, resource=lets(HERE), identity=(ALL,)) == "allowed"


def test_a_key_trusts_only_its_own_policy() -> None:
    use = {"action": "kms:Decrypt", "arn": KEY}
    assert outcome(**use, identity=(ALL,)).startswith("because no resource-based policy")
    assert outcome(**use, resource=lets(HERE)).startswith("because no identity-based policy")
    assert outcome(**use, resource=lets(HERE), identity=(ALL,)) == "allowed"
    assert outcome(**use, resource=lets(ROLE)) == "allowed"


def test_the_root_user_needs_no_policy_but_no_denial_either() -> None:
    assert outcome(root(HERE)) == "allowed"
    everyone = policy({"Effect": "Deny", "Principal": "*"})
    assert outcome(root(HERE), resource=everyone) == "with an explicit deny in a resource-based policy"


def test_anybody_is_let_in_only_by_the_resource() -> None:
    assert outcome(ANONYMOUS).startswith("because no resource-based policy")
    assert outcome(ANONYMOUS, resource=policy({"Principal": "*"})) == "allowed"
    assert outcome(ANONYMOUS, resource=lets(HERE)).startswith("because no resource-based policy")


def test_a_service_is_known_by_its_own_name() -> None:
    trail = policy({"Principal": {"Service": "cloudtrail.amazonaws.com"}})
    assert outcome(service("cloudtrail.amazonaws.com"), resource=trail) == "allowed"
    assert outcome(service("logs.amazonaws.com"), resource=trail).startswith("because no resource-based")


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ({"NotAction": "s3:PutObject"}, "allowed"),
        ({"NotAction": "s3:Get*"}, "nothing"),
        ({"Action": "S3:GETOBJECT"}, "allowed"),
        ({"NotResource": "arn:aws:s3:::other/*"}, "allowed"),
        ({"NotResource": "arn:aws:s3:::lake/*"}, "nothing"),
        ({"NotResource": "arn:aws:s3:::lake/${aws:username}"}, "nothing"),
        ({"Resource": "arn:aws:s3:::lake/${aws:username}"}, "nothing"),
        ({"Condition": {"Bool": {"aws:SecureTransport": True}}}, "allowed"),
        ({"Condition": {"Bool": {"aws:SecureTransport": False}}}, "nothing"),
    ],
)
def test_a_statement_matches_or_not(statement: dict[str, Any], result: str) -> None:
    stated = {"Effect": "Allow", "Action": "*", "Resource": "*"} | statement
    for negated in ("Action", "Resource"):
        if f"Not{negated}" in statement:
            del stated[negated]
    read = document(json.dumps({"Version": "2012-10-17", "Statement": stated}))
    found = outcome(identity=(read,), context={"aws:securetransport": "true"})
    assert ("allowed" if found == "allowed" else "nothing") == result


def test_not_principal_leaves_out_whom_it_names() -> None:
    stated = {"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}
    denial = document(json.dumps({"Statement": stated}))
    assert outcome(identity=(ALL,), resource=denial) == "allowed"
    assert outcome(ANA, identity=(ALL,), resource=denial).startswith("with an explicit deny")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "valid JSON"),
        ("[]", "valid JSON"),
        ('{"Statement": []}', "Missing required field Statement"),
        ('{"Version": "2020-01-01", "Statement": {}}', "Version '2020-01-01' is not one of"),
        ('{"Statement": {"Effect": "Maybe", "Action": "*"}}', "Invalid effect: Maybe"),
        ('{"Statement": {"Effect": "Allow"}}', "Missing required field Action"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*"}}', "both Action and NotAction"),
        ('{"Statement": {"Effect": "Allow", "Action": 1}}', "must be a string"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Colour": "red"}}', "Unknown field Colour"),
        (
            '{"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"StringSounds": {"a": "b"}}}}',
            "Invalid Condition type : StringSounds",
        ),
    ],
)
def test_refuses_what_is_no_policy(text: str, said: str) -> None:
    with pytest.raises(MalformedPolicyError, match=said):
        document(text)
