"""Every service rule: a template that keeps it, and an edit that breaks it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gate.check import SERVICES, changes, findings
from gate.finding import Finding
from gate.rules.kinesis import LOAD
from gate.template import Templates
from tests.assembly import templates as synthesized

Document = dict[str, Any]
Edit = Callable[[Document], None]

TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}
DEFINITION = {
    "StartAt": "Train",
    "States": {
        "Train": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Next": "Ask",
            "Parameters": {
                "AlgorithmSpecification": {
                    "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
                    "TrainingInputMode": "Pipe",
                },
                "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
                "InputDataConfig": [
                    {"ChannelName": "train", "ContentType": "application/x-recordio"},
                    {"ChannelName": "validation", "ContentType": "application/x-recordio"},
                ],
            },
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
            "End": True,
            "Parameters": {
                "WorkGroup": "${Workgroup}",
                "ResultConfiguration": {"OutputLocation": "s3://${Lake}/results/"},
            },
        },
    },
}
S3 = {
    "RoleARN": {"Fn::GetAtt": ["DeliveryRole", "Arn"]},
    "BucketARN": {"Fn::GetAtt": ["Lake", "Arn"]},
    "Prefix": "flights/!{partitionKeyFromLambda:day}/",
    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
    "BufferingHints": {"SizeInMBs": 64},
    "DynamicPartitioningConfiguration": {"Enabled": True},
    "DataFormatConversionConfiguration": {"Enabled": True},
    "ProcessingConfiguration": {
        "Enabled": True,
        "Processors": [
            {
                "Type": "Lambda",
                "Parameters": [
                    {"ParameterName": "LambdaArn", "ParameterValue": {"Fn::GetAtt": ["Transform", "Arn"]}}
                ],
            }
        ],
    },
}
KEPT: Document = {
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeyPolicy": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {
                                "Service": [
                                    "cloudtrail.amazonaws.com",
                                    "logs.us-east-1.amazonaws.com",
                                    "delivery.logs.amazonaws.com",
                                    "cloudwatch.amazonaws.com",
                                    "events.amazonaws.com",
                                    "sns.amazonaws.com",
                                ]
                            },
                            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                            "Resource": "*",
                        },
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "s3.amazonaws.com"},
                            "Action": "kms:*",
                            "Resource": "*",
                        },
                    ]
                }
            },
        },
        "Lake": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "ServerSideEncryptionByDefault": {
                                "SSEAlgorithm": "aws:kms",
                                "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                            }
                        }
                    ]
                },
                "LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}},
                "NotificationConfiguration": {
                    "TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": {"Ref": "Topic"}}]
                },
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Status": "Enabled",
                            "ExpirationInDays": 365,
                            "Transitions": [
                                {"StorageClass": "STANDARD_IA", "TransitionInDays": 60},
                                {"StorageClass": "GLACIER", "TransitionInDays": 180},
                            ],
                            "NoncurrentVersionTransitions": [
                                {"StorageClass": "STANDARD_IA", "TransitionInDays": 30},
                                {"StorageClass": "GLACIER", "TransitionInDays": 60},
                                {"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 150},
                            ],
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
                        }
                    ]
                },
            },
        },
        "Logs": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                    ]
                }
            },
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"KmsMasterKeyId": {"Ref": "Key"}},
        },
        "Trail": {
            "Type": "AWS::CloudTrail::Trail",
            "Properties": {"KMSKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
        },
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
        },
        "Stream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {
                "ShardCount": 2,
                "StreamEncryption": {"EncryptionType": "KMS", "KeyId": {"Ref": "Key"}},
            },
            "Metadata": {LOAD: {"RecordsPerSecond": 2000, "RecordBytes": 500, "Readers": 1}},
        },
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {
                "ExtendedS3DestinationConfiguration": S3,
                "KinesisStreamSourceConfiguration": {
                    "KinesisStreamARN": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "RoleARN": {"Fn::GetAtt": ["DeliveryRole", "Arn"]},
                },
            },
        },
        "DeliveryRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyName": "keys",
                        "PolicyDocument": {
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": "kms:GenerateDataKey*",
                                    "Resource": {"Fn::GetAtt": ["Key", "Arn"]},
                                },
                                {
                                    "Effect": "Allow",
                                    "Action": "kms:Decrypt",
                                    "Resource": {"Fn::GetAtt": ["Key", "Arn"]},
                                },
                            ]
                        },
                    }
                ]
            },
        },
        "Transform": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Timeout": 300, "Role": {"Fn::GetAtt": ["DeliveryRole", "Arn"]}},
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"VisibilityTimeout": 300, "KmsMasterKeyId": {"Ref": "Key"}},
        },
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "Topic"}]}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]}},
        },
        "FlowLog": {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {
                "LogDestinationType": "s3",
                "LogDestination": {"Fn::Join": ["", [{"Fn::GetAtt": ["Lake", "Arn"]}, "/flows/"]]},
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "FunctionName": {"Ref": "Transform"},
            },
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "RolePolicy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["s3:GetObject*", "s3:List*"],
                            "Resource": [{"Fn::Join": ["", [{"Fn::GetAtt": ["Lake", "Arn"]}, "/flights/*"]]}],
                        },
                        {
                            "Effect": "Allow",
                            "Action": "kms:Decrypt",
                            "Resource": {"Fn::GetAtt": ["Key", "Arn"]},
                        },
                    ]
                },
            },
        },
        "Crawler": {
            "Type": "AWS::Glue::Crawler",
            "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Targets": {"S3Targets": [{"Path": {"Fn::Sub": "s3://${Lake}/flights/"}}]},
            },
        },
        "Workgroup": {
            "Type": "AWS::Athena::WorkGroup",
            "Properties": {
                "WorkGroupConfiguration": {
                    "EnforceWorkGroupConfiguration": True,
                    "BytesScannedCutoffPerQuery": 10_000_000,
                    "ResultConfiguration": {"OutputLocation": {"Fn::Sub": "s3://${Lake}/results/"}},
                }
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionString": {"Fn::Sub": json.dumps(DEFINITION)}},
        },
    }
}


def found(document: Document) -> list[Finding]:
    return findings(Templates.of({"t": document}))


def edited(edit: Edit) -> Document:
    document = copy.deepcopy(KEPT)
    edit(document["Resources"])
    return document


def put(path: str, value: Any) -> Edit:
    """An edit that sets what lies at a dotted path; `del` removes it."""

    def edit(resources: Document) -> None:
        *names, last = path.split(".")
        node: Any = resources
        for name in names:
            node = node[int(name)] if isinstance(node, list) else node[name]
        if value is GONE:
            del node[last]
        else:
            node[int(last) if isinstance(node, list) else last] = value

    return edit


GONE = object()
CONFIGURATION = "Delivery.Properties.ExtendedS3DestinationConfiguration."
RULE = "Lake.Properties.LifecycleConfiguration.Rules.0."
OF_DELIVERY = "DeliveryRole.Properties.Policies.0.PolicyDocument.Statement."
STATEMENTS = "RolePolicy.Properties.PolicyDocument.Statement."


def training(**arguments: Any) -> Edit:
    """An edit of the training job's arguments in the definition."""

    def edit(resources: Document) -> None:
        definition = copy.deepcopy(DEFINITION)
        states: Any = definition["States"]
        states["Train"]["Parameters"] |= arguments
        resources["Machine"]["Properties"]["DefinitionString"] = {"Fn::Sub": json.dumps(definition)}

    return edit


