"""Nested stacks that wait: their parents wait with them, go on with them, and are taken back with them."""

from __future__ import annotations

import hashlib
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import (
    body,
    create,
    events,
    parameter,
    parameters_of_account,
    physical_id,
    stack,
    update,
    value_of,
)
from tests.offline.cloudformation.test_signals import HANDLE, by_handle, by_policy, reason_of, settled, signal
from tests.offline.server.conftest import ClientOf, client_of, served, server

__all__ = ["client_of", "served", "server"]

BROKEN = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "none", "PolicyDocument": {}}}
WAITS = {"W": by_policy(Timeout="PT10M")}
DATA = {"Data": {"Value": {"Fn::GetAtt": "W.Data"}}}


def nested(resources: dict[str, Any], after: str = "", **sections: Any) -> dict[str, Any]:
    """A nested stack, whose template lies in a bucket."""
    template = body(resources, **sections)
    key, s3 = hashlib.sha256(template.encode()).hexdigest(), boto3.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key=key, Body=template)
    properties = {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/templates/{key}"}
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": properties,
        **({"DependsOn": after} if after else {}),
    }


def statuses(*names: str) -> list[str]:
    return [str(stack(name)["StackStatus"]) for name in names]


def status_in(name: str, logical_id: str) -> str:
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=name, LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["ResourceStatus"])


def cancel(name: str) -> None:
    boto3.client("cloudformation").cancel_update_stack(StackName=name)


def test_a_parent_is_in_progress_until_its_nested_stack_is_complete(sandbox: Sandbox) -> None:
    child = nested(WAITS, Outputs=DATA)
    create("parent", {"Child": child, "P": parameter({"Fn::GetAtt": "Child.Outputs.Data"})})
    id = physical_id("parent", "Child")
    assert statuses("parent", id) == ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"]
    assert status_in("parent", "Child") == "CREATE_IN_PROGRESS"
    assert parameters_of_account() == set()
    signal(id, "W", "a")
    sandbox.settle()
    assert statuses("parent", id) == ["CREATE_COMPLETE", "CREATE_COMPLETE"]
    assert value_of("parent", "P") == '{"a":""}'
    assert [status for logical_id, status in events("parent") if logical_id == "Child"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]


def test_a_wait_two_levels_below_holds_the_root(sandbox: Sandbox) -> None:
    middle = nested({"Leaf": nested(WAITS, Outputs=DATA), "M": parameter("m", DependsOn="Leaf")})
    create("root", {"Middle": middle, "P": parameter("p", DependsOn="Middle")})
    middle_id = physical_id("root", "Middle")
    leaf_id = physical_id(middle_id, "Leaf")
    assert statuses("root", middle_id, leaf_id) == ["CREATE_IN_PROGRESS"] * 3
    signal(leaf_id, "W", "a")
    sandbox.settle()
    assert statuses("root", middle_id, leaf_id) == ["CREATE_COMPLETE"] * 3
    assert (value_of(middle_id, "M"), value_of("root", "P")) == ("m", "p")


def test_a_served_parent_goes_on_by_itself(client_of: ClientOf) -> None:
    cloudformation, s3 = client_of("cloudformation"), client_of("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.json", Body=body(WAITS))
    url = "https://s3.us-east-1.amazonaws.com/templates/child.json"
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    cloudformation.create_stack(StackName="parent", TemplateBody=body({"Child": child}))
    [found] = cloudformation.list_stack_resources(StackName="parent")["StackResourceSummaries"]
    assert found["ResourceStatus"] == "CREATE_IN_PROGRESS"
    asked = {"StackName": found["PhysicalResourceId"], "LogicalResourceId": "W", "Status": "SUCCESS"}
    cloudformation.signal_resource(**asked, UniqueId="a")
    assert settled(cloudformation, "parent")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("deep", [False, True])
def test_a_nested_stack_that_fails_takes_its_parents_back(sandbox: Sandbox, deep: bool) -> None:
    child = nested({"Q": parameter("q"), "W": by_policy() | {"DependsOn": "Q"}})
    between = nested({"M": parameter("m"), "Child": child | {"DependsOn": "M"}}) if deep else child
    create("parent", {"P": parameter("p"), "Child": between | {"DependsOn": "P"}})
    ids = [physical_id("parent", "Child")]
    if deep:
        ids.append(physical_id(ids[0], "Child"))
    signal(ids[-1], "W", "a", "FAILURE")
    sandbox.settle()
    assert statuses("parent", *ids) == ["ROLLBACK_COMPLETE", *["DELETE_COMPLETE"] * len(ids)]
    told = reason_of("parent", "Child")
    assert told.startswith(f"Embedded stack {ids[0]} was not successfully created: ")
    assert told.endswith("Received FAILURE signal with UniqueId a")
    assert parameters_of_account() == set()
    assert len(boto3.client("cloudformation").describe_stacks()["Stacks"]) == 1


