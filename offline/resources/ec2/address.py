"""Rows of Elastic IP addresses and of the NAT gateways that use them."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

NO_ADDRESS = "InvalidAllocationID.NotFound"
NO_GATEWAY = ("NatGatewayNotFound", "InvalidNatGatewayID.NotFound")


def create_address(resource: Resource) -> Physical:
    """`Ref` answers the address itself."""
    domain = resource.properties.take("Domain") or "vpc"
    made = resource.client("ec2").allocate_address(
        Domain=domain, **tags.specifications(resource, "elastic-ip")
    )
    attributes = {"AllocationId": made["AllocationId"], "PublicIp": made["PublicIp"]}
    return Physical(made["PublicIp"], attributes)


def update_address(resource: Resource, address: Physical, old: Properties) -> Physical:
    tags.follow(resource, address.attributes["AllocationId"], old)
    return address


@unless_gone(NO_ADDRESS)
def read_address(resource: Resource, address: Physical) -> dict[str, Any] | None:
    allocated = [address.attributes["AllocationId"]]
    [found] = resource.client("ec2").describe_addresses(AllocationIds=allocated)["Addresses"]
    return {"Domain": found["Domain"], **tags.told(resource, found)}


@unless_gone(NO_ADDRESS)
def delete_address(resource: Resource, address: Physical) -> None:
    resource.client("ec2").release_address(AllocationId=address.attributes["AllocationId"])


def create_nat_gateway(resource: Resource) -> Physical:
    made = resource.client("ec2").create_nat_gateway(
        **given(resource.properties, "SubnetId", "AllocationId", "ConnectivityType"),
        **tags.specifications(resource, "natgateway"),
    )["NatGateway"]
    id = made["NatGatewayId"]
    [address] = made["NatGatewayAddresses"]
    return Physical(id, {"NatGatewayId": id, "EniId": address["NetworkInterfaceId"]})


def update_nat_gateway(resource: Resource, gateway: Physical, old: Properties) -> Physical:
    tags.follow(resource, gateway.id, old)
    return gateway


@unless_gone(*NO_GATEWAY)
def read_nat_gateway(resource: Resource, gateway: Physical) -> dict[str, Any] | None:
    """EC2 still shows a gateway for a while that is deleted."""
    answer = resource.client("ec2").describe_nat_gateways(NatGatewayIds=[gateway.id])
    for found in answer["NatGateways"]:
        if found["State"] != "deleted":
            [address] = found["NatGatewayAddresses"]
            return {
                "SubnetId": found["SubnetId"],
                "ConnectivityType": found.get("ConnectivityType", "public"),
                **({"AllocationId": address["AllocationId"]} if "AllocationId" in address else {}),
                **tags.told(resource, found),
            }
    return None


@unless_gone(*NO_GATEWAY)
def delete_nat_gateway(resource: Resource, gateway: Physical) -> None:
    resource.client("ec2").delete_nat_gateway(NatGatewayId=gateway.id)


ROWS = (
    Row("AWS::EC2::EIP", create_address, delete_address, update_address, read_address),
    Row("AWS::EC2::NatGateway", create_nat_gateway, delete_nat_gateway, update_nat_gateway, read_nat_gateway),
)
