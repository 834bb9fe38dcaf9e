"""Custom resources: a function is asked, and what it PUTs at its ResponseURL is the resource."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
import requests

from offline.sandbox import Sandbox
from tests.offline.cloudformation.stacks import create, physical_id, stack, update
from tests.offline.engines.test_lambda_ import archive, deploy
from tests.offline.engines.test_lambda_node import node

SOURCE = """
import json, urllib.request

SEEN = []

def ask(event, context):
    if event.get("RequestType") is None:
        return SEEN
    url = event.pop("ResponseURL")
    SEEN.append(event)
    told = event["ResourceProperties"].get("Answer")
    answer = told or json.dumps({
        "Status": event["ResourceProperties"].get("Status", "SUCCESS"),
        "Reason": "not today",
        "PhysicalResourceId": event["ResourceProperties"].get("Name", "thing"),
        "Data": {"Colour": "blue"},
    })
    if told != "nothing":
        urllib.request.urlopen(urllib.request.Request(url, answer.encode(), method="PUT"))
    return "done"
"""
ANSWERS_LIKE_THE_CDK = """
const https = require("https"), url = require("url");
exports.ask = (event) => new Promise((resolve, reject) => {
  const { hostname, path } = url.parse(event.ResponseURL);
  const request = https.request({ hostname, path, method: "PUT" }, (answer) => resolve(answer.statusCode));
  request.on("error", reject);
  request.end(JSON.stringify({ Status: "SUCCESS", PhysicalResourceId: "of-node" }));
});
"""


@pytest.fixture
def function(sandbox: Sandbox) -> Any:
    return deploy("ask", Code={"ZipFile": archive(SOURCE)}, Timeout=30)


def custom(**properties: Any) -> dict[str, Any]:
    token = "arn:aws:lambda:us-east-1:123456789012:function:ask"
    return {"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, **properties}}}


def seen(function: Any) -> list[dict[str, Any]]:
    answer = function.invoke(FunctionName="ask", Payload=b"{}")
    found: list[dict[str, Any]] = json.loads(answer["Payload"].read())
    return found


def test_a_function_is_asked_to_create_update_and_delete(function: Any) -> None:
    made = create(
        "s",
        custom(Size=3, Flags=[True, {"deep": 0.5}]),
        Outputs={"Colour": {"Value": {"Fn::GetAtt": ["Thing", "Colour"]}}},
    )
    assert made["Outputs"][0]["OutputValue"] == "blue"
    assert update("s", custom(Size=4))["StackStatus"] == "UPDATE_COMPLETE"
    boto3.client("cloudformation").delete_stack(StackName="s")
    created, updated, deleted = seen(function)
    assert [one["RequestType"] for one in (created, updated, deleted)] == ["Create", "Update", "Delete"]
    asked = created["ResourceProperties"]
    assert (asked["Size"], asked["Flags"]) == ("3", ["true", {"deep": "0.5"}])
    assert "PhysicalResourceId" not in created
    assert (updated["OldResourceProperties"]["Size"], updated["ResourceProperties"]["Size"]) == ("3", "4")
    assert deleted["PhysicalResourceId"] == "thing"


def test_another_physical_id_is_another_resource_and_the_former_is_deleted(function: Any) -> None:
    create("s", custom(Name="first"))
    update("s", custom(Name="second"))
    assert physical_id("s", "Thing") == "second"
    assert [(one["RequestType"], one.get("PhysicalResourceId")) for one in seen(function)] == [
        ("Create", None),
        ("Update", "first"),
        ("Delete", "first"),
    ]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"Status": "FAILED"}, r"Received response status \[FAILED\] from custom resource: not today"),
        ({"Answer": "nothing"}, 'answered nothing at ResponseURL; it said: "done"'),
        ({"Answer": "no JSON"}, "Invalid response from custom resource: got b'no JSON'"),
        ({"Answer": "[]"}, "Invalid response from custom resource"),
        ({"Answer": '{"Status": "SUCCESS"}'}, "Invalid PhysicalResourceId"),
        ({"Answer": "x" * 4097}, "Response object is too long"),
    ],
)
def test_what_is_no_answer_of_success_fails_the_stack(
    function: Any, properties: dict[str, str], reason: str
) -> None:
    create("s", custom(**properties))
    stacks = boto3.client("cloudformation")
    [told] = [
        event["ResourceStatusReason"]
        for event in stacks.describe_stack_events(StackName="s")["StackEvents"]
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert re.search(reason, told)
    assert stack("s")["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_node_function_answers_by_https_at_a_host_without_its_port(sandbox: Sandbox) -> None:
    node("ask", ANSWERS_LIKE_THE_CDK, Timeout=30)
    create("s", custom())
    assert physical_id("s", "Thing") == "of-node"


def test_an_answer_that_nobody_waits_for_is_turned_away(function: Any, sandbox: Sandbox) -> None:
    create("s", custom())
    credential = "x/20260105/us-east-1/cloudformation/aws4_request"
    url = f"{sandbox.endpoint()}/customresource/s/Thing?X-Amz-Credential={credential}"
    assert requests.put(url, b"{}", timeout=10).status_code == 403
    assert requests.get(url, timeout=10).status_code == 405
