"""`labs policy`: enough to deploy, narrowed by name, short enough for IAM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from typer.testing import CliRunner, Result

from labs.cli import app, stack_record
from labs.policy import HIGHEST_CHARACTERS, documents, length, narrowed
from labs.registry import LABS
from tests.assembly import assembly


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def stacks(*nouns: str) -> list[dict[str, Any]]:
    return [stack_record(stack) for stack in assembly().stacks if stack.noun in nouns]


def statements(*nouns: str) -> list[dict[str, Any]]:
    return [one for document in documents(stacks(*nouns))[0] for one in document["Statement"]]


def resources_of(action: str, *nouns: str) -> set[str]:
    return {arn for one in statements(*nouns) if action in one["Action"] for arn in one["Resource"]}


@pytest.mark.parametrize("noun", LABS)
def test_every_handler_of_every_type_may_do_what_it_declares(noun: str) -> None:
    allowed = {action for one in statements(noun) for action in one["Action"]}
    [stack] = stacks(noun)
    for resource in stack["template"]["Resources"].values():
        if resource["Type"].startswith("Custom::"):
            assert "lambda:InvokeFunction" in allowed
            continue
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema[
            "handlers"
        ]
        wanted = (
            {one for name in ("create", "read", "delete") for one in handlers[name]["permissions"]}
            if ("read" in handlers)
            else {one for name in ("create", "delete") for one in handlers[name]["permissions"]}
        )
        assert {one for one in wanted - allowed if not one.endswith(("UserPolicy", "GroupPolicy"))} == set()


def test_roles_are_passed_only_if_they_are_the_stacks_own() -> None:
    assert resources_of("iam:PassRole", "streaming") == {"arn:*:iam::*:role/ml-labs-streaming-*"}
    assert resources_of("iam:CreateRole", "lake", "query") == {"arn:*:iam::*:role/ml-labs-lake-*"}


def test_what_has_a_name_is_narrowed_to_it() -> None:
    assert resources_of("kinesis:CreateStream", "streaming") == {
        "arn:*:kinesis:*:*:stream/ml-labs-streaming-*"
    }
    assert resources_of("s3:CreateBucket", "lake") == {"arn:*:s3:::ml-labs-lake-*"}
    assert resources_of("cloudformation:DeleteStack", "lake") == {
        "arn:*:cloudformation:*:*:stack/ml-labs-lake/*"
    }


def test_no_action_is_a_wildcard_and_no_statement_is_empty() -> None:
    for one in statements(*LABS):
        assert one["Action"]
        assert one["Resource"]
        assert not any("*" in action for action in one["Action"])


def test_everything_everywhere_is_only_what_iam_cannot_narrow() -> None:
    for one in statements(*LABS):
        if one["Resource"] == ["*"]:
            assert all(narrowed(action, {}) == ("*",) for action in one["Action"])


def test_every_document_fits_a_managed_policy_and_sids_are_unique() -> None:
    found, undeclared = documents(stacks(*LABS))
    assert undeclared == []
    assert len(found) > 1
    for document in found:
        assert length(document["Statement"]) <= HIGHEST_CHARACTERS
        sids = [one["Sid"] for one in document["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(sid.isalnum() for sid in sids)


def test_the_command_prints_the_documents() -> None:
    result = labs("policy", "lake", "--assembly", str(assembly().directory))
    assert result.exit_code == 0
    assert json.loads(result.stdout) == documents(stacks("lake"))[0]


def test_a_type_without_permissions_is_named(tmp_path: Path) -> None:
    template = {"Resources": {"Odd": {"Type": "AWS::Braket::Thing"}}}
    (tmp_path / "ml-labs-lake.template.json").write_text(json.dumps(template))
    result = labs("policy", "lake", "--assembly", str(tmp_path))
    assert result.exit_code == 1
    assert "AWS::Braket::Thing declares no permissions" in result.stderr


def test_refuses_an_unknown_lab() -> None:
    assert labs("policy", "qury").exit_code == 2
