"""Rows of flow logs. A flow log exists and is described; no traffic flows here that it could record."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.ec2 import tags
from offline.resources.row import Physical, Properties, Resource, Row

TOLD = (
    *("TrafficType", "LogDestinationType", "LogDestination", "LogGroupName"),
    *("DeliverLogsPermissionArn", "MaxAggregationInterval", "LogFormat"),
)
PREFIXES = {"vpc-": "VPC", "subnet-": "Subnet", "eni-": "NetworkInterface"}


def create_flow_log(resource: Resource) -> Physical:
    properties = resource.properties
    made = resource.client("ec2").create_flow_logs(
        ResourceType=properties.take("ResourceType"),
        ResourceIds=[properties.take("ResourceId")],
        **tags.specifications(resource, "vpc-flow-log"),
        **given(properties, *TOLD),
    )
    [id] = made["FlowLogIds"]
    return Physical(id, {"Id": id})


def update_flow_log(resource: Resource, log: Physical, old: Properties) -> Physical:
    tags.follow(resource, log.id, old)
    return log


def read_flow_log(resource: Resource, log: Physical) -> dict[str, Any] | None:
    for found in resource.client("ec2").describe_flow_logs(FlowLogIds=[log.id])["FlowLogs"]:
        id = found["ResourceId"]
        kinds = [kind for prefix, kind in PREFIXES.items() if id.startswith(prefix)]
        told = present(**{name: found.get(name) for name in TOLD})
        return {"ResourceId": id, "ResourceType": kinds[0], **told, **tags.told(resource, found)}
    return None


@unless_gone("InvalidFlowLogId.NotFound")
def delete_flow_log(resource: Resource, log: Physical) -> None:
    resource.client("ec2").delete_flow_logs(FlowLogIds=[log.id])


ROWS = (Row("AWS::EC2::FlowLog", create_flow_log, delete_flow_log, update_flow_log, read_flow_log),)
