"""Operations: what was asked of a stack, with the events that are its own."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import body, create, parameter, stack, update

BROKEN = parameter("v", DependsOn="P")
BROKEN["Properties"]["Surprise"] = True


def told(**asked: Any) -> list[dict[str, Any]]:
    """The events, the oldest first."""
    found: list[dict[str, Any]] = boto3.client("cloudformation").describe_events(**asked)["OperationEvents"]
    return found[::-1]


def operations(name: str) -> list[tuple[str, str]]:
    """Kinds and statuses of a stack's operations, in their order."""
    found = {one["OperationId"]: one for one in told(StackName=name) if one["EventType"] == "STACK_EVENT"}
    return [(one["OperationType"], one["OperationStatus"]) for one in found.values()]


def test_each_request_is_an_operation_with_events_of_its_own(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    created = cloudformation.create_stack(StackName="one", TemplateBody=body({"P": parameter("a")}))
    updated = cloudformation.update_stack(StackName="one", TemplateBody=body({"P": parameter("b")}))
    assert operations("one") == [("CREATE_STACK", "SUCCEEDED"), ("UPDATE_STACK", "SUCCEEDED")]
    assert stack("one")["LastOperations"] == [
        {"OperationType": "UPDATE_STACK", "OperationId": updated["OperationId"]}
    ]
    first = told(OperationId=created["OperationId"])
    assert [(one["EventType"], one["LogicalResourceId"], one["ResourceStatus"]) for one in first] == [
        ("STACK_EVENT", "one", "CREATE_IN_PROGRESS"),
        ("PROGRESS_EVENT", "P", "CREATE_IN_PROGRESS"),
        ("PROGRESS_EVENT", "P", "CREATE_COMPLETE"),
        ("STACK_EVENT", "one", "CREATE_COMPLETE"),
    ]
    assert first[0]["StartTime"] <= first[0]["EndTime"]
    named = {
        one["OperationId"] for one in cloudformation.describe_stack_events(StackName="one")["StackEvents"]
    }
    assert named == {created["OperationId"], updated["OperationId"]}


def test_a_rollback_is_an_operation_after_the_one_that_failed(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a"), "Q": BROKEN})
    assert operations("one") == [("CREATE_STACK", "FAILED"), ("ROLLBACK", "SUCCEEDED")]
    [failed] = told(StackName="one", Filters={"FailedEvents": True})
    assert (failed["EventType"], failed["OperationType"], failed["LogicalResourceId"]) == (
        "PROVISIONING_ERROR",
        "CREATE_STACK",
        "Q",
    )
    assert "Surprise" in failed["ResourceStatusReason"]


def test_a_stack_that_stopped_is_rolled_back_by_an_operation_that_is_told(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    template = body({"P": parameter("a"), "Q": BROKEN})
    cloudformation.create_stack(StackName="one", TemplateBody=template, DisableRollback=True)
    operation = cloudformation.rollback_stack(StackName="one")["OperationId"]
    assert operations("one") == [("CREATE_STACK", "FAILED"), ("ROLLBACK", "SUCCEEDED")]
    assert {one["OperationType"] for one in told(OperationId=operation)} == {"ROLLBACK"}


def test_events_of_a_change_set_are_those_of_planning_it(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    cloudformation = boto3.client("cloudformation")
    for name, value in (("good", "b"), ("bad", {"Fn::ImportValue": "nobody-exports-this"})):
        template = body({"P": parameter(value)})
        cloudformation.create_change_set(StackName="one", ChangeSetName=name, TemplateBody=template)
    [good] = told(StackName="one", ChangeSetName="good")
    assert (good["OperationType"], good["OperationStatus"]) == ("CREATE_CHANGESET", "SUCCEEDED")
    [bad] = told(StackName="one", ChangeSetName="bad")
    assert (bad["EventType"], bad["OperationStatus"]) == ("STACK_EVENT", "FAILED")
    assert told(StackName="one", ChangeSetName="bad", Filters={"FailedEvents": True}) == []
    shown = cloudformation.describe_stack_events(StackName="one")["StackEvents"]
    assert good["OperationId"] not in {one["OperationId"] for one in shown}
    hooks = cloudformation.describe_change_set_hooks(StackName="one", ChangeSetName="bad")
    assert (hooks["Hooks"], hooks["Status"]) == ([], "UNAVAILABLE")


def test_events_of_nothing_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="One of ChangeSetName, OperationId or StackName"):
        told()
    with pytest.raises(ClientError, match="Operation nothing does not exist"):
        told(OperationId="nothing")


def test_no_hook_was_ever_invoked(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    found = cloudformation.list_hook_results(TargetType="STACK", TargetId="one")
    assert (found["TargetType"], found["TargetId"], found["HookResults"]) == ("STACK", "one", [])
    with pytest.raises(ClientError) as refused:
        cloudformation.get_hook_result(HookResultId="11111111-2222-3333-4444-555555555555")
    assert refused.value.response["Error"]["Code"] == "HookResultNotFound"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_clients_that_order_events_by_milliseconds_see_them_as_they_happened(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a"), "Q": parameter("b")})
    update("one", {"P": parameter("c"), "Q": parameter("d")})
    shown = boto3.client("cloudformation").describe_stack_events(StackName="one")["StackEvents"]
    moments = [int(one["Timestamp"].timestamp() * 1000) for one in shown]
    assert len(set(moments)) == len(moments)
    assert moments == sorted(moments, reverse=True)
