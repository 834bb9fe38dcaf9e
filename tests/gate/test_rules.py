"""Every service rule: a template that keeps it, and an edit that breaks it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
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
                                "Service": ["cloudtrail.amazonaws.com", "logs.us-east-1.amazonaws.com"]
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
            "Properties": {"ShardCount": 2},
            "Metadata": {LOAD: {"RecordsPerSecond": 2000, "RecordBytes": 500, "Readers": 1}},
        },
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {"ExtendedS3DestinationConfiguration": S3},
        },
        "Transform": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 300}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 300}},
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
    ("s3-expiry", "Lake", put(RULE + "ExpirationInDays", 180), "expires after 180 days and moves after 180"),
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


@pytest.mark.parametrize(
    "unknown",
    [{"Ref": "AWS::Region"}, {"Fn::ImportValue": "elsewhere"}, {"Fn::If": ["C", {"Ref": "P"}, {"Ref": "Q"}]}],
)
@pytest.mark.parametrize(
    "path",
    [
        CONFIGURATION + "BufferingHints.SizeInMBs",
        CONFIGURATION + "CompressionFormat",
        CONFIGURATION + "Prefix",
        "Transform.Properties.Timeout",
        RULE + "Transitions.0.TransitionInDays",
        RULE + "ExpirationInDays",
        "Crawler.Properties.Role",
        "Crawler.Properties.Targets.S3Targets.0.Path",
        STATEMENTS + "0.Resource",
        "Workgroup.Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery",
        "Machine.Properties.DefinitionString",
        "Trail.Properties.KMSKeyId",
        "Stream.Properties.ShardCount",
        "Queue.Properties.VisibilityTimeout",
        "Key.Properties.KeyPolicy.Statement.0.Principal.Service",
    ],
)
def test_what_only_aws_knows_is_no_finding(path: str, unknown: Any) -> None:
    assert found(edited(put(path, unknown))) == []


def test_a_role_with_a_managed_policy_of_its_own_is_not_judged() -> None:
    def edit(resources: Document) -> None:
        resources["Role"]["Properties"]["ManagedPolicyArns"] = [
            "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        ]
        del resources["RolePolicy"]

    assert found(edited(edit)) == []


def test_this_projects_stacks_have_no_finding() -> None:
    assert findings(Templates.of(dict(synthesized()))) == []
