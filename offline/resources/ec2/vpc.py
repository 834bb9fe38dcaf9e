"""Rows of VPCs and their subnets."""

from __future__ import annotations

from typing import Any

from offline.errors import DeploymentError
from offline.resources.change import given, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row


def create_vpc(resource: Resource) -> Physical:
    made = resource.client("ec2").create_vpc(
        **tags.specifications(resource, "vpc"), **given(resource.properties, "CidrBlock", "InstanceTenancy")
    )["Vpc"]
    vpc = resource.begin(Physical(made["VpcId"]))
    _follow_names(resource, vpc.id)
    return _vpc(resource, vpc.id)


def _follow_names(resource: Resource, vpc: str) -> None:
    """Names of hosts need the resolution of names, so that is switched on first and off last."""
    properties = resource.properties
    wanted = {
        "EnableDnsSupport": _true(properties.take("EnableDnsSupport"), default=True),
        "EnableDnsHostnames": _true(properties.take("EnableDnsHostnames"), default=False),
    }
    names = list(wanted) if wanted["EnableDnsSupport"] else list(wanted)[::-1]
    for name in names:
        resource.client("ec2").modify_vpc_attribute(VpcId=vpc, **{name: {"Value": wanted[name]}})


def _true(value: Any, *, default: bool) -> bool:
    """Templates may write a truth as text."""
    return default if value is None else str(value).lower() == "true"


def _vpc(resource: Resource, id: str) -> Physical:
    ec2, here = resource.client("ec2"), {"Name": "vpc-id", "Values": [id]}
    [found] = ec2.describe_vpcs(VpcIds=[id])["Vpcs"]
    default = {"Name": "default", "Values": ["true"]}
    [acl] = ec2.describe_network_acls(Filters=[here, default])["NetworkAcls"]
    named = {"Name": "group-name", "Values": ["default"]}
    [group] = ec2.describe_security_groups(Filters=[here, named])["SecurityGroups"]
    attributes = {
        "VpcId": id,
        "CidrBlock": found["CidrBlock"],
        "CidrBlockAssociations": [one["AssociationId"] for one in found["CidrBlockAssociationSet"]],
        "DefaultNetworkAcl": acl["NetworkAclId"],
        "DefaultSecurityGroup": group["GroupId"],
        "Ipv6CidrBlocks": [one["Ipv6CidrBlock"] for one in found["Ipv6CidrBlockAssociationSet"]],
    }
    return Physical(id, attributes)


def update_vpc(resource: Resource, vpc: Physical, old: Properties) -> Physical:
    """Of the tenancies, EC2 lets a VPC return to the default only."""
    had, wanted = (one.take("InstanceTenancy") or "default" for one in (old, resource.properties))
    if wanted != had and wanted != "default":
        raise DeploymentError(
            f"InstanceTenancy cannot change from {had} to {wanted}: give the VPC another logical id"
        )
    if wanted != had:
        resource.client("ec2").modify_vpc_tenancy(VpcId=vpc.id, InstanceTenancy=wanted)
    _follow_names(resource, vpc.id)
    tags.follow(resource, vpc.id, old)
    return vpc


@unless_gone("InvalidVpcID.NotFound")
def read_vpc(resource: Resource, vpc: Physical) -> dict[str, Any] | None:
    ec2 = resource.client("ec2")
    [found] = ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
    names = {
        f"E{name[1:]}": ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute=name)[f"E{name[1:]}"]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    return {
        "CidrBlock": found["CidrBlock"],
        "InstanceTenancy": found["InstanceTenancy"],
        **names,
        **tags.told(resource, found),
    }


@unless_gone("InvalidVpcID.NotFound")
def delete_vpc(resource: Resource, vpc: Physical) -> None:
    resource.client("ec2").delete_vpc(VpcId=vpc.id)


SUBNET = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "Ipv6CidrBlock")
FLAGS = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation")


def create_subnet(resource: Resource) -> Physical:
    made = resource.client("ec2").create_subnet(
        **tags.specifications(resource, "subnet"), **given(resource.properties, *SUBNET)
    )["Subnet"]
    subnet = resource.begin(Physical(made["SubnetId"]))
    _follow_flags(resource, subnet.id)
    return _subnet(resource, subnet.id)


def _follow_flags(resource: Resource, subnet: str) -> None:
    ec2, properties = resource.client("ec2"), resource.properties
    for name in FLAGS:
        value = {"Value": _true(properties.take(name), default=False)}
        ec2.modify_subnet_attribute(SubnetId=subnet, **{name: value})
    record = properties.at("PrivateDnsNameOptionsOnLaunch").take("EnableResourceNameDnsARecord")
    ec2.modify_subnet_attribute(
        SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": _true(record, default=False)}
    )


def _subnet(resource: Resource, id: str) -> Physical:
    ec2 = resource.client("ec2")
    [found] = ec2.describe_subnets(SubnetIds=[id])["Subnets"]
    here = [{"Name": "association.subnet-id", "Values": [id]}]
    acls = ec2.describe_network_acls(Filters=here)["NetworkAcls"]
    links = [link for acl in acls for link in acl["Associations"] if link["SubnetId"] == id]
    attributes = {
        "SubnetId": id,
        "AvailabilityZone": found["AvailabilityZone"],
        "AvailabilityZoneId": found["AvailabilityZoneId"],
        "CidrBlock": found["CidrBlock"],
        "Ipv6CidrBlocks": [one["Ipv6CidrBlock"] for one in found["Ipv6CidrBlockAssociationSet"]],
        "NetworkAclAssociationId": links[0]["NetworkAclAssociationId"],
        "VpcId": found["VpcId"],
    }
    return Physical(id, attributes)


def update_subnet(resource: Resource, subnet: Physical, old: Properties) -> Physical:
    _follow_flags(resource, subnet.id)
    tags.follow(resource, subnet.id, old)
    return subnet


@unless_gone("InvalidSubnetID.NotFound")
def read_subnet(resource: Resource, subnet: Physical) -> dict[str, Any] | None:
    [found] = resource.client("ec2").describe_subnets(SubnetIds=[subnet.id])["Subnets"]
    record = found["PrivateDnsNameOptionsOnLaunch"]["EnableResourceNameDnsARecord"]
    blocks = [one["Ipv6CidrBlock"] for one in found["Ipv6CidrBlockAssociationSet"]]
    return {
        **{name: found[name] for name in (*SUBNET[:-1], *FLAGS)},
        "PrivateDnsNameOptionsOnLaunch": {"EnableResourceNameDnsARecord": record},
        **({"Ipv6CidrBlock": blocks[0]} if blocks else {}),
        **tags.told(resource, found),
    }


@unless_gone("InvalidSubnetID.NotFound")
def delete_subnet(resource: Resource, subnet: Physical) -> None:
    resource.client("ec2").delete_subnet(SubnetId=subnet.id)


ROWS = (
    Row("AWS::EC2::VPC", create_vpc, delete_vpc, update_vpc, read_vpc),
    Row("AWS::EC2::Subnet", create_subnet, delete_subnet, update_subnet, read_subnet),
)
