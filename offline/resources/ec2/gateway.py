"""Rows of internet gateways, and of the VPC that a gateway is attached to."""

from __future__ import annotations

from typing import Any

from offline.resources.change import unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("InvalidInternetGatewayID.NotFound", "InvalidVpnGatewayID.NotFound", "Gateway.NotAttached")
KINDS = {"IGW": "InternetGateway", "VGW": "VpnGateway"}


def create_gateway(resource: Resource) -> Physical:
    made = resource.client("ec2").create_internet_gateway(**tags.specifications(resource, "internet-gateway"))
    id = made["InternetGateway"]["InternetGatewayId"]
    return Physical(id, {"InternetGatewayId": id})


def update_gateway(resource: Resource, gateway: Physical, old: Properties) -> Physical:
    tags.follow(resource, gateway.id, old)
    return gateway


@unless_gone(*GONE)
def read_gateway(resource: Resource, gateway: Physical) -> dict[str, Any] | None:
    answer = resource.client("ec2").describe_internet_gateways(InternetGatewayIds=[gateway.id])
    return tags.told(resource, answer["InternetGateways"][0])


@unless_gone(*GONE)
def delete_gateway(resource: Resource, gateway: Physical) -> None:
    resource.client("ec2").delete_internet_gateway(InternetGatewayId=gateway.id)


def create_attachment(resource: Resource) -> Physical:
    """`Ref` answers the kind of gateway and the VPC."""
    kind = _kind(resource.properties)
    _call(resource, "attach", resource.properties)
    return Physical(f"{kind}|{resource.properties.take('VpcId')}", {"AttachmentType": kind})


def _kind(properties: Properties) -> str:
    return "IGW" if properties.take("InternetGatewayId") else "VGW"


def _call(resource: Resource, verb: str, properties: Properties) -> None:
    noun = KINDS[_kind(properties)]
    operation = {"InternetGateway": "internet_gateway", "VpnGateway": "vpn_gateway"}[noun]
    getattr(resource.client("ec2"), f"{verb}_{operation}")(
        **{f"{noun}Id": properties.take(f"{noun}Id")}, VpcId=properties.take("VpcId")
    )


def update_attachment(resource: Resource, attachment: Physical, old: Properties) -> Physical:
    """A VPC has one gateway of a kind, so the former leaves first."""
    with unless_gone(*GONE):
        _call(resource, "detach", old)
    return create_attachment(resource)


@unless_gone(*GONE)
def read_attachment(resource: Resource, attachment: Physical) -> dict[str, Any] | None:
    kind, vpc = attachment.id.split("|")
    operation = "describe_internet_gateways" if kind == "IGW" else "describe_vpn_gateways"
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    answer = getattr(resource.client("ec2"), operation)(Filters=attached)
    for found in answer[f"{KINDS[kind]}s"]:
        return {"VpcId": vpc, f"{KINDS[kind]}Id": found[f"{KINDS[kind]}Id"]}
    return None


@unless_gone(*GONE)
def delete_attachment(resource: Resource, attachment: Physical) -> None:
    _call(resource, "detach", resource.properties)


ROWS = (
    Row("AWS::EC2::InternetGateway", create_gateway, delete_gateway, update_gateway, read_gateway),
    Row(
        "AWS::EC2::VPCGatewayAttachment",
        create_attachment,
        delete_attachment,
        update_attachment,
        read_attachment,
    ),
)
