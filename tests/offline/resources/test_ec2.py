"""Rows of VPC: networks follow their template, rule by rule and route by route."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from offline.errors import DeploymentError, UnsupportedPropertyError
from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, failing, made

TAGS = [{"Key": "lab", "Value": "security"}]
TEAM = [{"Key": "team", "Value": "a"}]
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}],
}


def vpc(**more: Any) -> Staged:
    return made("AWS::EC2::VPC", name="Vpc", CidrBlock="10.0.0.0/16", **more)


def subnet(network: Staged, number: int = 0, **more: Any) -> Staged:
    return made(
        "AWS::EC2::Subnet", name=f"Subnet{number}", VpcId=network.id, CidrBlock=f"10.0.{number}.0/24", **more
    )


def table(network: Staged, name: str = "Table", **more: Any) -> Staged:
    return made("AWS::EC2::RouteTable", name=name, VpcId=network.id, **more)


def group(network: Staged, **more: Any) -> Staged:
    return made("AWS::EC2::SecurityGroup", GroupDescription="d", VpcId=network.id, **more)


def routes(route_table: Staged) -> list[dict[str, Any]]:
    answer = boto3.client("ec2").describe_route_tables(RouteTableIds=[route_table.id])
    return [route for route in answer["RouteTables"][0]["Routes"] if route.get("GatewayId") != "local"]


def gone_for_good(thing: Staged) -> None:
    thing.delete()
    thing.delete()
    assert thing.read() is None


def test_a_vpc_resolves_names_as_its_template_says(sandbox: Sandbox) -> None:
    network = vpc(EnableDnsSupport="true", EnableDnsHostnames=True, InstanceTenancy="dedicated", Tags=TAGS)
    assert network.read() == {**network.properties, "EnableDnsSupport": True}
    network.update("EnableDnsHostnames", "InstanceTenancy", "Tags", EnableDnsSupport=False)
    assert network.read() == {
        **network.properties,
        "EnableDnsHostnames": False,
        "InstanceTenancy": "default",
    }
    network.update("EnableDnsSupport", Tags=TEAM)
    assert network.read()["EnableDnsSupport"] is True
    boto3.client("ec2").delete_tags(Resources=[network.id], Tags=[{"Key": "team"}])
    assert "Tags" not in network.read()
    gone_for_good(network)


def test_refuses_a_tenancy_that_only_a_new_vpc_can_have(sandbox: Sandbox) -> None:
    with pytest.raises(DeploymentError, match="from default to dedicated"):
        vpc().update(InstanceTenancy="dedicated")


def test_a_subnet_gives_out_addresses_as_its_template_says(sandbox: Sandbox) -> None:
    network = vpc()
    options = {"EnableResourceNameDnsARecord": True}
    inner = subnet(
        network,
        AvailabilityZone="us-east-1b",
        PrivateDnsNameOptionsOnLaunch=options,
        MapPublicIpOnLaunch=True,
        Tags=TAGS,
    )
    assert inner.in_sync()
    assert inner.attribute("AvailabilityZone") == "us-east-1b"
    inner.update("MapPublicIpOnLaunch", "PrivateDnsNameOptionsOnLaunch", Tags=TEAM)
    told = inner.read()
    assert (told["MapPublicIpOnLaunch"], told["Tags"]) == (False, TEAM)
    assert told["PrivateDnsNameOptionsOnLaunch"] == {"EnableResourceNameDnsARecord": False}
    gone_for_good(inner)


def test_a_subnet_follows_a_route_table_while_it_is_associated(sandbox: Sandbox) -> None:
    network = vpc()
    inner, routing = subnet(network), table(network, Tags=TAGS)
    link = made("AWS::EC2::SubnetRouteTableAssociation", RouteTableId=routing.id, SubnetId=inner.id)
    assert link.read() == link.properties
    gone_for_good(link)
    routing.update(Tags=TEAM)
    assert routing.read() == {"VpcId": network.id, "Tags": TEAM}
    gone_for_good(routing)


def test_a_route_leads_through_a_gateway_and_then_another(sandbox: Sandbox) -> None:
    network = vpc()
    routing, outer = table(network), subnet(network)
    gateway = made("AWS::EC2::InternetGateway", Tags=TAGS)
    attachment = made("AWS::EC2::VPCGatewayAttachment", VpcId=network.id, InternetGatewayId=gateway.id)
    assert attachment.read() == attachment.properties
    assert attachment.attribute("AttachmentType") == "IGW"
    route = made(
        "AWS::EC2::Route", RouteTableId=routing.id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway.id
    )
    assert route.read() == route.properties
    assert (route.id, route.attribute("CidrBlock")) == (f"{routing.id}|0.0.0.0/0", "0.0.0.0/0")
    address = made("AWS::EC2::EIP", Domain="vpc", Tags=TAGS)
    nat = made(
        "AWS::EC2::NatGateway", SubnetId=outer.id, AllocationId=address.attribute("AllocationId"), Tags=TAGS
    )
    route.update("GatewayId", NatGatewayId=nat.id)
    assert route.read() == route.properties
    for thing in (gateway, address, nat):
        thing.update(Tags=TEAM)
        assert thing.in_sync()
    gone_for_good(route)
    for thing in (nat, address, attachment, gateway):
        gone_for_good(thing)


def test_a_vpc_is_attached_to_another_gateway(sandbox: Sandbox) -> None:
    network = vpc()
    first, second = (made("AWS::EC2::InternetGateway", name=name) for name in ("First", "Second"))
    attachment = made("AWS::EC2::VPCGatewayAttachment", VpcId=network.id, InternetGatewayId=first.id)
    attachment.update(InternetGatewayId=second.id)
    assert attachment.read()["InternetGatewayId"] == second.id
    virtual = boto3.client("ec2").create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    private = made("AWS::EC2::VPCGatewayAttachment", VpcId=network.id, VpnGatewayId=virtual)
    assert private.attribute("AttachmentType") == "VGW"
    assert private.read() == private.properties


def test_a_gateway_endpoint_takes_its_routes_to_another_table(sandbox: Sandbox) -> None:
    network = vpc()
    first, second = table(network, "First"), table(network, "Second")
    endpoint = made(
        "AWS::EC2::VPCEndpoint",
        VpcId=network.id,
        ServiceName="com.amazonaws.us-east-1.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[first.id],
        PolicyDocument=DOCUMENT,
        Tags=TAGS,
    )
    assert endpoint.in_sync()
    assert [route["GatewayId"] for route in routes(first)] == [endpoint.id]
    endpoint.update("PolicyDocument", RouteTableIds=[second.id], Tags=TEAM)
    assert endpoint.in_sync()
    assert (routes(first), [route["GatewayId"] for route in routes(second)]) == ([], [endpoint.id])
    assert endpoint.read()["PolicyDocument"]["Statement"][0]["Action"] == "*"
    gone_for_good(endpoint)
    assert routes(second) == []


def test_an_interface_endpoint_stands_in_other_subnets(sandbox: Sandbox) -> None:
    network = vpc()
    first, second, guard = subnet(network, 1), subnet(network, 2), group(network)
    endpoint = made(
        "AWS::EC2::VPCEndpoint",
        VpcId=network.id,
        ServiceName="com.amazonaws.us-east-1.kinesis-streams",
        VpcEndpointType="Interface",
        SubnetIds=[first.id],
        SecurityGroupIds=[guard.id],
        PrivateDnsEnabled=True,
    )
    assert endpoint.in_sync()
    before = endpoint.attribute("NetworkInterfaceIds")
    endpoint.update("PrivateDnsEnabled", "SecurityGroupIds", SubnetIds=[second.id])
    told = endpoint.read()
    assert (told["SubnetIds"], told["PrivateDnsEnabled"], told["SecurityGroupIds"]) == (
        [second.id],
        False,
        [],
    )
    [interface] = endpoint.attribute("NetworkInterfaceIds")
    assert [interface] != before
    described = boto3.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface])
    assert described["NetworkInterfaces"][0]["SubnetId"] == second.id
    gone_for_good(endpoint)


def https(**peer: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **peer}


def test_a_security_group_has_the_rules_of_its_template(sandbox: Sandbox) -> None:
    network = vpc()
    other = group(network, GroupName="other")
    guard = made(
        "AWS::EC2::SecurityGroup",
        name="Guard",
        GroupDescription="d",
        GroupName="guard",
        VpcId=network.id,
        SecurityGroupIngress=[
            https(CidrIp="10.0.0.0/8", Description="from inside"),
            https(SourceSecurityGroupId=other.id),
            {"IpProtocol": "-1", "CidrIpv6": "::/0"},
        ],
        SecurityGroupEgress=[https(SourcePrefixListId="pl-1"), https(CidrIp="0.0.0.0/0")],
        Tags=TAGS,
    )
    assert guard.read() == guard.properties
    assert guard.attribute("GroupId") == guard.id
    kept = guard.properties["SecurityGroupIngress"][1]
    guard.update(
        "SecurityGroupEgress",
        SecurityGroupIngress=[kept, https(CidrIp="10.0.0.0/8", Description="new")],
        Tags=TEAM,
    )
    assert guard.read() == {
        **guard.properties,
        "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
    }
    guard.update("SecurityGroupIngress", SecurityGroupEgress=[])
    [found] = boto3.client("ec2").describe_security_groups(GroupIds=[guard.id])["SecurityGroups"]
    assert (found["IpPermissions"], found["IpPermissionsEgress"]) == ([], [])
    gone_for_good(guard)


def test_a_rule_that_a_hand_revoked_is_missed(sandbox: Sandbox) -> None:
    guard = group(vpc(), SecurityGroupIngress=[https(CidrIp="10.0.0.0/8"), https(CidrIp="11.0.0.0/8")])
    boto3.client("ec2").revoke_security_group_ingress(
        GroupId=guard.id, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.0.0.0/8"
    )
    assert guard.read()["SecurityGroupIngress"] == [https(CidrIp="11.0.0.0/8")]
    guard.update(SecurityGroupIngress=[])
    assert guard.in_sync()


def test_refuses_a_rule_that_would_lose_something(sandbox: Sandbox) -> None:
    with pytest.raises(UnsupportedPropertyError, match="SourceSecurityGroupName"):
        group(vpc(), SecurityGroupIngress=[https(SourceSecurityGroupName="default")])


@pytest.mark.parametrize(
    ("direction", "peer"),
    [
        ("Ingress", {"CidrIp": "10.0.0.0/8"}),
        ("Ingress", {"SourceSecurityGroupId": "other"}),
        ("Egress", {"DestinationPrefixListId": "pl-1"}),
        ("Egress", {"CidrIpv6": "::/0"}),
    ],
)
def test_a_single_rule_changes_its_description_only(
    sandbox: Sandbox, direction: str, peer: dict[str, str]
) -> None:
    network = vpc()
    guard, other = group(network, GroupName="guard"), group(network, GroupName="other").id
    peer = {name: other if value == "other" else value for name, value in peer.items()}
    rule = made(f"AWS::EC2::SecurityGroup{direction}", GroupId=guard.id, **https(**peer), Description="old")
    assert rule.read() == rule.properties
    rule.update(Description="new")
    assert rule.read() == rule.properties
    rule.update("Description")
    assert rule.read() == rule.properties
    gone_for_good(rule)
    guard.delete()
    rule.delete()


def test_a_flow_log_is_described_tagged_and_deleted(sandbox: Sandbox) -> None:
    network = vpc()
    boto3.client("s3").create_bucket(Bucket="flow-logs")
    log = made(
        "AWS::EC2::FlowLog",
        ResourceType="VPC",
        ResourceId=network.id,
        TrafficType="REJECT",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs",
        MaxAggregationInterval=60,
        LogFormat="${srcaddr}",
        Tags=TAGS,
    )
    assert log.read() == log.properties
    log.update(Tags=TEAM)
    assert log.in_sync()
    gone_for_good(log)


def test_what_fails_halfway_leaves_nothing(sandbox: Sandbox) -> None:
    network, ec2 = vpc(), boto3.client("ec2")
    rules = [https(SourceSecurityGroupId="sg-none")]
    failing("AWS::EC2::SecurityGroup", GroupDescription="d", VpcId=network.id, SecurityGroupIngress=rules)
    here = [{"Name": "vpc-id", "Values": [network.id]}]
    found = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
    assert [one["GroupName"] for one in found] == ["default"]


def test_the_policy_of_an_endpoint_may_be_text(sandbox: Sandbox) -> None:
    endpoint = made(
        "AWS::EC2::VPCEndpoint",
        VpcId=vpc().id,
        ServiceName="com.amazonaws.us-east-1.s3",
        PolicyDocument=json.dumps(DOCUMENT),
    )
    assert endpoint.read()["PolicyDocument"] == DOCUMENT
    gone_for_good(endpoint)
