"""How a job's container reaches S3: by SageMaker's own network, or through the endpoint of its VPC."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from offline.engine import client_of_role


def s3(given: dict[str, Any], region: str) -> Any:
    """S3 as the container of a job or model sees it: under its role, from its network."""
    role = given.get("RoleArn") or given["ExecutionRoleArn"]
    return client_of_role("s3", role, region, endpoint(given.get("VpcConfig") or {}, region))


def endpoint(network: dict[str, Any], region: str) -> str:
    """The gateway endpoint that S3 is reached through; empty outside of a VPC, and by way of the internet."""
    subnets = network.get("Subnets") or []
    if not subnets:
        return ""
    ec2 = boto3.client("ec2", region_name=region)
    vpc = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = ec2.describe_route_tables(Filters=mine)["RouteTables"]
    reached = [_table_of(subnet, tables) for subnet in subnets]
    for found in ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]:
        if found["ServiceName"].endswith(".s3") and set(reached) <= set(found.get("RouteTableIds") or []):
            return str(found["VpcEndpointId"])
    if all(_leads_out(table) for table in tables if table["RouteTableId"] in reached):
        return ""
    told = (
        f"S3 cannot be reached from {', '.join(subnets)}: their route tables have neither a gateway "
        "endpoint of S3 nor a way to the internet."
    )
    raise ClientError({"Error": {"Code": "ConnectTimeout", "Message": told}}, "GetObject")


def _table_of(subnet: str, tables: list[dict[str, Any]]) -> str:
    """The route table of a subnet: its own, or the VPC's main one."""
    links = [(link, table["RouteTableId"]) for table in tables for link in table.get("Associations", [])]
    own = [table for link, table in links if link.get("SubnetId") == subnet]
    return str((own or [table for link, table in links if link.get("Main")] or [""])[0])


def _leads_out(table: dict[str, Any]) -> bool:
    return any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in table.get("Routes", []))
