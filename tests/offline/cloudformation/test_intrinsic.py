"""Intrinsic functions answer what AWS documents, and name what they cannot find."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.cloudformation.intrinsic import NO_VALUE, Scope, resolve
from offline.errors import TemplateError
from offline.resources.row import Physical

ZONES = ["us-east-1a", "us-east-1b"]


def scope(**conditions: Any) -> Scope:
    return Scope(
        pseudo={"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"},
        parameters={"Stage": "dev"},
        mappings={"Registry": {"us-east-1": {"account": "683313688378"}}},
        conditions=conditions,
        resources={"Lake": Physical("lake-1", {"Arn": "arn:aws:s3:::lake-1"})},
        import_value={"shared": "value"}.__getitem__,
        zones=lambda region: ZONES,
        dynamic=lambda reference: f"<{reference}>",
    )


CASES: tuple[tuple[Any, Any], ...] = (
    ({"Ref": "Stage"}, "dev"),
    ({"Ref": "Lake"}, "lake-1"),
    ({"Ref": "AWS::Region"}, "us-east-1"),
    ({"Fn::GetAtt": ["Lake", "Arn"]}, "arn:aws:s3:::lake-1"),
    ({"Fn::GetAtt": "Lake.Arn"}, "arn:aws:s3:::lake-1"),
    ({"Fn::Sub": "${Lake}/${Stage}/${!literal}/${Lake.Arn}"}, "lake-1/dev/${literal}/arn:aws:s3:::lake-1"),
    ({"Fn::Sub": ["${x}-${Stage}", {"x": {"Ref": "Lake"}}]}, "lake-1-dev"),
    ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, "c"]]}, "a-dev-c"),
    ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b,c"]}]}, "b"),
    ({"Fn::FindInMap": ["Registry", {"Ref": "AWS::Region"}, "account"]}, "683313688378"),
    ({"Fn::FindInMap": ["Registry", "xx", "account", {"DefaultValue": "none"}]}, "none"),
    ({"Fn::ImportValue": "shared"}, "value"),
    ({"Fn::Base64": "hi"}, "aGk="),
    ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
    ({"Fn::GetAZs": ""}, ZONES),
    ({"Fn::If": ["Yes", "a", "b"]}, "a"),
    ({"Fn::If": ["No", "a", "b"]}, "b"),
    ({"Fn::Length": [1, 2, 3]}, 3),
    ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}}}, '{"a": "dev"}'),
    ("{{resolve:ssm:/name}}", "<ssm:/name>"),
    ({"kept": 1, "gone": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
    (["a", {"Ref": "AWS::NoValue"}], ["a"]),
)


@pytest.mark.parametrize(("template", "answer"), CASES)
def test_a_function_answers_as_documented(template: Any, answer: Any) -> None:
    yes_no = {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}}
    assert resolve(template, scope(**yes_no)) == answer


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ({"Ref": "Nothing"}, "Nothing"),
        ({"Fn::GetAtt": ["Lake", "Colour"]}, "Colour"),
        ({"Fn::GetAtt": ["Nothing", "Arn"]}, "Nothing"),
        ({"Fn::Select": [5, ["a"]]}, "5"),
        ({"Fn::FindInMap": ["Registry", "xx", "account"]}, "xx"),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unknown"),
        ({"Fn::Transform": {"Name": "x"}}, "Fn::Transform"),
    ],
)
def test_refuses_what_it_cannot_resolve_by_name(template: Any, named: str) -> None:
    with pytest.raises(TemplateError, match=named):
        resolve(template, scope())


def test_no_value_disappears_from_the_top() -> None:
    assert resolve({"Ref": "AWS::NoValue"}, scope()) is NO_VALUE


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("abc"),
        lambda s: st.lists(s) | st.dictionaries(st.text("abc"), s),
    )
)
def test_plain_data_resolves_to_itself(value: Any) -> None:
    assert resolve(value, scope()) == value