def test_a_nested_stack_whose_time_is_over_takes_its_parent_back(sandbox: Sandbox) -> None:
    create("parent", {"Child": nested({"Handle": HANDLE, "W": by_handle("600")})})
    sandbox.advance(seconds=599)
    assert statuses("parent") == ["CREATE_IN_PROGRESS"]
    sandbox.advance(seconds=1)
    assert statuses("parent") == ["ROLLBACK_COMPLETE"]
    assert "WaitCondition timed out. Received 0 conditions when expecting 1" in reason_of("parent", "Child")


def test_a_nested_stack_is_created_within_its_own_time(sandbox: Sandbox) -> None:
    child = nested({"Q": parameter("q"), "W": by_policy(Timeout="PT1H") | {"DependsOn": "Q"}})
    child["Properties"]["TimeoutInMinutes"] = 7
    create("parent", {"Child": child})
    child_id = physical_id("parent", "Child")
    assert stack(child_id)["TimeoutInMinutes"] == 7
    sandbox.advance(minutes=6)
    assert statuses("parent") == ["CREATE_IN_PROGRESS"]
    sandbox.advance(minutes=1)
    assert statuses("parent", child_id) == ["ROLLBACK_COMPLETE", "DELETE_COMPLETE"]
    told = f"Embedded stack {child_id} was not successfully created: "
    assert reason_of("parent", "Child") == f"{told}Stack creation time exceeded the specified timeout"
    assert parameters_of_account() == set()


def test_a_parent_that_is_out_of_time_ends_its_nested_stack(sandbox: Sandbox) -> None:
    template = body({"Child": nested({"Q": parameter("q"), "W": by_policy(Timeout="PT1H")})})
    asked = {"StackName": "parent", "TemplateBody": template, "TimeoutInMinutes": 2}
    boto3.client("cloudformation").create_stack(**asked)
    child_id = physical_id("parent", "Child")
    sandbox.advance(minutes=2)
    assert statuses("parent", child_id) == ["ROLLBACK_COMPLETE", "DELETE_COMPLETE"]
    assert stack("parent")["StackStatusReason"] == "Stack creation time exceeded the specified timeout"
    assert parameters_of_account() == set()


def test_an_update_may_take_longer_than_the_creation(sandbox: Sandbox) -> None:
    child = nested({"Q": parameter("q")})
    child["Properties"]["TimeoutInMinutes"] = 2
    create("parent", {"Child": child})
    changed = nested({"Q": parameter("q"), "W": by_policy(Timeout="PT1H")})
    changed["Properties"]["TimeoutInMinutes"] = 1
    update("parent", {"Child": changed})
    sandbox.advance(minutes=3)
    assert statuses("parent") == ["UPDATE_IN_PROGRESS"]


def test_a_parent_is_deleted_with_a_nested_stack_that_waits(sandbox: Sandbox) -> None:
    child = nested({"Q": parameter("q"), "W": by_policy() | {"DependsOn": "Q"}})
    parent_id = create("parent", {"P": parameter("p"), "Child": child | {"DependsOn": "P"}})["StackId"]
    child_id = physical_id("parent", "Child")
    boto3.client("cloudformation").delete_stack(StackName="parent")
    sandbox.advance(hours=1)
    assert statuses(parent_id, child_id) == ["DELETE_COMPLETE", "DELETE_COMPLETE"]
    assert events(child_id)[-1] == (stack(child_id)["StackName"], "DELETE_COMPLETE")
    assert parameters_of_account() == set()


def test_a_parent_is_taken_back_when_its_nested_stack_is_deleted(sandbox: Sandbox) -> None:
    create("parent", {"Child": nested(WAITS)})
    child_id = physical_id("parent", "Child")
    boto3.client("cloudformation").delete_stack(StackName=child_id)
    sandbox.settle()
    assert statuses("parent", child_id) == ["ROLLBACK_COMPLETE", "DELETE_COMPLETE"]
    assert events(child_id).count((stack(child_id)["StackName"], "DELETE_COMPLETE")) == 1


