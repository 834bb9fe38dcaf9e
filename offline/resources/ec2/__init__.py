"""Rows of Amazon VPC, which the EC2 API holds."""

from __future__ import annotations

from offline.resources.ec2 import address, endpoint, flow_log, gateway, route, security_group, vpc

ROWS = (
    *vpc.ROWS,
    *route.ROWS,
    *gateway.ROWS,
    *endpoint.ROWS,
    *security_group.ROWS,
    *flow_log.ROWS,
    *address.ROWS,
)
