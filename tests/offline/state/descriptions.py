"""An account as its API describes it, service by service, to be compared before and after a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

Described = Any


def calls(service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Everything a listing gives, on all of its pages."""
    client = boto3.client(service)
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(key, [])]
    return list(getattr(client, operation)(**arguments).get(key, []))


def answer(service: str, operation: str, **arguments: Any) -> Any:
    """An answer without its request id, or the error's code where the account says so."""
    try:
        found = getattr(boto3.client(service), operation)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    found.pop("ResponseMetadata")
    return found


def stacks() -> Iterator[Described]:
    for stack in calls("cloudformation", "describe_stacks", "Stacks"):
        yield stack
        name = stack["StackName"]
        yield calls("cloudformation", "describe_stack_events", "StackEvents", StackName=name)
        yield answer("cloudformation", "describe_stack_resources", StackName=name)
        yield answer("cloudformation", "get_template", StackName=name)
    yield calls("cloudformation", "list_exports", "Exports")


def roles() -> Iterator[Described]:
    for role in calls("iam", "list_roles", "Roles"):
        name = role["RoleName"]
        yield role
        for policy in calls("iam", "list_role_policies", "PolicyNames", RoleName=name):
            yield answer("iam", "get_role_policy", RoleName=name, PolicyName=policy)
        yield calls("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)


def keys() -> Iterator[Described]:
    yield calls("kms", "list_aliases", "Aliases")
    for key in calls("kms", "list_keys", "Keys"):
        yield answer("kms", "describe_key", KeyId=key["KeyId"])
        yield answer("kms", "get_key_policy", KeyId=key["KeyId"], PolicyName="default")
        yield answer("kms", "get_key_rotation_status", KeyId=key["KeyId"])


def streams() -> Iterator[Described]:
    for name in calls("kinesis", "list_streams", "StreamNames"):
        yield answer("kinesis", "describe_stream", StreamName=name)
        for shard in calls("kinesis", "list_shards", "Shards", StreamName=name):
            iterator = answer(
                "kinesis",
                "get_shard_iterator",
                StreamName=name,
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )["ShardIterator"]
            yield answer("kinesis", "get_records", ShardIterator=iterator)


def deliveries() -> Iterator[Described]:
    for name in calls("firehose", "list_delivery_streams", "DeliveryStreamNames"):
        yield answer("firehose", "describe_delivery_stream", DeliveryStreamName=name)


CONFIGURATIONS = (
    *("policy", "encryption", "lifecycle_configuration", "versioning", "logging", "tagging"),
    *("ownership_controls", "notification_configuration"),
)


def buckets() -> Iterator[Described]:
    for bucket in calls("s3", "list_buckets", "Buckets"):
        name = bucket["Name"]
        yield bucket
        for configuration in CONFIGURATIONS:
            yield answer("s3", f"get_bucket_{configuration}", Bucket=name)
        yield answer("s3", "get_public_access_block", Bucket=name)
        for version in calls("s3", "list_object_versions", "Versions", Bucket=name):
            if version["Key"].startswith("access/"):
                continue  # The logs of these very requests.
            found = boto3.client("s3").get_object(
                Bucket=name, Key=version["Key"], VersionId=version["VersionId"]
            )
            body = found.pop("Body").read()
            found.pop("ResponseMetadata")
            yield version["Key"], found, len(body), hashlib.sha256(body).hexdigest()


def tables() -> Iterator[Described]:
    for database in calls("glue", "get_databases", "DatabaseList"):
        yield database
        for table in calls("glue", "get_tables", "TableList", DatabaseName=database["Name"]):
            yield table
            named = {"DatabaseName": database["Name"], "TableName": table["Name"]}
            yield calls("glue", "get_partitions", "Partitions", **named)
    for crawler in calls("glue", "get_crawlers", "Crawlers"):
        yield crawler
        yield answer("glue", "list_crawls", CrawlerName=crawler["Name"])


def functions() -> Iterator[Described]:
    for function in calls("lambda", "list_functions", "Functions"):
        name = function["FunctionName"]
        yield function
        yield answer("lambda", "get_function", FunctionName=name)
        yield answer("lambda", "get_policy", FunctionName=name)


def queries() -> Iterator[Described]:
    for group in calls("athena", "list_work_groups", "WorkGroups"):
        name = group["Name"]
        found = answer("athena", "get_work_group", WorkGroup=name)["WorkGroup"]
        # Not `CreationTime`, which moto makes up anew each time.
        yield {key: value for key, value in found.items() if key != "CreationTime"}
        for query in calls("athena", "list_named_queries", "NamedQueryIds", WorkGroup=name):
            yield answer("athena", "get_named_query", NamedQueryId=query)
        for execution in calls("athena", "list_query_executions", "QueryExecutionIds", WorkGroup=name):
            yield answer("athena", "get_query_execution", QueryExecutionId=execution)
            yield answer("athena", "get_query_results", QueryExecutionId=execution)


def machines() -> Iterator[Described]:
    for machine in calls("stepfunctions", "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        yield answer("stepfunctions", "describe_state_machine", stateMachineArn=arn)
        for execution in calls("stepfunctions", "list_executions", "executions", stateMachineArn=arn):
            named = {"executionArn": execution["executionArn"]}
            yield answer("stepfunctions", "describe_execution", **named)
            yield answer("stepfunctions", "get_execution_history", **named)


def training() -> Iterator[Described]:
    for job in calls("sagemaker", "list_training_jobs", "TrainingJobSummaries"):
        yield answer("sagemaker", "describe_training_job", TrainingJobName=job["TrainingJobName"])
    for job in calls("sagemaker", "list_transform_jobs", "TransformJobSummaries"):
        yield answer("sagemaker", "describe_transform_job", TransformJobName=job["TransformJobName"])
    for model in calls("sagemaker", "list_models", "Models"):
        yield answer("sagemaker", "describe_model", ModelName=model["ModelName"])
    yield calls("sagemaker", "list_endpoints", "Endpoints")


def network() -> Iterator[Described]:
    for operation, key in (
        ("describe_vpcs", "Vpcs"),
        ("describe_subnets", "Subnets"),
        ("describe_vpc_endpoints", "VpcEndpoints"),
        ("describe_route_tables", "RouteTables"),
        ("describe_security_groups", "SecurityGroups"),
        ("describe_flow_logs", "FlowLogs"),
    ):
        yield calls("ec2", operation, key)


def logs() -> Iterator[Described]:
    for group in calls("logs", "describe_log_groups", "logGroups"):
        yield group
        for stream in calls("logs", "describe_log_streams", "logStreams", logGroupName=group["logGroupName"]):
            # Not `uploadSequenceToken`, which moto makes up anew each time.
            yield {name: value for name, value in stream.items() if name != "uploadSequenceToken"}
            named = {"logGroupName": group["logGroupName"], "logStreamName": stream["logStreamName"]}
            yield answer("logs", "get_log_events", startFromHead=True, **named)["events"]


def metrics() -> Iterator[Described]:
    yield calls("cloudwatch", "list_metrics", "Metrics")
    for metric in calls("cloudwatch", "list_metrics", "Metrics", Namespace="AWS/Firehose"):
        yield answer(
            "cloudwatch",
            "get_metric_statistics",
            **metric,
            StartTime="2025-01-01",
            EndTime="2027-01-01",
            Period=86_400 * 730,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]


def rest() -> Iterator[Described]:
    yield answer("cloudtrail", "describe_trails")
    yield answer("budgets", "describe_budgets", AccountId="123456789012")
    yield calls("ssm", "describe_parameters", "Parameters")
    yield answer("ssm", "get_parameter", Name="/cdk-bootstrap/hnb659fds/version")


LOOKS: dict[str, Callable[[], Iterator[Described]]] = {
    look.__name__: look
    for look in (
        *(stacks, roles, keys, streams, deliveries, buckets, tables, functions),
        *(queries, machines, training, network, logs, metrics, rest),
    )
}


def describe() -> dict[str, list[Described]]:
    """Everything, by what it is of."""
    return {name: list(look()) for name, look in LOOKS.items()}