def asking(location: str) -> Edit:
    def edit(resources: Document) -> None:
        text = json.dumps(DEFINITION).replace("s3://${Lake}/results/", location)
        resources["Machine"]["Properties"]["DefinitionString"] = {"Fn::Sub": text}

    return edit


def without_service(name: str) -> Edit:
    def edit(resources: Document) -> None:
        key = json.dumps(resources["Key"]).replace(name, "elsewhere.amazonaws.com")
        resources["Key"] = json.loads(key)

    return edit


TRANSITIONS = {
    "early": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 29}],
    "up": [
        {"StorageClass": "GLACIER", "TransitionInDays": 60},
        {"StorageClass": "STANDARD_IA", "TransitionInDays": 180},
    ],
    "hasty": [
        {"StorageClass": "ONEZONE_IA", "TransitionInDays": 60},
        {"StorageClass": "GLACIER", "TransitionInDays": 89},
    ],
}
XGBOOST = {
    "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    "TrainingInputMode": "File",
}
SEGMENTATION = {"TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/semantic-segmentation:1"}
LDA = {"TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/lda:1"}
DEEPAR = {
    "TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1",
    "TrainingInputMode": "Pipe",
}
TRAIN = [{"ChannelName": "train", "ContentType": "text/csv; label_size=0"}]

