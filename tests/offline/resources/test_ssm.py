"""Rows of Systems Manager: a parameter follows its template."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.clock import clock
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, made


def parameter() -> Staged:
    return made(
        "AWS::SSM::Parameter",
        Name="/lake/days",
        Type="String",
        Value="30",
        Description="kept",
        Tier="Advanced",
        DataType="text",
        AllowedPattern=r"^\d+$",
        Tags={"lab": "lake"},
    )


def test_a_parameter_has_everything_its_template_says(sandbox: Sandbox) -> None:
    made_parameter = parameter()
    assert made_parameter.read() == made_parameter.properties
    found = boto3.client("ssm").get_parameter(Name="/lake/days")["Parameter"]
    assert (found["Value"], found["ARN"]) == ("30", made_parameter.attribute("Arn"))
    assert found["LastModifiedDate"] == clock.now()


def test_an_updated_parameter_has_a_new_version_and_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    made_parameter = parameter()
    made_parameter.update("Description", "AllowedPattern", Value="ten", Tier="Standard", Tags={"team": "a"})
    assert made_parameter.in_sync()
    assert not {"Description", "AllowedPattern"} & set(made_parameter.read())
    assert made_parameter.read()["Tags"] == {"team": "a"}
    assert made_parameter.attribute("Value") == "ten"
    made_parameter.update(Type="StringList", Value="a,b")
    assert boto3.client("ssm").get_parameter(Name="/lake/days")["Parameter"]["Version"] == 3
    assert made_parameter.attribute("Type") == "StringList"


def test_what_a_hand_changed_on_a_parameter_is_read(sandbox: Sandbox) -> None:
    made_parameter = parameter()
    boto3.client("ssm").put_parameter(Name="/lake/days", Value="31", Overwrite=True)
    assert made_parameter.read()["Value"] == "31"


def test_refuses_a_value_that_does_not_match_the_allowed_pattern(sandbox: Sandbox) -> None:
    made_parameter = parameter()
    with pytest.raises(ClientError, match="ParameterPatternMismatchException"):
        made_parameter.update(Value="ten")
    with pytest.raises(ClientError, match="ParameterPatternMismatchException"):
        boto3.client("ssm").put_parameter(Name="/lake/days", Value="ten", Overwrite=True)
    assert made_parameter.read()["Value"] == "30"


def test_a_parameter_is_deleted_once_and_for_all(sandbox: Sandbox) -> None:
    made_parameter = parameter()
    made_parameter.delete()
    made_parameter.delete()
    assert made_parameter.read() is None
