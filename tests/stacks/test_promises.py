"""Every promise holds, and breaks as soon as a template drops what it stands on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.assembly import templates
from tests.stacks import promises
from tests.stacks.promises import PROMISES, Templates, resources

Mutation = Callable[[Templates], Any]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_templates_keep_their_promise(promise: Callable[[Templates], bool]) -> None:
    assert promise(templates())


def drop(kind: str, *path: str) -> Mutation:
    """Remove a property of the first resource of a type that has it."""

    def mutate(mutated: Templates) -> None:
        for _, properties in resources(mutated, kind):
            holder: Any = properties
            for name in path[:-1]:
                holder = holder.get(name, {})
            if path[-1] in holder:
                del holder[path[-1]]
                return
        raise AssertionError(f"no {kind} has {'.'.join(path)}")

    return mutate


def drop_statement(sid_or_condition: str) -> Mutation:
    def mutate(mutated: Templates) -> None:
        for _, properties in resources(mutated, "AWS::S3::BucketPolicy"):
            document = properties["PolicyDocument"]
            document["Statement"] = [s for s in document["Statement"] if sid_or_condition not in str(s)]

    return mutate


def drop_action(action: str) -> Mutation:
    def mutate(mutated: Templates) -> None:
        for statement in promises.statements(mutated):
            if isinstance(statement["Action"], list):
                statement["Action"] = [a for a in statement["Action"] if a != action]
            elif statement["Action"] == action:
                statement["Action"] = "s3:ListBucket"

    return mutate


def widen_an_action(mutated: Templates) -> None:
    next(iter(promises.statements(mutated)))["Action"] = "s3:*"


def add_nat_gateway(mutated: Templates) -> None:
    mutated["security"]["Resources"]["Nat"] = {"Type": "AWS::EC2::NatGateway", "Properties": {}}


def retag(mutated: Templates) -> None:
    next(resources(mutated, "AWS::Kinesis::Stream"))[1]["Tags"] = []


MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    ("every_bucket_is_encrypted_by_default", drop("AWS::S3::Bucket", "BucketEncryption")),
    ("public_access_is_blocked", drop("AWS::S3::Bucket", "PublicAccessBlockConfiguration")),
    (
        "public_access_is_blocked",
        drop("AWS::S3::Bucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy"),
    ),
    ("only_tls_reaches_the_buckets", drop_statement("aws:SecureTransport")),
    ("other_encryption_is_denied", drop_statement("DenyOtherEncryption")),
    ("unfinished_uploads_are_cleaned_up", drop("AWS::S3::Bucket", "LifecycleConfiguration", "Rules")),
    ("keys_rotate", drop("AWS::KMS::Key", "EnableKeyRotation")),
    ("the_stream_is_encrypted", drop("AWS::Kinesis::Stream", "StreamEncryption")),
    (
        "deliveries_are_encrypted",
        drop(
            "AWS::KinesisFirehose::DeliveryStream",
            "ExtendedS3DestinationConfiguration",
            "EncryptionConfiguration",
        ),
    ),
    (
        "query_results_are_encrypted_and_enforced",
        drop("AWS::Athena::WorkGroup", "WorkGroupConfiguration", "EnforceWorkGroupConfiguration"),
    ),
    ("log_groups_are_encrypted_and_expire", drop("AWS::Logs::LogGroup", "KmsKeyId")),
    ("the_network_has_no_way_out", add_nat_gateway),
    ("the_network_has_no_way_out", drop("AWS::EC2::VPCEndpoint", "PolicyDocument")),
    ("the_trail_records_the_lakes_objects", drop("AWS::CloudTrail::Trail", "EventSelectors")),
    ("no_grant_is_a_wildcard_action", widen_an_action),
    ("firehose_may_do_its_work", drop_action("kms:GenerateDataKey")),
    ("firehose_may_do_its_work", drop_action("s3:PutObject")),
    ("firehose_may_do_its_work", drop_action("kinesis:GetRecords")),
    ("everything_is_tagged_with_its_lab", retag),
)


@pytest.mark.parametrize(
    ("promise", "mutation"), MUTATIONS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_mutated_template_breaks_its_promise(promise: str, mutation: Mutation) -> None:
    mutated = copy.deepcopy(templates())
    mutation(mutated)
    try:
        kept = getattr(promises, promise)(mutated)
    except KeyError:
        kept = False
    assert not kept


def drop_lake_rules(mutated: Templates) -> None:
    for _, properties in resources(mutated, "AWS::S3::Bucket"):
        for rule in properties["LifecycleConfiguration"]["Rules"]:
            rule.pop("Transitions", None)


def test_a_lake_without_transitions_breaks_its_promise() -> None:
    mutated = copy.deepcopy(templates())
    drop_lake_rules(mutated)
    assert not promises.the_lake_cools_and_expires(mutated)
