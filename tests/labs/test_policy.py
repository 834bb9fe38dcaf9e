"""`labs policy`: enough to deploy, narrowed by name, short enough for IAM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from typer.testing import CliRunner, Result

from labs.cli import app, stack_record
from labs.policy import HIGHEST_CHARACTERS, is_known, length, narrowed, parts, policies, statement, text
from labs.registry import LABS
from tests.assembly import assembly, write


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def stacks(*nouns: str) -> list[dict[str, Any]]:
    return [stack_record(stack) for stack in assembly().stacks if stack.noun in nouns]


def of(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """One stack of the lake's name with these resources."""
    return [{"name": "ml-labs-lake", "noun": "lake", "template": {"Resources": resources}}]


def statements(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for document in policies(found).documents for one in document["Statement"]]


def resources_of(action: str, found: list[dict[str, Any]]) -> set[str]:
    """What CloudFormation may do it to: the first document is of whoever deploys."""
    later = [one for document in policies(found).documents[1:] for one in document["Statement"]]
    return {arn for one in later if action in one["Action"] for arn in one["Resource"]}


@pytest.mark.parametrize("noun", LABS)
def test_every_handler_of_every_type_may_do_what_it_declares(noun: str) -> None:
    allowed = {action.lower() for one in statements(stacks(noun)) for action in one["Action"]}
    [stack] = stacks(noun)
    for resource in stack["template"]["Resources"].values():
        if resource["Type"].startswith("Custom::"):
            assert "lambda:invokefunction" in allowed
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        handlers = [schema["handlers"].get(name, {}) for name in ("create", "read", "update", "delete")]
        wanted = {one for handler in handlers for one in handler.get("permissions", []) if is_known(one)}
        missing = {one for one in wanted if one.lower() not in allowed}
        assert {one for one in missing if not one.endswith(("UserPolicy", "GroupPolicy"))} == set()


def test_roles_are_passed_only_if_they_are_the_stacks_own() -> None:
    assert resources_of("iam:PassRole", stacks("streaming")) == {"arn:*:iam::*:role/ml-labs-streaming-*"}
    assert resources_of("iam:CreateRole", stacks("lake", "query")) == {"arn:*:iam::*:role/ml-labs-lake-*"}
    assert resources_of("iam:PassRole", stacks("query")) == {"arn:*:iam::*:role/ml-labs-*"}


@pytest.mark.parametrize(
    ("noun", "action", "resources"),
    [
        ("streaming", "kinesis:CreateStream", {"arn:*:kinesis:*:*:stream/ml-labs-streaming-*"}),
        ("lake", "s3:CreateBucket", {"arn:*:s3:::ml-labs-lake-*"}),
        ("query", "s3:PutObject", {"arn:*:s3:::ml-labs-*"}),
        ("query", "athena:DeleteWorkGroup", {"arn:*:athena:*:*:workgroup/ml-labs-*"}),
        ("security", "iam:CreateServiceLinkedRole", {"arn:*:iam::*:role/aws-service-role/*"}),
        (
            "security",
            "cloudtrail:DeleteTrail",
            {"arn:*:cloudtrail:*:*:trail/Trail-*", "arn:*:cloudtrail:*:*:trail/ml-labs-security-*"},
        ),
        (
            "catalog",
            "glue:DeleteTable",
            {
                "arn:*:glue:*:*:catalog",
                "arn:*:glue:*:*:catalog/*",
                "arn:*:glue:*:*:database/ml_labs",
                "arn:*:glue:*:*:table/ml_labs/*",
            },
        ),
        ("training", "ec2:CreateTags", {"arn:*:ec2:*:*:security-group/*"}),
        ("lake", "lambda:InvokeFunction", {"arn:*:lambda:*:*:function:ml-labs-lake-*"}),
    ],
)
def test_what_has_a_name_is_narrowed_to_it(noun: str, action: str, resources: set[str]) -> None:
    assert resources_of(action, stacks(noun)) == resources


def test_state_machines_and_crawlers_begin_with_their_logical_ids() -> None:
    [machine] = [
        arn for arn in resources_of("states:CreateStateMachine", stacks("training")) if "Machine6" in arn
    ]
    assert machine == "arn:*:states:*:*:stateMachine:Machine6FC8AE80-*"
    assert "arn:*:glue:*:*:crawler/FlightsCrawler-*" in resources_of("glue:DeleteCrawler", stacks("catalog"))


def test_only_reading_reaches_the_assets_of_the_bootstrap() -> None:
    assets = [one for one in statements(stacks(*LABS)) if any("assets" in arn for arn in one["Resource"])]
    assert {action for one in assets for action in one["Action"]} == {"s3:GetObject", "s3:GetObjectVersion"}


