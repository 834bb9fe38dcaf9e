"""Rows of VPC endpoints. DnsOptions and IpAddressType are not taken, since nothing here resolves names."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import given, only_in, present, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

GONE = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
LISTS = ("RouteTableIds", "SubnetIds", "SecurityGroupIds")


def create_endpoint(resource: Resource) -> Physical:
    made = resource.client("ec2").create_vpc_endpoint(
        **tags.specifications(resource, "vpc-endpoint"),
        **_policy(resource.properties),
        **given(resource.properties, "VpcId", "ServiceName", "VpcEndpointType", "PrivateDnsEnabled", *LISTS),
    )["VpcEndpoint"]
    return _endpoint(made)


def _policy(properties: Properties) -> dict[str, Any]:
    document = properties.take("PolicyDocument")
    text = document if isinstance(document, str) else json.dumps(document)
    return {"PolicyDocument": text} if document else {}


def _endpoint(found: dict[str, Any]) -> Physical:
    id = found["VpcEndpointId"]
    attributes = {
        "Id": id,
        "CreationTimestamp": found["CreationTimestamp"].isoformat(),
        "DnsEntries": [f"{entry['HostedZoneId']}:{entry['DnsName']}" for entry in found["DnsEntries"]],
        "NetworkInterfaceIds": found["NetworkInterfaceIds"],
    }
    return Physical(id, attributes)


def update_endpoint(resource: Resource, endpoint: Physical, old: Properties) -> Physical:
    ec2, policy = resource.client("ec2"), _policy(resource.properties)
    changes: dict[str, Any] = {}
    for name in LISTS:
        had, new = old.take(name) or [], resource.properties.take(name) or []
        changes |= present(**{f"Add{name}": only_in(new, had), f"Remove{name}": only_in(had, new)})
    if policy != _policy(old):
        changes |= policy or {"ResetPolicy": True}
    private = resource.properties.take("PrivateDnsEnabled")
    if private != old.take("PrivateDnsEnabled"):
        changes["PrivateDnsEnabled"] = bool(private)
    if changes:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.id, **changes)
    tags.follow(resource, endpoint.id, old)
    return _endpoint(_described(resource, endpoint.id))


def _described(resource: Resource, id: str) -> dict[str, Any]:
    [found] = resource.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
    return dict(found)


@unless_gone(*GONE)
def read_endpoint(resource: Resource, endpoint: Physical) -> dict[str, Any] | None:
    found = _described(resource, endpoint.id)
    return {
        "VpcId": found["VpcId"],
        "ServiceName": found["ServiceName"],
        "VpcEndpointType": found.get("VpcEndpointType", "Gateway"),
        "PolicyDocument": json.loads(found["PolicyDocument"]),
        "PrivateDnsEnabled": found["PrivateDnsEnabled"],
        "RouteTableIds": found["RouteTableIds"],
        "SubnetIds": found["SubnetIds"],
        "SecurityGroupIds": [group["GroupId"] for group in found["Groups"]],
        **tags.told(resource, found),
    }


@unless_gone(*GONE)
def delete_endpoint(resource: Resource, endpoint: Physical) -> None:
    resource.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint.id])


ROWS = (Row("AWS::EC2::VPCEndpoint", create_endpoint, delete_endpoint, update_endpoint, read_endpoint),)