BROKEN: list[tuple[str, str, Edit, str]] = [
    ("firehose-buffer", "Delivery", put(CONFIGURATION + "BufferingHints.SizeInMBs", 63), "got 63 MiB"),
    ("firehose-compression", "Delivery", put(CONFIGURATION + "CompressionFormat", "GZIP"), "got GZIP"),
    ("firehose-error-prefix", "Delivery", put(CONFIGURATION + "ErrorOutputPrefix", GONE), "missing"),
    (
        "firehose-error-prefix",
        "Delivery",
        put(CONFIGURATION + "ErrorOutputPrefix", "errors/!{timestamp:yyyy}/"),
        "not the error's type",
    ),
    (
        "firehose-partition-keys",
        "Delivery",
        put(CONFIGURATION + "DynamicPartitioningConfiguration", GONE),
        "cannot be enabled later",
    ),
    (
        "firehose-partition-keys",
        "Delivery",
        put(CONFIGURATION + "Prefix", "flights/!{timestamp:yyyy}/"),
        "names no partition key",
    ),
    ("firehose-lambda-timeout", "Transform", put("Transform.Properties.Timeout", 301), "got 301 seconds"),
    ("s3-ia-days", "Lake", put(RULE + "Transitions", TRANSITIONS["early"]), "after 29 days"),
    ("s3-transition-order", "Lake", put(RULE + "Transitions", TRANSITIONS["up"]), "up from GLACIER"),
    (
        "s3-transition-order",
        "Lake",
        put(RULE + "Transitions", TRANSITIONS["hasty"]),
        "29 days after ONEZONE_IA",
    ),
    (
        "s3-expiry",
        "Lake",
        put(RULE + "ExpirationInDays", 180),
        "expires objects after 180 days and moves them after 180",
    ),
    (
        "s3-expiry",
        "Lake",
        put(RULE + "NoncurrentVersionExpiration.NoncurrentDays", 150),
        "expires noncurrent versions after 150 days",
    ),
    (
        "s3-ia-days",
        "Lake",
        put(RULE + "NoncurrentVersionTransitions", TRANSITIONS["early"]),
        "moves noncurrent versions to STANDARD_IA after 29 days",
    ),
    (
        "s3-transition-order",
        "Lake",
        put(RULE + "NoncurrentVersionTransitions.2.TransitionInDays", 149),
        "on to DEEP_ARCHIVE 89 days after GLACIER",
    ),
    (
        "s3-access-log-encryption",
        "Logs",
        put(
            "Logs.Properties.BucketEncryption.ServerSideEncryptionConfiguration.0"
            ".ServerSideEncryptionByDefault.SSEAlgorithm",
            "aws:kms",
        ),
        "got aws:kms",
    ),
    ("glue-crawler-role", "Crawler", put(STATEMENTS + "0.Action", "s3:ListBucket"), "no s3:GetObject"),
    (
        "glue-crawler-role",
        "Crawler",
        put("Crawler.Properties.Targets.S3Targets.0.Path", {"Fn::Sub": "s3://${Lake}/reference/"}),
        "no s3:GetObject",
    ),
    (
        "glue-crawler-role",
        "Crawler",
        put(STATEMENTS + "1.Action", "kms:Encrypt"),
        "no kms:Decrypt on key Key",
    ),
    (
        "athena-result-location",
        "Workgroup",
        put("Workgroup.Properties.WorkGroupConfiguration.ResultConfiguration", GONE),
        "every query fails",
    ),
    ("athena-result-location", "Machine", asking("s3://${Logs}/results/"), "another bucket"),
    (
        "athena-cutoff",
        "Workgroup",
        put("Workgroup.Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery", 9_999_999),
        "got 9,999,999 bytes",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}),
        "image-classification: got ml.m5.xlarge; it trains on GPU only",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(AlgorithmSpecification=SEGMENTATION),
        "semantic-segmentation: got 2 instances; it trains on one",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(AlgorithmSpecification=LDA, InputDataConfig=TRAIN),
        "lda: got ml.g5.xlarge; it trains on CPU only",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(InputDataConfig=[{"ChannelName": "train"}]),
        "channel validation is missing",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(
            AlgorithmSpecification=XGBOOST,
            InputDataConfig=[{"ChannelName": "train", "ContentType": "application/json"}],
        ),
        "xgboost: channel train got application/json",
    ),
    (
        "sagemaker-built-in-algorithm",
        "Machine",
        training(
            AlgorithmSpecification=DEEPAR,
            InputDataConfig=[{"ChannelName": "train", "ContentType": "application/jsonlines"}],
        ),
        "forecasting-deepar: channel train got Pipe",
    ),
    (
        "kms-service-principal",
        "Trail",
        without_service("cloudtrail.amazonaws.com"),
        "cloudtrail.amazonaws.com",
    ),
    ("kms-service-principal", "Group", without_service("logs.us-east-1.amazonaws.com"), "logs."),
    ("kms-service-principal", "Topic", without_service("s3.amazonaws.com"), "s3.amazonaws.com"),
    ("kms-service-principal", "Topic", without_service("cloudwatch.amazonaws.com"), "let cloudwatch"),
    ("kms-service-principal", "Queue", without_service("events.amazonaws.com"), "let events"),
    ("kms-service-principal", "Queue", without_service("sns.amazonaws.com"), "let sns"),
    ("kms-service-principal", "Lake", without_service("delivery.logs.amazonaws.com"), "let delivery.logs"),
    (
        "kms-role",
        "Delivery",
        put(OF_DELIVERY + "0.Action", "kms:Encrypt"),
        "role DeliveryRole has no kms:GenerateDataKey on key Key",
    ),
    (
        "kms-role",
        "Delivery",
        put(OF_DELIVERY + "1.Resource", {"Fn::GetAtt": ["Lake", "Arn"]}),
        "role DeliveryRole has no kms:Decrypt on key Key",
    ),
    ("kms-role", "Mapping", put(OF_DELIVERY + "1.Action", "kms:Encrypt"), "has no kms:Decrypt on key Key"),
    ("kinesis-shards", "Stream", put("Stream.Properties.ShardCount", 1), "got 1 shards; 2000 records/s"),
    ("kinesis-shards", "Stream", put(f"Stream.Metadata.{LOAD}.RecordBytes", -1), "cannot be read"),
    ("lambda-queue-visibility", "Queue", put("Queue.Properties.VisibilityTimeout", 299), "got 299 seconds"),
    ("lambda-queue-visibility", "Queue", put("Queue.Properties.VisibilityTimeout", GONE), "got 30 seconds"),
]


