"""Bring a cloud assembly into the account, and take it out again, through CloudFormation's own API.

The stages are those of `cdk deploy`: bootstrap, publish the assets, create the stacks in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

from offline.assembly import Assembly, StackArtifact
from offline.clock import clock
from offline.errors import DeploymentError
from offline.sandbox import Sandbox

__all__ = ["Assembly", "StackEvent", "deploy", "destroy", "leftovers"]

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"


@dataclass(frozen=True)
class StackEvent:
    """One resource reached a status."""

    stack: str
    logical_id: str
    type: str
    status: str
    reason: str


Listener = Callable[[StackEvent], None]


def deploy(assembly: Assembly, sandbox: Sandbox, on_event: Listener | None = None) -> None:
    """Every stack of the assembly stands in the account, or `DeploymentError` says what stopped it."""
    _bootstrap()
    for stack in assembly.stacks:
        _publish(stack, sandbox)
        _create(stack, sandbox, on_event)


def destroy(assembly: Assembly, sandbox: Sandbox, on_event: Listener | None = None) -> None:
    """No stack of the assembly is left, nor what deploying it needed."""
    cloudformation = boto3.client("cloudformation")
    for stack in reversed(assembly.stacks):
        described = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]
        seen = len(_events(described["StackId"]))
        cloudformation.delete_stack(StackName=stack.name)
        _report(described["StackId"], stack.name, seen, on_event)
        gone = cloudformation.describe_stacks(StackName=described["StackId"])["Stacks"][0]
        if gone["StackStatus"] != "DELETE_COMPLETE":
            raise DeploymentError(f"{stack.name} was not deleted: {gone.get('StackStatusReason')}")
    _unbootstrap(assembly, sandbox)


def _bootstrap() -> None:
    """What templates expect `cdk bootstrap` to have left: the version parameter."""
    boto3.client("ssm").put_parameter(
        Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
    )


def _publish(stack: StackArtifact, sandbox: Sandbox) -> None:
    """The stack's assets lie in the bucket that its template reads them from."""
    s3 = boto3.client("s3")
    for asset in stack.assets:
        bucket, key = (_placed(text, sandbox) for text in (asset.bucket, asset.key))
        if bucket not in {b["Name"] for b in s3.list_buckets()["Buckets"]}:
            place = {} if sandbox.region == "us-east-1" else {"LocationConstraint": sandbox.region}
            s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
        s3.put_object(Bucket=bucket, Key=key, Body=asset.content())


def _placed(text: str, sandbox: Sandbox) -> str:
    for name, value in (("AccountId", sandbox.account_id), ("Region", sandbox.region), ("Partition", "aws")):
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


def _create(stack: StackArtifact, sandbox: Sandbox, on_event: Listener | None) -> None:
    cloudformation = boto3.client("cloudformation")
    try:
        created = cloudformation.create_stack(
            StackName=stack.name,
            TemplateBody=stack.body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
        )
    except ClientError as error:
        raise DeploymentError(f"{stack.name}: {error.response['Error']['Message']}") from None
    described = _done(created["StackId"], sandbox)
    _report(created["StackId"], stack.name, 0, on_event)
    if described["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentError(
            described.get("StackStatusReason") or f"{stack.name}: {described['StackStatus']}"
        )


def _done(stack_id: str, sandbox: Sandbox) -> dict[str, Any]:
    """The stack, once it waits for nothing: time passes until its signals come, or is over."""
    cloudformation = boto3.client("cloudformation")
    while True:
        described: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        if not described["StackStatus"].endswith("_IN_PROGRESS"):
            return described
        due = sandbox.next_due(clock.now() - timedelta.resolution) or clock.now()
        sandbox.advance(seconds=max((due - clock.now()).total_seconds(), 0))


def _events(stack_id: str) -> list[dict[str, Any]]:
    pages = boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
    return [event for page in pages for event in page["StackEvents"]][::-1]


def _report(stack_id: str, name: str, seen: int, on_event: Listener | None) -> None:
    if on_event is None:
        return
    for event in _events(stack_id)[seen:]:
        on_event(
            StackEvent(
                name,
                event["LogicalResourceId"],
                event["ResourceType"],
                event["ResourceStatus"],
                event.get("ResourceStatusReason", ""),
            )
        )


def _unbootstrap(assembly: Assembly, sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    for bucket in {_placed(asset.bucket, sandbox) for stack in assembly.stacks for asset in stack.assets}:
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
        s3.delete_bucket(Bucket=bucket)
    boto3.client("ssm").delete_parameter(Name=BOOTSTRAP_PARAMETER)


def leftovers() -> list[str]:
    """Everything that still exists, as `service kind name`.

    What AWS keeps for itself does not count: the records of finished jobs, keys that wait for their
    deletion, the default VPC, the `primary` workgroup, the account's own data catalog, the `default`
    schedule group, and log groups that services made for themselves.
    """
    return sorted(found for look in LOOKS for found in look())


def _names(service: str, operation: str, result: str, name: str, **arguments: Any) -> Iterator[str]:
    client = boto3.client(service)
    pages: Any
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(client, operation)(**arguments)]
    for page in pages:
        for item in page.get(result, []):
            yield item[name] if name else item


def _plain(
    service: str, kind: str, operation: str, result: str, name: str, **arguments: Any
) -> Callable[[], Iterator[str]]:
    def look() -> Iterator[str]:
        for found in _names(service, operation, result, name, **arguments):
            if (kind, found) not in KEPT:
                yield f"{service} {kind} {found}"

    return look