def test_a_nested_stack_gains_a_wait_in_an_update(sandbox: Sandbox) -> None:
    create("parent", {"Child": nested({"Q": parameter("a")})})
    child_id = physical_id("parent", "Child")
    changed = nested({"Q": parameter("b"), **WAITS}, Outputs=DATA)
    update("parent", {"Child": changed, "P": parameter({"Fn::GetAtt": "Child.Outputs.Data"})})
    assert statuses("parent", child_id) == ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"]
    assert status_in("parent", "Child") == "UPDATE_IN_PROGRESS"
    signal(child_id, "W", "a")
    sandbox.settle()
    assert statuses("parent", child_id) == ["UPDATE_COMPLETE", "UPDATE_COMPLETE"]
    assert (value_of(child_id, "Q"), value_of("parent", "P")) == ("b", '{"a":""}')


def test_an_update_that_waits_in_vain_in_a_nested_stack_is_taken_back(sandbox: Sandbox) -> None:
    old = {"P": parameter("a"), "Child": nested({"Q": parameter("a")})}
    create("parent", old)
    child_id = physical_id("parent", "Child")
    update("parent", {"P": parameter("b"), "Child": nested({"Q": parameter("b"), **WAITS}, after="P")})
    sandbox.advance(minutes=10)
    assert statuses("parent", child_id) == ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
    assert reason_of("parent", "Child").startswith(
        f"Embedded stack {child_id} was not successfully updated. "
        "Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: "
    )
    assert (value_of("parent", "P"), value_of(child_id, "Q")) == ("a", "a")
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update("parent", old)


def test_a_nested_stack_is_cleaned_up_with_its_parent(sandbox: Sandbox) -> None:
    create("parent", {"Child": nested({"Q": parameter("a"), "Old": parameter("old")})})
    child_id = physical_id("parent", "Child")
    kept = physical_id(child_id, "Old")
    changed = nested({"Q": parameter("b")})
    update("parent", {"Child": changed, "W": by_policy() | {"DependsOn": "Child"}})
    assert statuses("parent", child_id) == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
    assert status_in("parent", "Child") == "UPDATE_COMPLETE"
    assert kept in parameters_of_account()
    signal("parent", "W", "a")
    sandbox.settle()
    assert statuses("parent", child_id) == ["UPDATE_COMPLETE", "UPDATE_COMPLETE"]
    assert kept not in parameters_of_account()


def test_what_a_nested_stack_lost_is_not_waited_for_again_when_its_parent_is_taken_back(
    sandbox: Sandbox,
) -> None:
    leaf = nested({"Q": parameter("a"), **WAITS}, Outputs=DATA)
    create("root", {"Middle": nested({"Leaf": leaf})})
    middle_id = physical_id("root", "Middle")
    leaf_id = physical_id(middle_id, "Leaf")
    signal(leaf_id, "W", "a")
    sandbox.settle()
    before = stack(leaf_id)["Outputs"]
    changed = nested({"Leaf": nested({"Q": parameter("b")})})
    update("root", {"Middle": changed, "B": BROKEN | {"DependsOn": "Middle"}})
    assert statuses("root", middle_id, leaf_id) == ["UPDATE_ROLLBACK_COMPLETE"] * 3
    assert (value_of(leaf_id, "Q"), status_in(leaf_id, "W")) == ("a", "CREATE_COMPLETE")
    assert stack(leaf_id)["Outputs"] == before
    again = update("root", {"Middle": changed})
    assert again["StackStatus"] == "UPDATE_COMPLETE"
    assert value_of(leaf_id, "Q") == "b"


def test_an_update_that_failed_is_tried_again_where_rollback_is_disabled(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    create("parent", {"First": nested({"Q": parameter("a")}), "Second": nested({"R": parameter("a")})})
    first, second = physical_id("parent", "First"), physical_id("parent", "Second")
    changed = {
        "First": nested({"Q": parameter("b")}),
        "Second": nested({"R": parameter("b"), **WAITS}, after="First"),
    }
    asked = {"StackName": "parent", "TemplateBody": body(changed), "DisableRollback": True}
    cloudformation.update_stack(**asked)
    sandbox.advance(minutes=10)
    assert statuses("parent", second) == ["UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"]
    cloudformation.update_stack(**asked)
    assert statuses("parent", first, second) == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
    ]
    signal(second, "W", "a")
    sandbox.settle()
    assert statuses("parent", first, second) == ["UPDATE_COMPLETE"] * 3
    assert (value_of(first, "Q"), value_of(second, "R")) == ("b", "b")