def test_a_name_that_the_template_gives_stands_as_it_is() -> None:
    given = {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}}
    assert resources_of("s3:CreateBucket", of(given)) == {"arn:*:s3:::mine", "arn:*:s3:::mine/*"}
    group = {"L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/mine"}}}
    assert resources_of("logs:DeleteLogGroup", of(group)) == {
        "arn:*:logs:*:*:log-group:/mine",
        "arn:*:logs:*:*:log-group:/mine:*",
    }


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ({"Fn::Sub": "a-${AWS::Region}"}, "a-*"),
        ({"Fn::Join": ["-", ["a", {"Ref": "B"}, {"Ref": "C"}]]}, "a-*-*"),
        ({"Ref": "B"}, "*"),
        ({"Fn::Sub": ["${B}", {}]}, "*"),
    ],
)
def test_what_only_the_account_knows_of_a_name_is_a_star(value: Any, pattern: str) -> None:
    assert text(value) == pattern


def test_the_first_document_is_what_whoever_deploys_needs() -> None:
    by_sid = {one["Sid"]: one for one in policies(stacks("lake", "query")).documents[0]["Statement"]}
    assert by_sid["BootstrapRoles"]["Resource"] == ["arn:*:iam::*:role/cdk-hnb659fds-*"]
    assert by_sid["Stacks"]["Resource"] == [
        "arn:*:cloudformation:*:*:stack/ml-labs-lake/*",
        "arn:*:cloudformation:*:*:stack/ml-labs-query/*",
    ]
    assert by_sid["EmptyBuckets"]["Resource"] == ["arn:*:s3:::ml-labs-lake-*"]
    assert "EmptyBuckets" not in {one["Sid"] for one in policies(stacks("query")).documents[0]["Statement"]}


def test_no_action_is_a_wildcard_and_every_action_is_one_of_iams() -> None:
    for one in statements(stacks(*LABS)):
        assert one["Action"]
        assert one["Resource"]
        assert not any("*" in action for action in one["Action"])
        assert all(is_known(action) for action in one["Action"])


def test_a_declared_action_that_iam_does_not_have_is_named() -> None:
    unknown = policies(stacks("lake")).unknown
    assert "s3:DeleteBucketEncryption" in unknown
    assert "s3:REST.PUT.OBJECT" in unknown


def test_everything_everywhere_is_only_what_iam_cannot_narrow_and_says_so() -> None:
    for one in statements(stacks(*LABS)):
        if one["Resource"] == ["*"]:
            assert one["Sid"].endswith("TakesNoResource")
            stackless = one["Sid"].startswith("Cloudformation")
            assert stackless or all(narrowed(action, {}, []) == ("*",) for action in one["Action"])


def test_every_document_fits_a_managed_policy_and_sids_are_unique() -> None:
    found = policies(stacks(*LABS))
    assert found.undeclared == []
    assert len(found.documents) > 2
    for document in found.documents:
        assert length(document["Statement"]) <= HIGHEST_CHARACTERS
        sids = [one["Sid"] for one in document["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(sid.isalnum() for sid in sids)


def test_a_statement_that_is_too_long_alone_is_divided() -> None:
    actions = [f"s3:Action{number:04}" for number in range(900)]
    divided = list(parts(statement("S3", actions, ["*"])))
    assert [action for one in divided for action in one["Action"]] == actions
    assert all(length([one]) <= HIGHEST_CHARACTERS for one in divided)
    assert len({one["Sid"] for one in divided}) == len(divided)


def test_the_command_prints_the_documents_and_notes_beside_them() -> None:
    folder = str(assembly().directory)
    result = labs("policy", "lake", "lake", "--assembly", folder)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == policies(stacks("lake")).documents
    assert "left out, IAM has no such action: " in result.stderr
    machine = labs("policy", "lake", "--json", "--assembly", folder)
    assert (machine.stdout, machine.stderr) == (result.stdout, "")


def test_a_type_without_permissions_is_named(tmp_path: Path) -> None:
    template = {"Resources": {"Odd": {"Type": "AWS::Braket::Thing"}}}
    write(tmp_path, "ml-labs-lake", template, lab="lake")
    result = labs("policy", "lake", "--assembly", str(tmp_path))
    assert result.exit_code == 1
    assert "AWS::Braket::Thing declares no permissions" in result.stderr


def test_refuses_an_unknown_lab() -> None:
    assert labs("policy", "qury").exit_code == 2
