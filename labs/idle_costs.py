"""What stacks cost while they idle, read from their templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gate.template import Resource, Templates
from labs.costs import HOURS_A_MONTH, Line, priced
from labs.report.resources import readable

Units = Callable[[Resource], float | None]
"""How many units an hour takes; None where only the deployed stack knows."""


def _shards(stream: Resource) -> float | None:
    return stream.number("ShardCount") if stream.has("ShardCount") else 0


def _interfaces(endpoint: Resource) -> float | None:
    """Gateway endpoints (the default type) bill nothing; interface endpoints bill in each subnet."""
    if not endpoint.has("VpcEndpointType"):
        return 0
    kind, subnets = endpoint.value("VpcEndpointType"), endpoint.node("SubnetIds")
    if kind is None or not isinstance(subnets, list | None):
        return None
    return float(max(len(subnets or ()), 1)) if kind == "Interface" else 0


def _one(resource: Resource) -> float:
    return 1


# Type → price id and how many of its units an hour of idling takes; the key is billed by the month.
IDLE: dict[str, tuple[str, Units]] = {
    "AWS::KMS::Key": ("kms-key-month", lambda key: 1 / HOURS_A_MONTH),
    "AWS::Kinesis::Stream": ("kinesis-shard-hour", _shards),
    "AWS::EC2::VPCEndpoint": ("vpc-endpoint-interface-hour", _interfaces),
    "AWS::CloudWatch::Alarm": ("cloudwatch-alarm-hour", _one),
    "AWS::SecretsManager::Secret": ("secretsmanager-secret-hour", _one),
}

ALWAYS_ON: dict[str, str] = {
    "AWS::EC2::NatGateway": "nat-gateway-hour",
    "AWS::EC2::Instance": "ec2-instance-hour",
    "AWS::SageMaker::Endpoint": "sagemaker-endpoint-hour",
    "AWS::SageMaker::NotebookInstance": "sagemaker-notebook-hour",
    "AWS::SageMaker::Cluster": "sagemaker-cluster-hour",
    "AWS::EMR::Cluster": "emr-cluster-hour",
    "AWS::Redshift::Cluster": "redshift-node-hour",
    "AWS::RDS::DBInstance": "rds-instance-hour",
    "AWS::RDS::DBCluster": "rds-cluster-hour",
    "AWS::OpenSearchService::Domain": "opensearch-instance-hour",
    "AWS::ElastiCache::CacheCluster": "elasticache-node-hour",
    "AWS::ElastiCache::ReplicationGroup": "elasticache-node-hour",
    "AWS::MSK::Cluster": "msk-broker-hour",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load-balancer-hour",
    "AWS::KinesisAnalyticsV2::Application": "flink-kpu-hour",
}
"""What runs, and bills, until it is deleted: no lab deploys any of it unasked."""


def idle(stacks: list[dict[str, Any]], region: str, hours: float = HOURS_A_MONTH) -> list[Line]:
    """Every resource that bills while nothing happens, for so many hours."""
    return [line for noun, resource in _resources(stacks) for line in _idle(noun, resource, region, hours)]


def _resources(stacks: list[dict[str, Any]]) -> Iterator[tuple[str, Resource]]:
    for stack in stacks:
        template = {"Resources": {}, **stack["template"]}
        yield from ((stack["noun"], one) for one in Templates.of({stack["noun"]: template}).resources())


def _idle(noun: str, resource: Resource, region: str, hours: float) -> Iterator[Line]:
    price_id, units_of = IDLE.get(resource.type) or (ALWAYS_ON.get(resource.type, ""), _one)
    units = units_of(resource) if price_id else 0
    if units != 0:
        what = f"{readable(resource.logical_id)} ({resource.type})"
        yield Line(noun, what, None if units is None else units * hours, priced(price_id, region))


def always_on(stacks: list[dict[str, Any]]) -> list[str]:
    """Resources of the kind that surprises on a bill, as `noun logical id (type)`."""
    return [
        f"{noun} {resource.logical_id} ({resource.type})"
        for noun, resource in _resources(stacks)
        if resource.type in ALWAYS_ON
    ]