@pytest.mark.parametrize("then", ["rollback_stack", "delete_stack"])
def test_a_nested_update_that_stands_follows_what_becomes_of_its_parent(sandbox: Sandbox, then: str) -> None:
    cloudformation = boto3.client("cloudformation")
    create("parent", {"Child": nested({"Q": parameter("a"), "Old": parameter("old")})})
    child_id = physical_id("parent", "Child")
    changed = {"Child": nested({"Q": parameter("b")}), "B": BROKEN | {"DependsOn": "Child"}}
    cloudformation.update_stack(StackName="parent", TemplateBody=body(changed), DisableRollback=True)
    assert statuses("parent", child_id) == ["UPDATE_FAILED", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
    getattr(cloudformation, then)(StackName="parent")
    if then == "delete_stack":
        assert statuses(child_id) == ["DELETE_COMPLETE"]
        assert parameters_of_account() == set()
    else:
        assert statuses("parent", child_id) == ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
        update(
            "parent", {"Child": nested({"Q": parameter("a"), "Old": parameter("old")}), "P": parameter("p")}
        )
        assert (value_of(child_id, "Q"), value_of(child_id, "Old")) == ("a", "old")


def test_a_rollback_that_fails_in_a_nested_stack_goes_on_with_that_of_its_parent(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    create("parent", {"Child": nested({"Q": parameter("a")})})
    child_id = physical_id("parent", "Child")
    changed = nested({"Q": parameter("b"), "New": {"Type": "AWS::S3::Bucket"}})
    update("parent", {"Child": changed, "W": by_policy() | {"DependsOn": "Child"}})
    place = {"Bucket": physical_id(child_id, "New"), "Key": "in-the-way"}
    s3.put_object(**place)
    cancel("parent")
    assert statuses("parent", child_id) == ["UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"]
    assert "Currently in UPDATE_ROLLBACK_FAILED with reason: " in stack("parent")["StackStatusReason"]
    s3.delete_object(**place)
    boto3.client("cloudformation").continue_update_rollback(StackName="parent")
    assert statuses("parent", child_id) == ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
    assert value_of(child_id, "Q") == "a"


@pytest.mark.parametrize("rollback_disabled", [False, True])
def test_an_update_that_waits_is_cancelled(sandbox: Sandbox, rollback_disabled: bool) -> None:
    create("one", {"P": parameter("a")})
    changed = body({"P": parameter("b"), "W": by_policy() | {"DependsOn": "P"}})
    asked = {"StackName": "one", "TemplateBody": changed, "DisableRollback": rollback_disabled}
    boto3.client("cloudformation").update_stack(**asked)
    with pytest.raises(ClientError, match=r"/one/.*\] cannot be deleted while in status UPDATE_IN_PROGRESS"):
        boto3.client("cloudformation").delete_stack(StackName="one")
    cancel("one")
    assert statuses("one") == ["UPDATE_ROLLBACK_COMPLETE"]
    assert ("one", "UPDATE_ROLLBACK_IN_PROGRESS") in events("one")
    assert reason_of("one", "W") == "Resource creation cancelled"
    assert value_of("one", "P") == "a"
    sandbox.advance(hours=1)
    assert statuses("one") == ["UPDATE_ROLLBACK_COMPLETE"]


def test_nested_stacks_are_taken_back_when_the_update_of_their_parent_is_cancelled(sandbox: Sandbox) -> None:
    create("parent", {"Done": nested({"Q": parameter("a")}), "Child": nested({"R": parameter("a")})})
    done, child = physical_id("parent", "Done"), physical_id("parent", "Child")
    waits = nested({"R": parameter("b"), **WAITS}, after="Done")
    update("parent", {"Done": nested({"Q": parameter("b")}), "Child": waits})
    cancel("parent")
    assert statuses("parent", done, child) == ["UPDATE_ROLLBACK_COMPLETE"] * 3
    assert (value_of(done, "Q"), value_of(child, "R")) == ("a", "a")
    assert reason_of("parent", "Child") == "Resource update cancelled"


def test_a_new_nested_stack_is_deleted_when_the_update_of_its_parent_is_cancelled(sandbox: Sandbox) -> None:
    create("parent", {"P": parameter("a")})
    update("parent", {"P": parameter("a"), "Child": nested({"Q": parameter("q"), **WAITS})})
    child_id = physical_id("parent", "Child")
    cancel("parent")
    assert statuses("parent", child_id) == ["UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE"]
    assert parameters_of_account() == {physical_id("parent", "P")}


@pytest.mark.parametrize("resources", [{"P": parameter("a")}, WAITS])
def test_refuses_to_cancel_what_is_no_update(sandbox: Sandbox, resources: dict[str, Any]) -> None:
    create("one", resources)
    said = "CancelUpdateStack cannot be called from current stack status"
    with pytest.raises(ClientError, match=said) as refused:
        cancel("one")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
