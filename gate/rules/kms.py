"""AWS KMS: whoever encrypts or decrypts on the way of the data must be let by the key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gate.finding import Finding
from gate.keys import KEY, NAMED_BY, key_of, role_may_use
from gate.policies import lets_service
from gate.template import Reference, Resource, Templates

DOCS = "https://docs.aws.amazon.com/"
BUCKET, TOPIC, QUEUE = "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"
STREAM, DELIVERY = "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream"
GENERATE, DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"
ENCRYPTORS = {
    "AWS::CloudTrail::Trail": (
        "cloudtrail.amazonaws.com",
        DOCS + "awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ),
    "AWS::Logs::LogGroup": (
        "logs.",
        DOCS + "AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
}
"""Type → the service that uses its key, and where AWS says so."""


@dataclass(frozen=True)
class Publisher:
    """Where resources of a type name what a service writes to in its own name."""

    type: str
    path: str
    service: str
    source: str
    targets: tuple[str, ...] = (TOPIC, QUEUE)
    unless: str = ""
    """A neighbour of the property that gives the writing to a role."""


S3_GUIDE = DOCS + "AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html"
SNS_GUIDE = DOCS + "sns/latest/dg/sns-key-management.html"
PUBLISHERS = (
    Publisher(BUCKET, "NotificationConfiguration.TopicConfigurations[].Topic", "s3.amazonaws.com", S3_GUIDE),
    Publisher(BUCKET, "NotificationConfiguration.QueueConfigurations[].Queue", "s3.amazonaws.com", S3_GUIDE),
    *(
        Publisher(alarm, f"{actions}[]", "cloudwatch.amazonaws.com", SNS_GUIDE, (TOPIC,))
        for alarm in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for actions in ("AlarmActions", "OKActions", "InsufficientDataActions")
    ),
    Publisher(
        "AWS::Events::Rule", "Targets[].Arn", "events.amazonaws.com", SNS_GUIDE, unless="Targets[].RoleArn"
    ),
    Publisher(
        "AWS::SNS::Subscription",
        "Endpoint",
        "sns.amazonaws.com",
        DOCS + "sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html",
        (QUEUE,),
    ),
    Publisher(
        TOPIC,
        "Subscription[].Endpoint",
        "sns.amazonaws.com",
        DOCS + "sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html",
        (QUEUE,),
    ),
    Publisher(
        "AWS::EC2::FlowLog",
        "LogDestination",
        "delivery.logs.amazonaws.com",
        DOCS + "vpc/latest/userguide/flow-logs-s3-cmk-policy.html",
        (BUCKET,),
    ),
)
MANAGED = (
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AWSLambdaKinesisExecutionRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
)
"""Managed policies that give nothing on keys."""


def service_principals(templates: Templates) -> Iterator[Finding]:
    """Trails and log groups can use the key they name."""
    for resource in templates.resources(*ENCRYPTORS):
        service, source = ENCRYPTORS[resource.type]
        key = key_of(templates, resource)
        if key is not None and not lets_service(templates, key, service, GENERATE):
            yield _not_let(resource, key, f"{service}*" if service.endswith(".") else service, source)


def publishers(templates: Templates) -> Iterator[Finding]:
    """A service can write to the encrypted topic, queue or bucket that a resource sends it to."""
    for publisher in PUBLISHERS:
        for resource in templates.resources(publisher.type):
            if publisher.unless and any(resource.nodes(publisher.unless)):
                continue
            for _, node in resource.nodes(publisher.path):
                target = _target(templates, resource, node)
                key = key_of(templates, target) if target and target.type in publisher.targets else None
                if target and key and not lets_service(templates, key, publisher.service, GENERATE):
                    yield _not_let(target, key, publisher.service, publisher.source)


def _target(templates: Templates, resource: Resource, node: object) -> Resource | None:
    parts = resource.template.parts(node)
    return templates.at(next((part for part in parts if isinstance(part, Reference)), None))


def _not_let(resource: Resource, key: Resource, service: str, source: str) -> Finding:
    return Finding(
        resource.template.name,
        resource.logical_id,
        "kms-service-principal",
        resource.type,
        NAMED_BY[resource.type],
        f"the policy of key {key.logical_id} does not let {service} use it",
        f"allow {service} kms:GenerateDataKey* and kms:Decrypt in the key's policy",
        source,
    )


@dataclass(frozen=True)
class Use:
    """A key that a resource uses through a role: where the role is named, and what it must be allowed."""

    resource: Resource
    path: str
    role: Reference | None
    key: Resource | None
    action: str
    source: str


def roles(templates: Templates) -> Iterator[Finding]:
    """Roles of delivery streams and functions may use the keys of what they write and read."""
    for use in [*_deliveries(templates), *_sources(templates), *_mappings(templates)]:
        role = templates.at(use.role, "AWS::IAM::Role")
        if role and use.key and not role_may_use(templates, role, use.key, use.action, *MANAGED):
            yield Finding(
                use.resource.template.name,
                use.resource.logical_id,
                "kms-role",
                use.resource.type,
                use.path,
                f"role {role.logical_id} has no {use.action} on key {use.key.logical_id}",
                f"grant the role {use.action} on the key",
                use.source,
            )


def _deliveries(templates: Templates) -> Iterator[Use]:
    """What Firehose writes is encrypted with the stream's own key, else with the bucket's."""
    source = DOCS + "firehose/latest/dev/controlling-access.html"
    for stream in templates.resources(DELIVERY):
        for block in ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"):
            own = f"{block}.EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN"
            bucket = templates.at(stream.refers(f"{block}.BucketARN"), BUCKET)
            key = templates.at(stream.refers(own), KEY) if stream.has(own) else key_of(templates, bucket)
            yield Use(stream, f"{block}.RoleARN", stream.refers(f"{block}.RoleARN"), key, GENERATE, source)


def _sources(templates: Templates) -> Iterator[Use]:
    source = DOCS + "firehose/latest/dev/controlling-access.html"
    for stream in templates.resources(DELIVERY):
        block = "KinesisStreamSourceConfiguration"
        key = key_of(templates, templates.at(stream.refers(f"{block}.KinesisStreamARN"), STREAM))
        yield Use(stream, f"{block}.RoleARN", stream.refers(f"{block}.RoleARN"), key, DECRYPT, source)


def _mappings(templates: Templates) -> Iterator[Use]:
    source = DOCS + "lambda/latest/dg/services-kinesis-create.html"
    for mapping in templates.resources("AWS::Lambda::EventSourceMapping"):
        function = templates.at(mapping.refers("FunctionName"), "AWS::Lambda::Function")
        origin = templates.at(mapping.refers("EventSourceArn"))
        key = key_of(templates, origin) if origin and origin.type in (STREAM, QUEUE) else None
        if function is not None:
            yield Use(mapping, "FunctionName", function.refers("Role"), key, DECRYPT, source)


RULES = (service_principals, publishers, roles)
