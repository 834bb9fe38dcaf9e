"""Stacks that wait: for signals by SignalResource, or for those that are PUT at a handle's address."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.assembly import Assembly, StackArtifact
from offline.clock import clock
from offline.deploy import deploy
from offline.errors import DeploymentError
from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import (
    body,
    create,
    events,
    parameter,
    parameters_of_account,
    physical_id,
    stack,
    value_of,
)
from tests.offline.engines.roles import role
from tests.offline.server.conftest import ClientOf, client_of, served, server
from tests.offline.server.wire import Got, send

__all__ = ["client_of", "served", "server"]

CODE = """import json
from urllib.request import Request, urlopen

def run(event, context):
    told = {"Status": "SUCCESS", "UniqueId": "function", "Data": "here"}
    done = {"Status": "SUCCESS", "PhysicalResourceId": "it"}
    addresses = {event["ResourceProperties"]["Address"]: told} if event["RequestType"] == "Create" else {}
    for url, body in {**addresses, event["ResponseURL"]: done}.items():
        urlopen(Request(url, json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"))
"""
KIND = "AWS::CloudFormation::WaitCondition"
HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


def by_policy(**signal: Any) -> dict[str, Any]:
    return {"Type": KIND, "CreationPolicy": {"ResourceSignal": signal}}


def by_handle(timeout: str = "600", **properties: Any) -> dict[str, Any]:
    return {"Type": KIND, "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": timeout, **properties}}


def put(sandbox: Sandbox, address: str, content: Any, method: str = "PUT") -> Got:
    assert sandbox.server is not None
    assert address.startswith(sandbox.server.url)
    text = content if isinstance(content, str) else json.dumps(content)
    return send(sandbox.server, method, address.removeprefix(sandbox.server.url), text)


def told(unique_id: str, data: str = "", status: str = "SUCCESS", reason: str = "") -> dict[str, str]:
    return {"Status": status, "UniqueId": unique_id, "Data": data, "Reason": reason}


def signal(name: str, logical_id: str, unique_id: str, status: str = "SUCCESS") -> None:
    boto3.client("cloudformation").signal_resource(
        StackName=name, LogicalResourceId=logical_id, UniqueId=unique_id, Status=status
    )


def reason_of(name: str, logical_id: str) -> str:
    found = boto3.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    [failed] = [one for one in found if one["LogicalResourceId"] == logical_id and "FAILED" in _status(one)]
    return str(failed["ResourceStatusReason"])


def _status(event: dict[str, Any]) -> str:
    return str(event["ResourceStatus"])


def settled(client: Any, name: str) -> dict[str, Any]:
    """A served stack, once nothing is in progress."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{name} is still in progress")


def test_a_served_stack_is_created_once_two_signals_came(client_of: ClientOf) -> None:
    cloudformation = client_of("cloudformation")
    resources = {"W": by_policy(Count=2, Timeout="PT1H"), "P": parameter("v", DependsOn="W")}
    cloudformation.create_stack(StackName="one", TemplateBody=body(resources))
    asked = {"StackName": "one", "LogicalResourceId": "W", "Status": "SUCCESS"}
    for unique_id in ("a", "a"):
        cloudformation.signal_resource(**asked, UniqueId=unique_id)
    time.sleep(0.2)
    assert cloudformation.describe_stacks(StackName="one")["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS"
    cloudformation.signal_resource(**asked, UniqueId="b")
    assert settled(cloudformation, "one")["StackStatus"] == "CREATE_COMPLETE"
    found = cloudformation.describe_stack_events(StackName="one")["StackEvents"][::-1]
    assert [one.get("ResourceStatusReason") for one in found if one["LogicalResourceId"] == "W"] == [
        None,
        "Resource creation Initiated",
        "Received SUCCESS signal with UniqueId a",
        "Received SUCCESS signal with UniqueId b",
        None,
    ]


def test_a_served_stack_has_the_data_that_was_put_at_its_handle(served: Sandbox, client_of: ClientOf) -> None:
    cloudformation = client_of("cloudformation")
    resources = {"Handle": HANDLE, "W": by_handle(), "P": parameter({"Fn::GetAtt": ["W", "Data"]})}
    outputs = {"Address": {"Value": {"Ref": "Handle"}}, "Data": {"Value": {"Fn::GetAtt": "W.Data"}}}
    cloudformation.create_stack(StackName="one", TemplateBody=body(resources, Outputs=outputs))
    handle = cloudformation.describe_stack_resource(StackName="one", LogicalResourceId="Handle")
    address = handle["StackResourceDetail"]["PhysicalResourceId"]
    assert put(served, address, told("a", "ready")).status == 200
    shown = settled(cloudformation, "one")["Outputs"]
    assert {one["OutputKey"]: one["OutputValue"] for one in shown} == {
        "Address": address,
        "Data": '{"a":"ready"}',
    }


def test_a_served_stack_that_is_not_signalled_is_rolled_back_when_time_is_over(
    served: Sandbox, client_of: ClientOf
) -> None:
    cloudformation = client_of("cloudformation")
    resources = {"P": parameter("v"), "W": by_policy(Timeout="PT1H", Count=3) | {"DependsOn": "P"}}
    cloudformation.create_stack(StackName="one", TemplateBody=body(resources))
    served.advance(minutes=61)
    found = settled(cloudformation, "one")
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "WaitCondition timed out. Received 0 conditions when expecting 3" in found["StackStatusReason"]
    assert client_of("ssm").describe_parameters()["Parameters"] == []


def test_a_function_of_the_stack_signals_before_the_stack_has_to_wait(sandbox: Sandbox) -> None:
    function = {
        "Handler": "index.run",
        "Runtime": "python3.12",
        "Role": role("function", "lambda.amazonaws.com"),
        "Code": {"ZipFile": CODE},
    }
    asked = {"ServiceToken": {"Fn::GetAtt": "Function.Arn"}, "Address": {"Ref": "Handle"}}
    found = create(
        "one",
        {
            "Handle": HANDLE,
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Call": {"Type": "Custom::Call", "Properties": asked},
            "W": by_handle() | {"DependsOn": "Call"},
        },
        Outputs={"Data": {"Value": {"Fn::GetAtt": "W.Data"}}},
    )
    assert found["StackStatus"] == "CREATE_COMPLETE", found.get("StackStatusReason")
    assert found["Outputs"][0]["OutputValue"] == '{"function":"here"}'


def test_a_signal_of_failure_at_the_handle_fails_the_stack(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("v"), "Handle": HANDLE, "W": by_handle(Count=2)})
    put(sandbox, physical_id("one", "Handle"), told("a", "", "FAILURE", "no disk"))
    sandbox.settle()
    assert stack("one")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason_of("one", "W") == "WaitCondition received failed message: 'no disk' for uniqueId: a"
    assert parameters_of_account() == set()


def test_a_signal_of_failure_to_the_resource_fails_the_stack(sandbox: Sandbox) -> None:
    create("one", {"W": by_policy()})
    signal("one", "W", "a", "FAILURE")
    sandbox.settle()
    assert stack("one")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason_of("one", "W") == "Received FAILURE signal with UniqueId a"


def test_time_is_over_after_the_timeout_and_not_before(sandbox: Sandbox) -> None:
    create("one", {"Handle": HANDLE, "W": by_handle("600")})
    sandbox.advance(seconds=599)
    assert stack("one")["StackStatus"] == "CREATE_IN_PROGRESS"
    sandbox.advance(seconds=1)
    assert stack("one")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason_of("one", "W") == "WaitCondition timed out. Received 0 conditions when expecting 1"


def test_what_waits_is_in_progress_and_what_follows_does_not_exist(sandbox: Sandbox) -> None:
    create("one", {"W": by_policy(), "P": parameter("v", DependsOn="W")})
    assert events("one") == [
        ("one", "CREATE_IN_PROGRESS"),
        ("W", "CREATE_IN_PROGRESS"),
        ("W", "CREATE_IN_PROGRESS"),
    ]
    with pytest.raises(ClientError, match="CREATE_IN_PROGRESS state and can not be updated"):
        boto3.client("cloudformation").update_stack(StackName="one", TemplateBody=body({"P": parameter("b")}))


def test_a_stack_that_waits_can_be_deleted(sandbox: Sandbox) -> None:
    id = create("one", {"P": parameter("v"), "W": by_policy() | {"DependsOn": "P"}})["StackId"]
    boto3.client("cloudformation").delete_stack(StackName="one")
    sandbox.advance(hours=1)
    assert stack(id)["StackStatus"] == "DELETE_COMPLETE"
    assert parameters_of_account() == set()


def test_on_failure_a_stack_is_deleted_if_that_was_asked(sandbox: Sandbox) -> None:
    asked = {"StackName": "one", "TemplateBody": body({"W": by_policy()})}
    id = boto3.client("cloudformation").create_stack(**asked, OnFailure="DELETE")["StackId"]
    sandbox.advance(minutes=5)
    assert stack(id)["StackStatus"] == "DELETE_COMPLETE"


def test_an_update_that_waits_in_vain_is_rolled_back(sandbox: Sandbox) -> None:
    create("one", {"P": parameter("a")})
    changed = {"P": parameter("b"), "W": by_policy() | {"DependsOn": "P"}}
    boto3.client("cloudformation").update_stack(StackName="one", TemplateBody=body(changed))
    assert stack("one")["StackStatus"] == "UPDATE_IN_PROGRESS"
    assert value_of("one", "P") == "b"
    sandbox.advance(minutes=5)
    assert stack("one")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert value_of("one", "P") == "a"


def test_a_failed_wait_is_begun_again_where_rollback_is_disabled(sandbox: Sandbox) -> None:
    cloudformation = boto3.client("cloudformation")
    asked = {"StackName": "one", "TemplateBody": body({"W": by_policy()})}
    cloudformation.create_stack(**asked, DisableRollback=True)
    signal("one", "W", "a", "FAILURE")
    sandbox.settle()
    assert stack("one")["StackStatus"] == "CREATE_FAILED"
    cloudformation.update_stack(**asked)
    assert stack("one")["StackStatus"] == "UPDATE_IN_PROGRESS"
    signal("one", "W", "a")
    sandbox.settle()
    assert stack("one")["StackStatus"] == "UPDATE_COMPLETE"


def test_whom_nobody_can_signal_is_told_so(sandbox: Sandbox) -> None:
    create("done", {"P": parameter("v")})
    create("one", {"Handle": HANDLE, "W": by_handle()})
    for name, logical_id, said in (
        ("none", "W", "Stack with id none does not exist"),
        ("done", "P", r"Stack arn:.*/done/.* is in CREATE_COMPLETE state and cannot be signaled"),
        ("one", "X", "Resource X does not exist for stack one"),
        ("one", "Handle", "Resource Handle is in CREATE_COMPLETE state and cannot be signaled"),
        ("one", "W", "Resource W has no CreationPolicy"),
    ):
        with pytest.raises(ClientError, match=said) as refused:
            signal(name, logical_id, "a")
        assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_only_signals_are_taken_at_the_address_of_a_handle(sandbox: Sandbox) -> None:
    create("one", {"Handle": HANDLE, "W": by_handle()})
    address = physical_id("one", "Handle")
    assert put(sandbox, address, told("a"), "POST").status == 405
    assert put(sandbox, address[:-1], told("a")).status == 403
    assert put(sandbox, address.replace("Handle?", "Other?"), told("a")).status == 403
    assert put(sandbox, address, "ready").status == 400
    assert put(sandbox, address, ["SUCCESS"]).status == 400
    assert b"allowed: SUCCESS, FAILURE" in put(sandbox, address, told("a", status="OK")).body
    sandbox.settle()
    assert stack("one")["StackStatus"] == "CREATE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"Type": KIND}, "either Handle and Timeout, or a CreationPolicy"),
        ({"Type": KIND, "Properties": {"Count": 2}}, "has Handle and Timeout"),
        (by_handle() | {"CreationPolicy": {"ResourceSignal": {}}}, "either Handle and Timeout"),
        (by_handle("43201"), "within 12:00:00"),
        (by_policy(Timeout="15 minutes"), "PT#H#M#S"),
        (by_policy(Count=0), "1 or more"),
        ({"Type": KIND, "CreationPolicy": {"StartFleet": True}}, "allowed: ResourceSignal"),
        (parameter("v", CreationPolicy={"ResourceSignal": {}}), "takes no CreationPolicy"),
        (parameter("v", UpdatePolicy={"UseOnlineResharding": True}), "UpdatePolicy says how"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(sandbox: Sandbox, resource: dict[str, Any], said: str) -> None:
    found = create("one", {"Handle": HANDLE, "W": resource})
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in found["StackStatusReason"]


def test_in_process_time_passes_until_the_wait_is_over(sandbox: Sandbox, tmp_path: Path) -> None:
    waiting = StackArtifact("waits", body({"Done": by_policy(Timeout="PT5M")}), {}, (), ())
    started = clock.now()
    with pytest.raises(DeploymentError, match=r"timed out\. Received 0 conditions when expecting 1"):
        deploy(Assembly(tmp_path, (waiting,)), sandbox)
    assert timedelta(minutes=5) <= clock.now() - started < timedelta(minutes=6)
