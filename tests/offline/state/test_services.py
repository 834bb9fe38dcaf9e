"""Each service that templates of the labs may use comes back as it was, with what it holds."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.offline.state.restarted import account

Make = Callable[[], Any]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def role(name: str = "worker") -> str:
    return str(boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])


def archive(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("handler.py", code)
    return packed.getvalue()


# -- a service each: how it is filled, and what it then says ------------------------------------------


def cloudwatch() -> None:
    client: Any = boto3.client("cloudwatch")
    client.put_metric_data(Namespace="labs", MetricData=[{"MetricName": "rows", "Value": 7}])
    client.put_metric_alarm(
        AlarmName="late",
        MetricName="rows",
        Namespace="labs",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    client.put_dashboard(DashboardName="labs", DashboardBody='{"widgets": []}')


def dynamodb() -> None:
    client: Any = boto3.client("dynamodb")
    client.create_table(
        TableName="planes",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("tail", "day")],
        KeySchema=[
            {"AttributeName": "tail", "KeyType": "HASH"},
            {"AttributeName": "day", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for day in ("1", "2"):
        client.put_item(TableName="planes", Item={"tail": {"S": "N1"}, "day": {"S": day}, "n": {"N": day}})
    client.delete_item(TableName="planes", Key={"tail": {"S": "N1"}, "day": {"S": "1"}})


def ec2() -> None:
    client: Any = boto3.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    group = client.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    client.attach_internet_gateway(
        VpcId=vpc, InternetGatewayId=client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    )


def ecr() -> None:
    boto3.client("ecr").create_repository(repositoryName="images")


def events() -> None:
    boto3.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")


def iam() -> None:
    client: Any = boto3.client("iam")
    client.create_user(UserName="learner")
    client.create_group(GroupName="class")
    client.add_user_to_group(UserName="learner", GroupName="class")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    made = client.create_policy(PolicyName="own", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    client.attach_user_policy(UserName="learner", PolicyArn=made)
    client.attach_group_policy(GroupName="class", PolicyArn=made)
    client.put_role_policy(RoleName=role().split("/")[1], PolicyName="in", PolicyDocument=json.dumps(policy))
    client.create_access_key(UserName="learner")


def kms() -> None:
    client: Any = boto3.client("kms")
    for spec, usage in (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("ECC_NIST_P256", "SIGN_VERIFY")):
        key = client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
        client.create_alias(AliasName=f"alias/{usage.lower()}", TargetKeyId=key)


def lambda_() -> None:
    client: Any = boto3.client("lambda")
    code = archive(
        "import layered\n\ndef run(event, context):\n    return {'got': event, 'layer': layered.NAME}\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("python/layered.py", "NAME = 'layer'\n")
    layer = client.publish_layer_version(LayerName="shared", Content={"ZipFile": packed.getvalue()})
    client.create_function(
        FunctionName="echo",
        Runtime="python3.12",
        Handler="handler.run",
        Role=role(),
        Code={"ZipFile": code},
        Layers=[layer["LayerVersionArn"]],
        Publish=True,
    )


def logs() -> None:
    client: Any = boto3.client("logs")
    client.create_log_group(logGroupName="/labs")
    client.create_log_stream(logGroupName="/labs", logStreamName="one")


def scheduler() -> None:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": role()}
    boto3.client("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )


def secretsmanager() -> None:
    boto3.client("secretsmanager").create_secret(Name="password", SecretString="kept")


def sns() -> None:
    client: Any = boto3.client("sns")
    topic = client.create_topic(Name="news")["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="email", Endpoint="learner@example.com")
    client.publish(TopicArn=topic, Message="hello")


def sqs() -> None:
    client: Any = boto3.client("sqs")
    queue = client.create_queue(QueueName="jobs")["QueueUrl"]
    client.send_message(QueueUrl=queue, MessageBody="one")


def ssm() -> None:
    boto3.client("ssm").put_parameter(Name="/labs/a", Value="1", Type="String")


def of(service: str, operation: str, **arguments: Any) -> Make:
    def look() -> Any:
        found = getattr(boto3.client(service), operation)(**arguments)
        found.pop("ResponseMetadata")
        return found

    return look


def messages() -> Any:
    client: Any = boto3.client("sqs")
    queue = client.get_queue_url(QueueName="jobs")["QueueUrl"]
    found = client.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    return [(message["MessageId"], message["Body"]) for message in found]


def invoked() -> Any:
    return json.load(boto3.client("lambda").invoke(FunctionName="echo", Payload=b'{"a": 1}')["Payload"])


SERVICES: dict[str, tuple[Make, tuple[Make, ...]]] = {
    "cloudwatch": (
        cloudwatch,
        (
            of("cloudwatch", "list_metrics"),
            of("cloudwatch", "describe_alarms"),
            of("cloudwatch", "get_dashboard", DashboardName="labs"),
        ),
    ),
    "dynamodb": (
        dynamodb,
        (of("dynamodb", "describe_table", TableName="planes"), of("dynamodb", "scan", TableName="planes")),
    ),
    "ec2": (
        ec2,
        (
            of("ec2", "describe_vpcs"),
            of("ec2", "describe_subnets"),
            of("ec2", "describe_security_groups"),
            of("ec2", "describe_internet_gateways"),
            of("ec2", "describe_images"),
        ),
    ),
    "ecr": (ecr, (of("ecr", "describe_repositories"),)),
    "events": (events, (of("events", "list_rules"),)),
    "iam": (
        iam,
        (
            of("iam", "get_account_authorization_details"),
            of("iam", "list_access_keys", UserName="learner"),
            of("iam", "list_groups_for_user", UserName="learner"),
        ),
    ),
    "kms": (
        kms,
        (of("kms", "list_aliases"), of("kms", "get_public_key", KeyId="alias/sign_verify")),
    ),
    "lambda": (
        lambda_,
        (
            invoked,
            of("lambda", "list_versions_by_function", FunctionName="echo"),
            of("lambda", "list_layers"),
        ),
    ),
    "logs": (logs, (of("logs", "describe_log_groups"),)),
    "scheduler": (scheduler, (of("scheduler", "get_schedule", Name="hourly"),)),
    "secretsmanager": (secretsmanager, (of("secretsmanager", "get_secret_value", SecretId="password"),)),
    "sns": (sns, (of("sns", "list_topics"), of("sns", "list_subscriptions"))),
    "sqs": (sqs, (messages,)),
    "ssm": (ssm, (of("ssm", "get_parameter", Name="/labs/a"),)),
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_back_as_it_was(tmp_path: Path, service: str) -> None:
    make, looks = SERVICES[service]
    with account(tmp_path) as (state, _):
        make()
        state.commit()
        before = [look() for look in looks]
    with account(tmp_path):
        after = [look() for look in looks]
    assert after == before
