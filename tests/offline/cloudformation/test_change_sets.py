"""Change sets: what would happen, before it does."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import (
    body,
    create,
    parameter,
    parameters_of_account,
    stack,
    value_of,
)


def change_set(name: str, kind: str, template: str) -> dict[str, Any]:
    cloudformation = boto3.client("cloudformation")
    created = cloudformation.create_change_set(
        StackName=name, ChangeSetName="next", ChangeSetType=kind, TemplateBody=template
    )
    described: dict[str, Any] = cloudformation.describe_change_set(
        ChangeSetName=created["Id"], IncludePropertyValues=True
    )
    return described


def named(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v", "Name": name}}


def test_a_new_stack_is_reviewed_before_it_exists(sandbox: Sandbox) -> None:
    planned = change_set("one", "CREATE", body({"P": parameter("a")}))
    assert (planned["Status"], planned["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [one["ResourceChange"]["Action"] for one in planned["Changes"]] == ["Add"]
    assert stack("one")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert parameters_of_account() == set()
    boto3.client("cloudformation").execute_change_set(ChangeSetName="next", StackName="one")
    assert stack("one")["StackStatus"] == "CREATE_COMPLETE"
    assert value_of("one", "P") == "a"


def test_an_update_is_planned_with_what_it_replaces(sandbox: Sandbox) -> None:
    create(
        "one",
        {"P": named("/a"), "Q": parameter({"Ref": "P"}), "Gone": parameter("x"), "Same": parameter("s")},
    )
    planned = change_set(
        "one",
        "UPDATE",
        body({"P": named("/b"), "Q": parameter({"Ref": "P"}), "New": parameter("n"), "Same": parameter("s")}),
    )
    changes = {
        one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in planned["Changes"]
    }
    assert {name: one["Action"] for name, one in changes.items()} == {
        "P": "Modify",
        "Q": "Modify",
        "New": "Add",
        "Gone": "Remove",
    }
    assert (changes["P"]["Replacement"], changes["Q"]["Replacement"]) == ("True", "False")
    [detail] = changes["P"]["Details"]
    assert detail["Target"]["RequiresRecreation"] == "Always"
    assert (detail["Target"]["BeforeValue"], detail["Target"]["AfterValue"]) == ("/a", "/b")
    after = json.loads(changes["Q"]["AfterContext"])["Properties"]["Value"]
    assert after == "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert "/b" not in parameters_of_account()
    boto3.client("cloudformation").execute_change_set(ChangeSetName="next", StackName="one")
    assert value_of("one", "Q") == "/b"


def test_a_change_set_without_changes_fails_in_the_words_that_tools_look_for(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    planned = change_set("one", "UPDATE", body({"P": parameter("a")}))
    assert planned["Status"] == "FAILED"
    assert planned["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        boto3.client("cloudformation").execute_change_set(ChangeSetName="next", StackName="one")


def test_change_sets_are_listed_deleted_and_gone_once_one_is_executed(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    cloudformation = boto3.client("cloudformation")
    change_set("one", "UPDATE", body({"P": parameter("b")}))
    assert len(cloudformation.list_change_sets(StackName="one")["Summaries"]) == 1
    template = cloudformation.get_template(StackName="one", ChangeSetName="next")["TemplateBody"]
    assert template["Resources"]["P"]["Properties"]["Value"] == "b"
    cloudformation.delete_change_set(ChangeSetName="next", StackName="one")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        cloudformation.describe_change_set(ChangeSetName="next", StackName="one")


def test_a_new_stack_needs_a_change_set_of_its_kind(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        change_set("one", "UPDATE", body({"P": parameter("a")}))
    create("one", {"P": parameter("a")})
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        change_set("one", "CREATE", body({"P": parameter("a")}))
