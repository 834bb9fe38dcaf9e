"""Coverage is what rows really do: read in their source, held against deployments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from offline.cloudformation.schema import schema_of
from offline.deploy import deploy
from offline.errors import UnknownResourceTypeError
from offline.resources import row_of, table
from offline.resources.coverage import Change, Coverage, Property, Status, coverage, coverages
from offline.resources.reading import Reading, UnreadableRowError, reading
from offline.resources.row import Physical, Properties, Resource, Row
from offline.sandbox import Sandbox
from tests.assembly import assembly

SHARED = {
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::CloudFormation::CustomResource",
}
"""Types whose rows also read what only a sister type has, or whatever a template names."""
WITHOUT_PROPERTIES = {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"}


def of(kind: str, path: str) -> Property:
    [found] = [one for one in coverage(kind).properties if one.path == path]
    return found


@pytest.mark.parametrize("kind", sorted(set(table()) - SHARED))
def test_a_row_reads_and_tells_only_properties_that_its_type_has(kind: str) -> None:
    found, known = reading(table()[kind]), set(schema_of(kind).properties)
    assert {path.partition(".")[0] for path in found.created | found.updated} <= known
    assert found.told <= known
    assert found.created or kind in WITHOUT_PROPERTIES


def test_every_type_is_told_of_with_each_of_its_properties() -> None:
    found = coverages()
    assert [one.type for one in found] == sorted(table())
    for one in found:
        shown = {path.path.partition(".")[0] for path in one.properties}
        read_only = {path[0] for path in schema_of(one.type).paths("readOnlyProperties") if len(path) == 1}
        assert shown == set(schema_of(one.type).properties) - read_only


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Properties, Physical]]:
    """Every resource that is created, as its row left the properties."""
    found: list[tuple[str, Properties, Physical]] = []

    def noted(row: Row) -> Callable[[Resource], Physical]:
        def create(resource: Resource) -> Physical:
            physical = row.create(resource)
            found.append((row.type, resource.properties, physical))
            return physical

        return create

    coverages()  # Before the rows are others.
    for kind, row in table().items():
        monkeypatch.setitem(table(), kind, replace(row, create=noted(row)))
    return found


def agrees(told: Coverage, properties: Properties, physical: Physical) -> None:
    unread = {path.partition(".")[0] for path in properties.unread()}
    for name in set(properties.names()) & set(schema_of(told.type).properties):
        paths = [one for one in told.properties if one.path.partition(".")[0] == name]
        honoured = any(one.status is Status.honoured for one in paths)
        assert honoured == (name not in unread), f"{told.type}: {name}"
    if "*" not in told.answered:
        assert set(physical.attributes) <= set(told.answered), told.type


def test_coverage_agrees_with_what_is_read_when_the_pipeline_is_deployed(
    sandbox: Sandbox, seen: list[tuple[str, Properties, Physical]]
) -> None:
    deploy(assembly(), sandbox)
    assert len({kind for kind, _, _ in seen}) > 20
    for kind, properties, physical in seen:
        agrees(coverage(kind), properties, physical)


REFUSED: tuple[tuple[str, dict[str, Any], str, Any], ...] = (
    ("AWS::Kinesis::Stream", {"ShardCount": 1}, "WarmThroughputMiBps", 1),
    ("AWS::SSM::Parameter", {"Type": "String", "Value": "v"}, "Policies", "[]"),
    ("AWS::SNS::Topic", {}, "DataProtectionPolicy", {"Name": "p"}),
    ("AWS::S3::Bucket", {}, "MetadataConfiguration", {}),
    ("AWS::DynamoDB::Table", {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }, "ImportSourceSpecification", {"InputFormat": "CSV"}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "needed", "name", "value"), REFUSED)
def test_what_coverage_calls_unsupported_is_refused_by_name(
    sandbox: Sandbox, kind: str, needed: dict[str, Any], name: str, value: Any
) -> None:
    assert of(kind, name).status is Status.unsupported
    stacks = boto3.client("cloudformation")
    for stack, properties in (("plain", needed), ("more", {**needed, name: value})):
        body = {"Resources": {"It": {"Type": kind, "Properties": properties}}}
        stacks.create_stack(StackName=stack, TemplateBody=json.dumps(body))
    plain, more = (stacks.describe_stacks(StackName=name)["Stacks"][0] for name in ("plain", "more"))
    assert plain["StackStatus"] == "CREATE_COMPLETE"
    assert more["StackStatus"] == "ROLLBACK_COMPLETE"
    assert name in more["StackStatusReason"]


def test_parts_inert_properties_and_changes_are_told_apart() -> None:
    assert of("AWS::Kinesis::Stream", "StreamEncryption.KeyId").status is Status.honoured
    assert of("AWS::Kinesis::Stream", "Name").change is Change.replaces
    inert = of("AWS::KMS::Key", "PendingWindowInDays")
    assert (inert.status, inert.change, inert.drift) == (Status.inert, None, False)
    assert inert.reason == row_of("AWS::KMS::Key").inert["PendingWindowInDays"]
    database = of("AWS::Glue::Connection", "ConnectionInput.Name")
    assert database.change is Change.replaces
    store = of("AWS::SageMaker::FeatureGroup", "OnlineStoreConfig")
    assert (store.change, store.reason) == (
        Change.in_place, "a change of EnableOnlineStore, SecurityConfig, StorageType replaces"
    )  # fmt: skip
    topic = of("AWS::SNS::Topic", "DisplayName")
    assert (topic.status, topic.change, topic.drift) == (Status.honoured, Change.in_place, True)


def test_fn_getatt_is_told_by_what_is_answered_and_what_is_refused() -> None:
    table_of = coverage("AWS::DynamoDB::Table")
    assert (table_of.answered, table_of.unanswered) == (("Arn", "StreamArn"), ())
    assert coverage("AWS::CloudFormation::CustomResource").answered == ("*",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("AWS::SNS::Topics", "near it: AWS::SNS::Topic"),
        ("queue", "near it: AWS::SQS::Queue"),
        ("AWS::Batch::JobQueue", "CloudFormation has it, but no row"),
    ],
)
def test_refuses_a_type_without_a_row_and_names_those_near_it(asked: str, told: str) -> None:
    with pytest.raises(UnknownResourceTypeError, match=told):
        coverage(asked)


# Forms that rows are written in, as if they stood in offline/resources.

TABLE = (("First", "a"), ("Second", "b"))
KNOWN = {"Third": 1}


def branches(resource: Resource) -> Physical:
    properties = resource.properties
    name = "Long" if properties.take("Mode") else "Short"
    properties.take(name)
    for side in ("In", "Out"):
        properties.take(f"Rule{side}")
    if "Deep" in properties:
        properties.at("Deep").at("Er").take("Est")
    return Physical("id", {"Arn": "a", **({"Extra": "b"} if name else {})})


def loops(resource: Resource) -> Physical:
    found = {api: _taken(resource, name) for name, api in TABLE} | resource.properties.only(*KNOWN)
    tags = lambda: resource.tag_list()  # noqa: E731
    return Physical("id", dict.fromkeys(("One", "Two"), found) | {"Tags": tags()})


def _taken(resource: Resource, name: str) -> Any:
    return resource.properties.take(name)


def unnamed(resource: Resource) -> Physical:
    return Physical(resource.properties.take(boto3.client("s3").list_buckets()["Owner"]))


def handed_on(resource: Resource) -> Physical:
    return Physical(json.dumps(resource.properties))


def followed(monkeypatch: pytest.MonkeyPatch, create: Callable[[Resource], Physical]) -> Reading:
    for function in (create, _taken):
        monkeypatch.setattr(function, "__module__", "offline.resources.sample")
    return reading(Row("Sample::A::Thing", create, lambda resource, physical: None))


def test_both_branches_are_read_and_parts_have_their_path(monkeypatch: pytest.MonkeyPatch) -> None:
    found = followed(monkeypatch, branches)
    assert found.created == {"Mode", "Long", "Short", "RuleIn", "RuleOut", "Deep.Er.Est"}
    assert found.attributes == {"Arn", "Extra"}


def test_loops_over_constants_and_what_a_function_calls_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = followed(monkeypatch, loops)
    assert found.created == {"First", "Second", "Third", "Tags"}
    assert found.attributes == {"One", "Two", "Tags"}


@pytest.mark.parametrize("create", [unnamed, handed_on])
def test_refuses_a_row_whose_reading_cannot_be_followed(
    monkeypatch: pytest.MonkeyPatch, create: Callable[[Resource], Physical]
) -> None:
    with pytest.raises(UnreadableRowError, match="Sample::A::Thing"):
        followed(monkeypatch, create)


def test_what_no_engine_does_with_a_job_is_not_called_honoured() -> None:
    found = coverage("AWS::SageMaker::ProcessingJob")
    assert of(found.type, "ExperimentConfig").status is Status.unsupported
    assert of(found.type, "ProcessingInputs").change is Change.replaces
    assert {"ProcessingJobArn", "ProcessingJobStatus"} <= set(found.answered)
    assert "ExitMessage" in found.unanswered