def test_a_template_that_keeps_every_rule_has_no_finding() -> None:
    assert found(KEPT) == []


@pytest.mark.parametrize(
    ("rule", "logical_id", "edit", "said"), BROKEN, ids=[f"{b[0]}: {b[3]}" for b in BROKEN]
)
def test_an_edit_that_breaks_a_rule_is_named(rule: str, logical_id: str, edit: Edit, said: str) -> None:
    broken = [one for one in found(edited(edit)) if one.rule == rule and one.logical_id == logical_id]
    assert any(said in one.message for one in broken), found(edited(edit))
    assert all(one.fix and one.source.startswith("https://docs.aws.amazon.com/") for one in broken)


def test_every_rule_is_broken_by_some_edit() -> None:
    rules = {rule for service in SERVICES for rule in service.RULES}
    documents = [Templates.of({"t": edited(edit)}) for _, _, edit, _ in BROKEN]
    silent = [rule.__name__ for rule in rules if not any(list(rule(document)) for document in documents)]
    assert silent == []


def test_dynamic_partitioning_cannot_be_switched_later() -> None:
    old = Templates.of({"t": edited(put(CONFIGURATION + "DynamicPartitioningConfiguration", GONE))})
    [one] = changes(old, Templates.of({"t": KEPT}))
    assert (one.logical_id, one.rule) == ("Delivery", "firehose-dynamic-partitioning-later")
    assert changes(Templates.of({"t": KEPT}), Templates.of({"t": KEPT})) == []


