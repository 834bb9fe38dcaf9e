"""Rows of route tables, their routes and the subnets that follow them."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

NO_TABLE = "InvalidRouteTableID.NotFound"
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
WAYS = (
    *("GatewayId", "NatGatewayId", "VpcPeeringConnectionId", "TransitGatewayId"),
    *("EgressOnlyInternetGatewayId", "NetworkInterfaceId", "InstanceId"),
)


def create_table(resource: Resource) -> Physical:
    table = resource.client("ec2").create_route_table(
        VpcId=resource.properties.take("VpcId"), **tags.specifications(resource, "route-table")
    )["RouteTable"]
    return Physical(table["RouteTableId"], {"RouteTableId": table["RouteTableId"]})


def update_table(resource: Resource, table: Physical, old: Properties) -> Physical:
    tags.follow(resource, table.id, old)
    return table


@unless_gone(NO_TABLE)
def read_table(resource: Resource, table: Physical) -> dict[str, Any] | None:
    [found] = resource.client("ec2").describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
    return {"VpcId": found["VpcId"], **tags.told(resource, found)}


@unless_gone(NO_TABLE)
def delete_table(resource: Resource, table: Physical) -> None:
    resource.client("ec2").delete_route_table(RouteTableId=table.id)


def create_association(resource: Resource) -> Physical:
    association = resource.client("ec2").associate_route_table(
        **given(resource.properties, "RouteTableId", "SubnetId")
    )
    return Physical(association["AssociationId"], {"Id": association["AssociationId"]})


def read_association(resource: Resource, association: Physical) -> dict[str, Any] | None:
    name = "association.route-table-association-id"
    named = [{"Name": name, "Values": [association.id]}]
    for table in resource.client("ec2").describe_route_tables(Filters=named)["RouteTables"]:
        for link in table["Associations"]:
            if link["RouteTableAssociationId"] == association.id:
                return {"RouteTableId": link["RouteTableId"], "SubnetId": link["SubnetId"]}
    return None


@unless_gone("InvalidAssociationID.NotFound")
def delete_association(resource: Resource, association: Physical) -> None:
    resource.client("ec2").disassociate_route_table(AssociationId=association.id)


def create_route(resource: Resource) -> Physical:
    """`Ref` answers the table and the destination."""
    table, way = _place(resource), given(resource.properties, *WAYS)
    resource.client("ec2").create_route(**table, **way)
    destination = list(table.values())[1]
    return Physical(f"{table['RouteTableId']}|{destination}", {"CidrBlock": destination})


def _place(resource: Resource) -> dict[str, Any]:
    return given(resource.properties, "RouteTableId", *DESTINATIONS)


def update_route(resource: Resource, route: Physical, old: Properties) -> Physical:
    resource.client("ec2").replace_route(**_place(resource), **given(resource.properties, *WAYS))
    return route


@unless_gone(NO_TABLE)
def read_route(resource: Resource, route: Physical) -> dict[str, Any] | None:
    place = _place(resource)
    id = place.pop("RouteTableId")
    [table] = resource.client("ec2").describe_route_tables(RouteTableIds=[id])["RouteTables"]
    for found in table["Routes"]:
        if place.items() <= found.items():
            return {"RouteTableId": id, **place, **{name: found[name] for name in WAYS if name in found}}
    return None


@unless_gone(NO_TABLE, "InvalidRoute.NotFound")
def delete_route(resource: Resource, route: Physical) -> None:
    resource.client("ec2").delete_route(**_place(resource))


ROWS = (
    Row("AWS::EC2::RouteTable", create_table, delete_table, update_table, read_table),
    Row(
        "AWS::EC2::SubnetRouteTableAssociation",
        create_association,
        delete_association,
        read=read_association,
    ),
    Row("AWS::EC2::Route", create_route, delete_route, update_route, read_route),
)
