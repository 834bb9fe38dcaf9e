"""Parameters of templates: types, constraints, defaults and previous values, in AWS's words."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from offline.cloudformation import parameters
from offline.errors import TemplateError
from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import body, parameter, stack, value_of


def lookup(name: str) -> str:
    return {"/zones": "a,b", "/ami": "ami-1"}[name]


def value(kind: str, text: str, **constraints: Any) -> Any:
    declared = {"P": {"Type": kind, **constraints}}
    return parameters.values(declared, {"P": text}, lookup)["P"]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("String", "a,b", "a,b"),
        ("Number", "2.5", "2.5"),
        ("CommaDelimitedList", "a, b", ["a", "b"]),
        ("List<Number>", "1,2", ["1", "2"]),
        ("List<AWS::EC2::Subnet::Id>", "subnet-1,subnet-2", ["subnet-1", "subnet-2"]),
        ("AWS::SSM::Parameter::Name", "/ami", "/ami"),
        ("AWS::SSM::Parameter::Value<String>", "/ami", "ami-1"),
        ("AWS::SSM::Parameter::Value<List<String>>", "/zones", ["a", "b"]),
    ],
)
def test_a_type_says_what_ref_answers(kind: str, text: str, expected: Any) -> None:
    assert value(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text", "constraints", "told"),
    [
        ("String", "c", {"AllowedValues": ["a", "b"]}, "must be one of AllowedValues"),
        ("String", "A1", {"AllowedPattern": "[a-z]+"}, "must match pattern"),
        ("String", "a", {"MinLength": 2}, "at least 2 characters"),
        ("String", "abc", {"MaxLength": 2}, "at most 2 characters"),
        ("Number", "many", {}, "must be a number"),
        ("Number", "0", {"MinValue": 1}, "not less than 1"),
        ("List<Number>", "1,9", {"MaxValue": 5}, "not greater than 5"),
        ("String", "c", {"AllowedValues": ["a"], "ConstraintDescription": "be a"}, "constraint: be a"),
    ],
)
def test_refuses_what_breaks_a_constraint(
    kind: str, text: str, constraints: dict[str, Any], told: str
) -> None:
    with pytest.raises(TemplateError, match=told):
        value(kind, text, **constraints)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_a_number_passes_exactly_within_its_bounds(number: int, least: int, most: int) -> None:
    try:
        value("Number", str(number), MinValue=least, MaxValue=most)
    except TemplateError:
        assert not least <= number <= most
    else:
        assert least <= number <= most


def test_defaults_previous_values_and_missing_ones() -> None:
    declared = {"A": {"Type": "String", "Default": "x"}, "B": {"Type": "String"}}
    kept = [{"ParameterKey": "B", "UsePreviousValue": True}]
    assert parameters.texts(declared, kept, {"B": "old"}) == {"A": "x", "B": "old"}
    with pytest.raises(TemplateError, match=r"Parameters: \[B\] must have values"):
        parameters.texts(declared, [], {})
    with pytest.raises(TemplateError, match=r"Parameters: \[C\] do not exist in the template"):
        parameters.texts(declared, [{"ParameterKey": "C", "ParameterValue": "1"}], {})


def test_a_secret_parameter_is_never_shown(sandbox: Sandbox) -> None:
    template = body(
        {"P": parameter({"Ref": "Word"})}, Parameters={"Word": {"Type": "String", "NoEcho": True}}
    )
    given_ = [{"ParameterKey": "Word", "ParameterValue": "open sesame"}]
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=template, Parameters=given_)
    assert stack("s")["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "****"}]
    assert value_of("s", "P") == "open sesame"


def test_a_rule_that_does_not_hold_stops_the_stack(sandbox: Sandbox) -> None:
    rules = {
        "Large": {
            "RuleCondition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "Assertions": [
                {
                    "Assert": {"Fn::Contains": [["large", "huge"], {"Ref": "Size"}]},
                    "AssertDescription": "go large",
                }
            ],
        }
    }
    template = body(
        {"P": parameter({"Ref": "Size"})},
        Parameters={"Stage": {"Type": "String"}, "Size": {"Type": "String", "Default": "small"}},
        Rules=rules,
    )

    def create(name: str, stage: str) -> None:
        given_ = [{"ParameterKey": "Stage", "ParameterValue": stage}]
        boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=template, Parameters=given_)

    create("test", "test")
    with pytest.raises(ClientError, match="go large"):
        create("prod", "prod")