def places(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The path of everything that stands in a node."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, inner in entries:
        yield (*path, name)
        yield from places(inner, (*path, name))


PLACES = [
    place
    for logical_id, resource in KEPT["Resources"].items()
    for place in places(resource["Properties"], (logical_id, "Properties"))
]


@pytest.mark.parametrize(
    "unknown",
    [
        {"Ref": "AWS::Region"},
        {"Fn::ImportValue": "elsewhere"},
        {"Fn::If": ["C", {"Ref": "P"}, {"Ref": "Q"}]},
        {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}},
    ],
    ids=lambda unknown: next(iter(unknown)),
)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_what_only_aws_knows_is_no_finding(place: tuple[str | int, ...], unknown: Any) -> None:
    assert found(edited(put(".".join(map(str, place)), unknown))) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_a_template_under_a_condition_is_the_template(place: tuple[str | int, ...]) -> None:
    def edit(resources: Document) -> None:
        node: Any = resources
        for name in place[:-1]:
            node = node[name]
        node[place[-1]] = {"Fn::If": ["C", node[place[-1]], {"Ref": "AWS::NoValue"}]}

    if "Fn::" not in ".".join(map(str, place)):
        assert found(edited(edit)) == []


def named(**names: Any) -> Edit:
    """An edit that gives resources physical names."""

    def edit(resources: Document) -> None:
        for logical_id, name in names.items():
            kind = {"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}[
                resources[logical_id]["Type"]
            ]
            resources[logical_id]["Properties"][kind] = name

    return edit


def granted(resources: Document, *arns: Any) -> None:
    resources["RolePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = list(arns)


def crawls(path: Any) -> Edit:
    return put("Crawler.Properties.Targets.S3Targets.0.Path", path)


def bare_bucket(resources: Document) -> None:
    crawls({"Fn::Sub": "s3://${Lake}"})(resources)
    granted(resources, {"Fn::Sub": "${Lake.Arn}/*"})


def folder_without_slash(resources: Document) -> None:
    crawls({"Fn::Sub": "s3://${Lake}/flights"})(resources)


def a_part_of_the_folder(resources: Document) -> None:
    granted(resources, {"Fn::Sub": "arn:${AWS::Partition}:s3:::${Lake}/flights/2024/*"})


def names_written_out(resources: Document) -> None:
    named(Lake="my-lake", Role="crawls")(resources)
    granted(resources, "arn:aws:s3:::my-lake/*")
    resources["RolePolicy"]["Properties"]["Roles"] = ["crawls"]


def target_written_out(resources: Document) -> None:
    named(Lake="my-lake")(resources)
    crawls("s3://my-lake/flights")(resources)


def names_of_a_pattern(resources: Document) -> None:
    granted(resources, "arn:aws:s3:::my-company-*")


def a_bucket_policy(resources: Document) -> None:
    granted(resources, {"Fn::GetAtt": ["Logs", "Arn"]})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}},
        "Action": "s3:Get*",
        "Resource": {"Fn::Sub": "${Lake.Arn}/*"},
    }
    properties = {"Bucket": {"Ref": "Lake"}, "PolicyDocument": {"Statement": statement}}
    resources["Policy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def a_key_policy(resources: Document) -> None:
    del resources["RolePolicy"]["Properties"]["PolicyDocument"]["Statement"][1]
    resources["Key"]["Properties"]["KeyPolicy"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": [{"Fn::GetAtt": ["Role", "Arn"]}]},
            "Action": "kms:*",
            "Resource": "*",
        }
    )


def all_keys_of_the_account(resources: Document) -> None:
    put(STATEMENTS + "1.Resource", "arn:aws:kms:us-east-1:111122223333:key/*")(resources)


def lake_formation(resources: Document) -> None:
    del resources["RolePolicy"]
    resources["Crawler"]["Properties"]["LakeFormationConfiguration"] = {"UseLakeFormationCredentials": True}


def a_bucket_of_somebody_else(resources: Document) -> None:
    crawls("s3://their-lake/raw/")(resources)


def the_names_that_the_managed_policy_reads(resources: Document) -> None:
    named(Lake="aws-glue-flights")(resources)
    put("Lake.Properties.BucketEncryption", GONE)(resources)
    del resources["RolePolicy"]
    managed = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    resources["Role"]["Properties"]["ManagedPolicyArns"] = [managed]


def a_managed_policy_of_the_template(resources: Document) -> None:
    policy = resources["RolePolicy"]
    policy["Type"] = "AWS::IAM::ManagedPolicy"
    del policy["Properties"]["Roles"]
    resources["Role"]["Properties"]["ManagedPolicyArns"] = [{"Ref": "RolePolicy"}]


def a_rule_that_writes_as_a_role(resources: Document) -> None:
    without_service("events.amazonaws.com")(resources)
    resources["Rule"]["Properties"]["Targets"][0]["RoleArn"] = "arn:aws:iam::111122223333:role/writes"


