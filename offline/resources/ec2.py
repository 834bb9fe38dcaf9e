"""Rows of Amazon VPC, which the EC2 API holds."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.row import Physical, Resource, Row


def _tag_specifications(resource: Resource, kind: str) -> list[dict[str, Any]]:
    tags = resource.tag_list()
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def create_vpc(resource: Resource) -> Physical:
    ec2, properties = resource.client("ec2"), resource.properties
    vpc = ec2.create_vpc(
        TagSpecifications=_tag_specifications(resource, "vpc"),
        **properties.only("CidrBlock", "InstanceTenancy"),
    )["Vpc"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in properties:
            ec2.modify_vpc_attribute(VpcId=vpc["VpcId"], **{name: {"Value": properties.take(name)}})
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    attributes = {
        "VpcId": vpc["VpcId"],
        "CidrBlock": vpc["CidrBlock"],
        "DefaultSecurityGroup": groups[0]["GroupId"],
    }
    return Physical(vpc["VpcId"], attributes)


def delete_vpc(resource: Resource, vpc: Physical) -> None:
    resource.client("ec2").delete_vpc(VpcId=vpc.id)


def create_subnet(resource: Resource) -> Physical:
    ec2, properties = resource.client("ec2"), resource.properties
    subnet = ec2.create_subnet(
        TagSpecifications=_tag_specifications(resource, "subnet"),
        **properties.only("VpcId", "CidrBlock", "AvailabilityZone"),
    )["Subnet"]
    if "MapPublicIpOnLaunch" in properties:
        value = {"Value": properties.take("MapPublicIpOnLaunch")}
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch=value)
    attributes = {"SubnetId": subnet["SubnetId"], "AvailabilityZone": subnet["AvailabilityZone"]}
    return Physical(subnet["SubnetId"], attributes)


def delete_subnet(resource: Resource, subnet: Physical) -> None:
    resource.client("ec2").delete_subnet(SubnetId=subnet.id)


def create_route_table(resource: Resource) -> Physical:
    table = resource.client("ec2").create_route_table(
        VpcId=resource.properties.take("VpcId"),
        TagSpecifications=_tag_specifications(resource, "route-table"),
    )["RouteTable"]
    return Physical(table["RouteTableId"], {"RouteTableId": table["RouteTableId"]})


def delete_route_table(resource: Resource, table: Physical) -> None:
    resource.client("ec2").delete_route_table(RouteTableId=table.id)


def create_association(resource: Resource) -> Physical:
    association = resource.client("ec2").associate_route_table(
        **resource.properties.only("RouteTableId", "SubnetId")
    )
    return Physical(association["AssociationId"], {"Id": association["AssociationId"]})


def delete_association(resource: Resource, association: Physical) -> None:
    resource.client("ec2").disassociate_route_table(AssociationId=association.id)


def create_endpoint(resource: Resource) -> Physical:
    properties = resource.properties
    document = properties.take("PolicyDocument")
    endpoint = resource.client("ec2").create_vpc_endpoint(
        TagSpecifications=_tag_specifications(resource, "vpc-endpoint"),
        **({"PolicyDocument": json.dumps(document)} if document else {}),
        **properties.only(
            "VpcId",
            "ServiceName",
            "VpcEndpointType",
            "RouteTableIds",
            "SubnetIds",
            "SecurityGroupIds",
            "PrivateDnsEnabled",
        ),
    )["VpcEndpoint"]
    return Physical(endpoint["VpcEndpointId"], {"Id": endpoint["VpcEndpointId"]})


def delete_endpoint(resource: Resource, endpoint: Physical) -> None:
    resource.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint.id])


def create_security_group(resource: Resource) -> Physical:
    ec2, properties = resource.client("ec2"), resource.properties
    group = ec2.create_security_group(
        GroupName=properties.take("GroupName") or resource.name(longest=255),
        Description=properties.take("GroupDescription"),
        VpcId=properties.take("VpcId"),
        TagSpecifications=_tag_specifications(resource, "security-group"),
    )["GroupId"]
    ingress, egress = properties.take("SecurityGroupIngress"), properties.take("SecurityGroupEgress")
    if ingress:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(r) for r in ingress])
    if egress is not None:
        everything = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
            "IpPermissionsEgress"
        ]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[_permission(r) for r in egress])
    return Physical(group, {"GroupId": group, "Id": group})


def _permission(rule: dict[str, Any]) -> dict[str, Any]:
    """A CloudFormation rule in the shape of the EC2 API."""
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in rule:
            permission[port] = int(rule[port])
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **described}]
    for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if key in rule:
            permission["UserIdGroupPairs"] = [{"GroupId": rule[key], **described}]
    for key in ("SourcePrefixListId", "DestinationPrefixListId"):
        if key in rule:
            permission["PrefixListIds"] = [{"PrefixListId": rule[key], **described}]
    return permission


def delete_security_group(resource: Resource, group: Physical) -> None:
    resource.client("ec2").delete_security_group(GroupId=group.id)


def create_rule(resource: Resource) -> Physical:
    """One rule of a security group, in either direction."""
    properties, ec2 = resource.properties, resource.client("ec2")
    group, direction = properties.take("GroupId"), _direction(resource)
    names = (
        "IpProtocol",
        "FromPort",
        "ToPort",
        "CidrIp",
        "CidrIpv6",
        "Description",
        "SourceSecurityGroupId",
        "DestinationSecurityGroupId",
        "DestinationPrefixListId",
        "SourcePrefixListId",
    )
    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    rules = authorize(GroupId=group, IpPermissions=[_permission(properties.only(*names))])
    rule = rules["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return Physical(rule, {"Id": rule})


def _direction(resource: Resource) -> str:
    return "ingress" if resource.type.endswith("Ingress") else "egress"


def delete_rule(resource: Resource, rule: Physical) -> None:
    revoke = getattr(resource.client("ec2"), f"revoke_security_group_{_direction(resource)}")
    revoke(GroupId=resource.properties.take("GroupId"), SecurityGroupRuleIds=[rule.id])


def create_flow_log(resource: Resource) -> Physical:
    properties = resource.properties
    kind = properties.take("ResourceType")
    logs = resource.client("ec2").create_flow_logs(
        ResourceType=kind,
        ResourceIds=[properties.take("ResourceId")],
        TagSpecifications=_tag_specifications(resource, "vpc-flow-log"),
        **properties.only(
            "TrafficType",
            "LogDestinationType",
            "LogDestination",
            "LogGroupName",
            "DeliverLogsPermissionArn",
            "MaxAggregationInterval",
            "LogFormat",
        ),
    )
    return Physical(logs["FlowLogIds"][0], {"Id": logs["FlowLogIds"][0]})


def delete_flow_log(resource: Resource, log: Physical) -> None:
    resource.client("ec2").delete_flow_logs(FlowLogIds=[log.id])


ROWS = (
    Row("AWS::EC2::VPC", create_vpc, delete_vpc),
    Row("AWS::EC2::Subnet", create_subnet, delete_subnet),
    Row("AWS::EC2::RouteTable", create_route_table, delete_route_table),
    Row("AWS::EC2::SubnetRouteTableAssociation", create_association, delete_association),
    Row("AWS::EC2::VPCEndpoint", create_endpoint, delete_endpoint),
    Row("AWS::EC2::SecurityGroup", create_security_group, delete_security_group),
    Row("AWS::EC2::SecurityGroupIngress", create_rule, delete_rule),
    Row("AWS::EC2::SecurityGroupEgress", create_rule, delete_rule),
    Row("AWS::EC2::FlowLog", create_flow_log, delete_flow_log),
)
