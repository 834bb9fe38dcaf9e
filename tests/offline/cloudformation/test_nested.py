"""Nested stacks, custom resources and dynamic references: what a template takes from elsewhere."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import (
    body,
    create,
    parameter,
    parameters_of_account,
    physical_id,
    stack,
    update,
    value_of,
)

WORD = {"Word": {"Type": "String"}}
CHILD = body(
    {"P": parameter({"Ref": "Word"})},
    Parameters=WORD,
    Outputs={"Name": {"Value": {"Ref": "P"}}},
)


def nested(word: str, template: str = CHILD) -> dict[str, object]:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.json", Body=template)
    properties = {
        "TemplateURL": "https://s3.us-east-1.amazonaws.com/templates/child.json",
        "Parameters": {"Word": word},
    }
    return {"Type": "AWS::CloudFormation::Stack", "Properties": properties}


def test_a_nested_stack_belongs_to_its_parent_and_answers_its_outputs(sandbox: Sandbox) -> None:
    outer = {"Child": nested("hello"), "Q": parameter({"Fn::GetAtt": ["Child", "Outputs.Name"]})}
    parent = create("parent", outer)
    assert parent["StackStatus"] == "CREATE_COMPLETE"
    child = stack(physical_id("parent", "Child"))
    assert (child["ParentId"], child["RootId"]) == (parent["StackId"], parent["StackId"])
    assert value_of("parent", "Q") == child["Outputs"][0]["OutputValue"]
    update("parent", {**outer, "Child": nested("goodbye")})
    assert value_of(child["StackId"], "P") == "goodbye"
    boto3.client("cloudformation").delete_stack(StackName="parent")
    assert parameters_of_account() == set()


def test_an_output_that_a_nested_stack_gains_is_used_in_the_same_update(sandbox: Sandbox) -> None:
    create("parent", {"Child": nested("hello", body({"P": parameter("a")}, Parameters=WORD))})
    template = body({"P": parameter("a")}, Parameters=WORD, Outputs={"Said": {"Value": {"Ref": "Word"}}})
    changed = {"Child": nested("goodbye", template), "Q": parameter({"Fn::GetAtt": "Child.Outputs.Said"})}
    assert update("parent", changed)["StackStatus"] == "UPDATE_COMPLETE"
    assert value_of("parent", "Q") == "goodbye"


def test_a_nested_stack_that_fails_takes_its_parent_back(sandbox: Sandbox) -> None:
    broken = body(
        {"B": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "none", "PolicyDocument": {}}}},
        Parameters=WORD,
    )
    parent = create(
        "parent", {"First": parameter("a"), "Child": {**nested("x", broken), "DependsOn": "First"}}
    )
    assert parent["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Embedded stack" in parent["StackStatusReason"]
    assert parameters_of_account() == set()


def test_dynamic_references_are_looked_up(sandbox: Sandbox) -> None:
    boto3.client("ssm").put_parameter(Name="/plain", Value="one", Type="String")
    boto3.client("ssm").put_parameter(Name="/hidden", Value="two", Type="SecureString")
    boto3.client("secretsmanager").create_secret(Name="login", SecretString='{"user": "ada"}')
    create(
        "one",
        {
            "A": parameter("{{resolve:ssm:/plain}}-{{resolve:ssm-secure:/hidden}}"),
            "B": parameter("{{resolve:secretsmanager:login:SecretString:user}}"),
        },
    )
    assert (value_of("one", "A"), value_of("one", "B")) == ("one-two", "ada")


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("{{resolve:ssm:/missing}}", "ParameterNotFound"),
        ("{{resolve:secretsmanager:login:SecretString:age}}", "JSONKey age"),
        ("{{resolve:vault:x}}", "allowed: ssm, ssm-secure, secretsmanager"),
    ],
)
def test_refuses_a_reference_to_nothing(sandbox: Sandbox, reference: str, told: str) -> None:
    boto3.client("secretsmanager").create_secret(Name="login", SecretString='{"user": "ada"}')
    failed = create("one", {"A": parameter(reference)})
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert told in failed["StackStatusReason"]


def test_a_template_that_lies_nowhere_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="S3 error"):
        boto3.client("cloudformation").create_stack(
            StackName="x", TemplateURL="https://s3.us-east-1.amazonaws.com/none/child.json"
        )


def test_a_template_is_summarized_and_validated(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    summary = cloudformation.get_template_summary(TemplateBody=CHILD)
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]
    assert summary["Parameters"][0]["ParameterKey"] == "Word"
    [identifiers] = summary["ResourceIdentifierSummaries"]
    assert identifiers["ResourceIdentifiers"] == ["Name"]
    assert cloudformation.validate_template(TemplateBody=CHILD)["Parameters"][0]["ParameterKey"] == "Word"
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nobody\]"):
        cloudformation.validate_template(TemplateBody=body({"P": parameter({"Ref": "Nobody"})}))