def delivery_that_the_key_itself_lets(resources: Document) -> None:
    del resources["DeliveryRole"]["Properties"]["Policies"]
    resources["Key"]["Properties"]["KeyPolicy"]["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": {"Fn::GetAtt": ["DeliveryRole", "Arn"]}}, "Action": "kms:*"}
    )


def a_topic_without_a_key_of_its_own(resources: Document) -> None:
    without_service("cloudwatch.amazonaws.com")(resources)
    del resources["Topic"]["Properties"]["KmsMasterKeyId"]


def classes_that_may_follow_at_once(resources: Document) -> None:
    resources["Lake"]["Properties"]["LifecycleConfiguration"]["Rules"][0]["Transitions"] = [
        {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0},
        {"StorageClass": "GLACIER", "TransitionInDays": 1},
        {"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 91},
    ]


def a_managed_policy_of_aws(resources: Document) -> None:
    del resources["RolePolicy"]
    read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    resources["Role"]["Properties"]["ManagedPolicyArns"] = [read]


def everyone_by_another_name(resources: Document) -> None:
    for statement in resources["Key"]["Properties"]["KeyPolicy"]["Statement"]:
        statement["Principal"] = {"AWS": "*"}


def a_location_on_one_condition(resources: Document) -> None:
    configuration = resources["Workgroup"]["Properties"]["WorkGroupConfiguration"]
    given = configuration["ResultConfiguration"]
    configuration["ResultConfiguration"] = {"Fn::If": ["Own", given, {"Ref": "AWS::NoValue"}]}


def a_location_written_out(resources: Document) -> None:
    named(Lake="my-lake")(resources)
    asking("s3://my-lake/elsewhere/")(resources)


def conversion_that_a_parameter_switches(resources: Document) -> None:
    configuration = resources["Delivery"]["Properties"]["ExtendedS3DestinationConfiguration"]
    configuration["DataFormatConversionConfiguration"] = {"Enabled": {"Ref": "Convert"}}
    configuration["DynamicPartitioningConfiguration"] = {"Enabled": {"Ref": "Convert"}}
    configuration["BufferingHints"] = {"SizeInMBs": 5}
    configuration["CompressionFormat"] = "GZIP"


HEALTHY: list[Edit] = [
    bare_bucket,
    folder_without_slash,
    a_part_of_the_folder,
    names_written_out,
    target_written_out,
    names_of_a_pattern,
    a_bucket_policy,
    a_key_policy,
    all_keys_of_the_account,
    lake_formation,
    a_bucket_of_somebody_else,
    the_names_that_the_managed_policy_reads,
    a_managed_policy_of_the_template,
    a_managed_policy_of_aws,
    a_rule_that_writes_as_a_role,
    delivery_that_the_key_itself_lets,
    a_topic_without_a_key_of_its_own,
    classes_that_may_follow_at_once,
    everyone_by_another_name,
    a_location_on_one_condition,
    a_location_written_out,
    conversion_that_a_parameter_switches,
]


@pytest.mark.parametrize("edit", HEALTHY, ids=lambda edit: edit.__name__)
def test_what_works_as_well_is_no_finding(edit: Edit) -> None:
    assert found(edited(edit)) == []


def someone_elses_bucket_policy(resources: Document) -> None:
    a_bucket_policy(resources)
    statement = resources["Policy"]["Properties"]["PolicyDocument"]["Statement"]
    statement["Principal"]["AWS"] = "arn:aws:iam::111122223333:root"


def the_managed_policy_alone(resources: Document) -> None:
    the_names_that_the_managed_policy_reads(resources)
    named(Lake="flights")(resources)


def another_name(resources: Document) -> None:
    names_written_out(resources)
    resources["RolePolicy"]["Properties"]["Roles"] = ["serves"]


@pytest.mark.parametrize(
    "edit",
    [someone_elses_bucket_policy, the_managed_policy_alone, another_name],
    ids=lambda edit: edit.__name__,
)
def test_a_grant_that_does_not_reach_the_crawler_is_none(edit: Edit) -> None:
    assert "glue-crawler-role" in {one.rule for one in found(edited(edit))}


def test_this_projects_stacks_have_no_finding() -> None:
    assert findings(Templates.of(dict(synthesized()))) == []
