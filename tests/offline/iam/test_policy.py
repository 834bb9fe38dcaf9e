"""Statements and condition operators decide as IAM documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.errors import EngineError
from offline.iam.conditions import like, satisfied
from offline.iam.policy import Request, deciding

CALLER = "arn:aws:iam::123456789012:role/worker"


@pytest.mark.parametrize(
    ("block", "context", "holds"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringLike": {"k": "a*"}}, {"k": "abc"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": "false"}, True),
        ({"NumericLessThan": {"k": "1.2"}}, {"k": "1.1"}, True),
        ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2026-06-01T00:00:00Z"}, True),
        ({"IpAddress": {"k": "10.0.0.0/8"}}, {"k": "10.1.2.3"}, True),
        ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"k": "11.1.2.3"}, True),
        ({"ArnLike": {"k": "arn:aws:s3:::lake*"}}, {"k": "arn:aws:s3:::lake-1"}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["x", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
    ],
)
def test_a_condition_holds_or_not(block: Any, context: Any, holds: bool) -> None:
    assert satisfied(block, context) is holds


def test_refuses_an_unknown_operator() -> None:
    with pytest.raises(EngineError, match="StringSounds"):
        satisfied({"StringSoundsLike": {"k": "a"}}, {"k": "a"})


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "*", **parts}


def decide(*stated: dict[str, Any], action: str = "s3:GetObject", principal: str | None = CALLER) -> str:
    found = deciding(
        json.dumps({"Statement": list(stated)}), Request(action, "arn:aws:s3:::lake/a", principal, {})
    )
    return "nothing" if found is None else str(found["Effect"])


def test_a_denial_stands_above_every_allowance() -> None:
    assert decide(statement(), statement("Deny")) == "Deny"


def test_nothing_decides_where_nothing_matches() -> None:
    assert decide(statement(Action="s3:PutObject")) == "nothing"
    assert decide(statement(Resource="arn:aws:s3:::other/*")) == "nothing"


def test_not_action_matches_the_rest() -> None:
    assert (
        decide(statement("Deny", Action=None) | {"NotAction": "s3:GetObject", "Action": "s3:*"}) == "nothing"
    )


@pytest.mark.parametrize(
    ("principal", "outcome"),
    [
        ({"AWS": CALLER}, "Allow"),
        ({"AWS": "arn:aws:iam::123456789012:root"}, "Allow"),
        ({"AWS": "123456789012"}, "Allow"),
        ({"AWS": "arn:aws:iam::999999999999:root"}, "nothing"),
        ({"Service": "cloudtrail.amazonaws.com"}, "nothing"),
    ],
)
def test_a_principal_is_a_role_or_its_account(principal: Any, outcome: str) -> None:
    assert decide(statement(Principal=principal)) == outcome


@given(st.text("ab*?"), st.text("ab"))
def test_a_pattern_without_wildcards_matches_only_itself(wanted: str, value: str) -> None:
    if not set(wanted) & {"*", "?"}:
        assert like(value, wanted) == (value == wanted)
    assert like(value, "*")
