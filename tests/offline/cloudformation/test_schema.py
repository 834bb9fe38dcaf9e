"""Provider schemas are read as cfn-lint has them, without its code."""

from __future__ import annotations

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from offline.cloudformation.schema import schema_of
from offline.resources import table


@pytest.mark.parametrize("kind", sorted(set(table()) - {"AWS::CloudFormation::CustomResource"}))
def test_a_schema_is_the_one_that_cfn_lint_reads(kind: str) -> None:
    theirs = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    ours = schema_of(kind)
    assert set(ours.properties) == set(theirs["properties"])
    for name in ("createOnlyProperties", "readOnlyProperties", "primaryIdentifier"):
        assert ours.document.get(name) == theirs.get(name)


def test_create_only_properties_are_found_at_any_depth() -> None:
    table_schema = schema_of("AWS::Glue::Table")
    assert table_schema.replaces({"DatabaseName": "a"}, {"DatabaseName": "b"}) == ["DatabaseName"]
    endpoint = schema_of("AWS::EC2::LaunchTemplate")
    assert endpoint.replaces({"LaunchTemplateData": 1}, {"LaunchTemplateData": 2}) == []


def test_a_custom_name_is_one_that_the_template_gives() -> None:
    assert schema_of("AWS::S3::Bucket").custom_name({"BucketName": "lake"}) == "lake"
    assert schema_of("AWS::S3::Bucket").custom_name({}) == ""
    assert schema_of("AWS::EC2::VPC").custom_name({"VpcId": "no property of it"}) == ""


def test_a_custom_resource_has_no_schema_and_updates_in_place() -> None:
    custom = schema_of("Custom::Thing")
    assert custom.updates()
    assert custom.replaces({"A": 1}, {"A": 2}) == []


def test_what_is_create_only_on_a_condition_replaces_once_it_was_given() -> None:
    table_schema, vpc = schema_of("AWS::DynamoDB::Table"), schema_of("AWS::EC2::VPC")
    assert table_schema.replaces({"KeySchema": ["a"]}, {"KeySchema": ["b"]}) == ["KeySchema"]
    subnet = schema_of("AWS::EC2::Subnet")
    assert subnet.replaces({}, {"Ipv6CidrBlock": "2001:db8::/64"}) == []
    assert vpc.replaces({}, {"InstanceTenancy": "dedicated"}) == ["InstanceTenancy"]
    assert vpc.replaces({"InstanceTenancy": "dedicated"}, {"InstanceTenancy": "default"}) == []
    assert vpc.replaces({"InstanceTenancy": "dedicated"}, {}) == []


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        ("AWS::Logs::LogGroup", {"RetentionInDays": "7"}, {"RetentionInDays": 7}),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "soon"}, {"RetentionInDays": "soon"}),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "1_0"}, {"RetentionInDays": "1_0"}),
        ("AWS::CloudWatch::Alarm", {"Threshold": "0.5"}, {"Threshold": 0.5}),
        ("AWS::CloudWatch::Alarm", {"ActionsEnabled": "false"}, {"ActionsEnabled": False}),
        ("AWS::SSM::Parameter", {"Value": 3, "Name": True}, {"Value": "3", "Name": "true"}),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a", "Value": 1}]}, {"Tags": [{"Key": "a", "Value": "1"}]}),
        (
            "AWS::SQS::Queue",
            {"RedrivePolicy": {"maxReceiveCount": 3}},
            {"RedrivePolicy": {"maxReceiveCount": 3}},
        ),
        ("Custom::Thing", {"N": 1}, {"N": 1}),
    ],
)
def test_a_value_is_of_the_type_that_is_asked_for(kind: str, given: dict[str, object], meant: object) -> None:
    assert schema_of(kind).typed(given) == meant
