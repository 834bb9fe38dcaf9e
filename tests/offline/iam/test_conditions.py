"""Condition operators and policy variables, as the IAM User Guide has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.iam.conditions import fits_resource, is_operator, matches, satisfied

STRINGS = st.text("ab*?", max_size=8)


@pytest.mark.parametrize(
    ("block", "context", "holds"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": "a"}, True),
        ({"StringLike": {"k": "a*"}}, {"k": "abc"}, True),
        ({"StringLike": {"k": "a${*}"}}, {"k": "abc"}, False),
        ({"StringLike": {"k": "a${*}"}}, {"k": "a*"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "false"}, True),
        ({"NumericLessThan": {"k": "1.2"}}, {"k": "1.1"}, True),
        ({"NumericNotEquals": {"k": "one"}}, {"k": "1"}, False),
        ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2026-06-01T00:00:00Z"}, True),
        ({"DateLessThan": {"k": "2026-01-01"}}, {"k": "1"}, True),
        ({"BinaryEquals": {"k": "QQ=="}}, {"k": "QQ=="}, True),
        ({"IpAddress": {"k": "10.0.0.0/8"}}, {"k": "10.1.2.3"}, True),
        ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"k": "11.1.2.3"}, True),
        ({"ArnLike": {"k": "arn:aws:s3:::lake*"}}, {"k": "arn:aws:s3:::lake-1"}, True),
        ({"ArnLike": {"k": "arn:aws:*"}}, {"k": "arn:aws:s3:::lake"}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["x", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"StringEquals": {"k": "${aws:username}"}}, {"k": "ana", "aws:username": "ana"}, True),
        ({"StringEquals": {"k": "${aws:username}"}}, {"k": "ana"}, False),
        ({"StringNotEquals": {"k": "${aws:username}"}}, {"k": "ana"}, False),
        ({"StringEquals": {"k": "${aws:username, 'ana'}"}}, {"k": "ana"}, True),
    ],
)
def test_a_condition_holds_or_not(block: Any, context: Any, holds: bool) -> None:
    listed = {
        operator: {key: value if isinstance(value, list) else [value] for key, value in keys.items()}
        for operator, keys in block.items()
    }
    assert satisfied(listed, context) is holds


@pytest.mark.parametrize("text", ["StringSounds", "ForNoValue:StringEquals", "NullIfExists", "stringEquals"])
def test_knows_no_other_operator(text: str) -> None:
    assert not is_operator(text)


@pytest.mark.parametrize(
    ("arn", "wanted", "fits"),
    [
        ("arn:aws:s3:::lake/a:b", "arn:aws:s3:::lake/*", True),
        ("arn:aws:s3:::lake", "arn:aws:s3:*", False),
        ("arn:aws:glue:us-east-1:1:table/db/t", "arn:aws:glue:*:1:table/*", True),
        ("arn:aws:s3:::lake/home/ana/x", "arn:aws:s3:::lake/home/${aws:username}/*", True),
        ("arn:aws:s3:::lake/home/bob/x", "arn:aws:s3:::lake/home/${aws:username}/*", False),
    ],
)
def test_a_resource_fits_part_by_part(arn: str, wanted: str, fits: bool) -> None:
    assert fits_resource(arn, wanted, {"aws:username": "ana"}) is fits


@given(STRINGS, STRINGS)
def test_a_value_always_fits_itself_and_a_star(value: str, wanted: str) -> None:
    assert matches(value, "*")
    assert matches(wanted, wanted.replace("?", "*")) or "?" in wanted or "*" in wanted
    if not set(wanted) & {"*", "?"}:
        assert matches(value, wanted) == (value == wanted)


@given(st.text(), st.text(max_size=3))
def test_a_variable_is_never_a_pattern(name: str, rest: str) -> None:
    """What a caller is called must not widen what they may do."""
    wanted = "home/${aws:username}/*"
    assert matches(f"home/{name}/{rest}", wanted, {"aws:username": name})
    if name not in ("*", "**"):
        assert not matches("home/somebody/else", wanted, {"aws:username": name + "*"})
