"""Jobs in a VPC reach S3 only by the ways that the VPC has."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from offline.sandbox import Sandbox
from tests.offline.engines.sagemaker_account import BUCKET, training_job, with_data


@pytest.fixture
def vpc(sandbox: Sandbox) -> dict[str, str]:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return {"vpc": vpc, "subnet": subnet, "table": table, "group": group}


def trained(sandbox: Sandbox, vpc: dict[str, str]) -> dict[str, Any]:
    sagemaker = boto3.client("sagemaker")
    network = {"Subnets": [vpc["subnet"]], "SecurityGroupIds": [vpc["group"]]}
    sagemaker.create_training_job(**training_job(with_data(), VpcConfig=network))
    sandbox.settle()
    found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName="delays")
    return found


def endpoint(vpc: dict[str, str], resource: str) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource}
    boto3.client("ec2").create_vpc_endpoint(
        VpcId=vpc["vpc"],
        ServiceName="com.amazonaws.us-east-1.s3",
        RouteTableIds=[vpc["table"]],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def test_a_job_in_subnets_without_a_way_to_s3_fails(sandbox: Sandbox, vpc: dict[str, str]) -> None:
    found = trained(sandbox, vpc)
    assert found["TrainingJobStatus"] == "Failed"
    assert "S3 cannot be reached from subnet-" in found["FailureReason"]


def test_the_gateway_endpoint_is_the_way(sandbox: Sandbox, vpc: dict[str, str]) -> None:
    endpoint(vpc, f"arn:aws:s3:::{BUCKET}*")
    assert trained(sandbox, vpc)["TrainingJobStatus"] == "Completed"


def test_what_the_endpoints_policy_leaves_out_is_denied(sandbox: Sandbox, vpc: dict[str, str]) -> None:
    endpoint(vpc, f"arn:aws:s3:::{BUCKET}")
    found = trained(sandbox, vpc)
    assert found["TrainingJobStatus"] == "Failed"
    assert "no VPC endpoint policy allows the s3:GetObject action" in found["FailureReason"]