def _keys() -> Iterator[str]:
    kms = boto3.client("kms")
    for key in _names("kms", "list_keys", "Keys", "KeyId"):
        described = kms.describe_key(KeyId=key)["KeyMetadata"]
        if described["KeyState"] != "PendingDeletion" and described["KeyManager"] == "CUSTOMER":
            yield f"kms key {key}"


def _budgets() -> Iterator[str]:
    account = boto3.client("sts").get_caller_identity()["Account"]
    for name in _names("budgets", "describe_budgets", "Budgets", "BudgetName", AccountId=account):
        yield f"budgets budget {name}"


def _networks() -> Iterator[str]:
    for vpc in boto3.client("ec2").describe_vpcs()["Vpcs"]:
        if not vpc["IsDefault"]:
            yield f"ec2 vpc {vpc['VpcId']}"
    standing = [{"Name": "state", "Values": ["pending", "available", "deleting", "failed"]}]
    for nat in _names("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", Filter=standing):
        yield f"ec2 nat gateway {nat}"


def _log_groups() -> Iterator[str]:
    for name in _names("logs", "describe_log_groups", "logGroups", "logGroupName"):
        if not name.startswith(MADE_BY_SERVICES):
            yield f"logs group {name}"


def _classifiers() -> Iterator[str]:
    """A classifier is described below the name of its kind."""
    for classifier in boto3.client("glue").get_classifiers()["Classifiers"]:
        for described in classifier.values():
            yield f"glue classifier {described['Name']}"


KEPT = {("workgroup", "primary"), ("data catalog", "AwsDataCatalog"), ("schedule group", "default")}
MADE_BY_SERVICES = ("/aws/sagemaker/", "/aws-glue/")

LOOKS: tuple[Callable[[], Iterator[str]], ...] = (
    _plain("s3", "bucket", "list_buckets", "Buckets", "Name"),
    _plain("kinesis", "stream", "list_streams", "StreamNames", ""),
    _plain("firehose", "delivery stream", "list_delivery_streams", "DeliveryStreamNames", ""),
    _plain("lambda", "function", "list_functions", "Functions", "FunctionName"),
    _plain("lambda", "event source", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
    _plain("lambda", "layer", "list_layers", "Layers", "LayerName"),
    _plain("glue", "database", "get_databases", "DatabaseList", "Name"),
    _plain("glue", "crawler", "get_crawlers", "Crawlers", "Name"),
    _plain("glue", "security configuration", "get_security_configurations", "SecurityConfigurations", "Name"),
    _plain("glue", "job", "get_jobs", "Jobs", "Name"),
    _plain("glue", "trigger", "get_triggers", "Triggers", "Name"),
    _plain("glue", "workflow", "list_workflows", "Workflows", ""),
    _plain("glue", "connection", "get_connections", "ConnectionList", "Name"),
    _classifiers,
    _plain("athena", "workgroup", "list_work_groups", "WorkGroups", "Name"),
    _plain("athena", "data catalog", "list_data_catalogs", "DataCatalogsSummary", "CatalogName"),
    _plain("stepfunctions", "state machine", "list_state_machines", "stateMachines", "name"),
    _plain("sagemaker", "model", "list_models", "Models", "ModelName"),
    _plain("sagemaker", "endpoint config", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    _plain("sagemaker", "endpoint", "list_endpoints", "Endpoints", "EndpointName"),
    _plain("sagemaker", "notebook", "list_notebook_instances", "NotebookInstances", "NotebookInstanceName"),
    _plain(
        "sagemaker",
        "notebook lifecycle config",
        "list_notebook_instance_lifecycle_configs",
        "NotebookInstanceLifecycleConfigs",
        "NotebookInstanceLifecycleConfigName",
    ),
    _plain("sagemaker", "pipeline", "list_pipelines", "PipelineSummaries", "PipelineName"),
    _plain(
        "sagemaker",
        "model package group",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
    ),
    _plain("sagemaker", "feature group", "list_feature_groups", "FeatureGroupSummaries", "FeatureGroupName"),
    _plain("iam", "role", "list_roles", "Roles", "RoleName"),
    _plain("iam", "user", "list_users", "Users", "UserName"),
    _plain("iam", "group", "list_groups", "Groups", "GroupName"),
    _plain("iam", "policy", "list_policies", "Policies", "PolicyName", Scope="Local"),
    _plain("iam", "instance profile", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    _plain("cloudtrail", "trail", "list_trails", "Trails", "Name"),
    _plain("cloudwatch", "alarm", "describe_alarms", "MetricAlarms", "AlarmName"),
    _plain("cloudwatch", "dashboard", "list_dashboards", "DashboardEntries", "DashboardName"),
    _plain("events", "rule", "list_rules", "Rules", "Name"),
    _plain("scheduler", "schedule", "list_schedules", "Schedules", "Name"),
    _plain("scheduler", "schedule group", "list_schedule_groups", "ScheduleGroups", "Name"),
    _plain("dynamodb", "table", "list_tables", "TableNames", ""),
    _plain("ec2", "elastic IP", "describe_addresses", "Addresses", "PublicIp"),
    _plain("ec2", "internet gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    _plain("ecr", "repository", "describe_repositories", "repositories", "repositoryName"),
    _plain("secretsmanager", "secret", "list_secrets", "SecretList", "Name"),
    _plain("sns", "topic", "list_topics", "Topics", "TopicArn"),
    _plain("sqs", "queue", "list_queues", "QueueUrls", ""),
    _plain("ssm", "parameter", "describe_parameters", "Parameters", "Name"),
    _budgets,
    _keys,
    _networks,
    _log_groups,
)
