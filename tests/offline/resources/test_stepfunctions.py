"""The row of AWS::StepFunctions::StateMachine."""

from __future__ import annotations

import json

import boto3
import pytest

from offline.engine import ACCOUNT_ID
from offline.resources.row import Properties, Resource
from offline.resources.stepfunctions import create_state_machine, delete_state_machine
from tests.offline.engines.sagemaker_account import role


@pytest.mark.usefixtures("sandbox")
def test_substitutions_stand_in_the_definition_and_delete_really_deletes() -> None:
    text = json.dumps({"StartAt": "Go", "States": {"Go": {"Type": "Pass", "Result": "${What}", "End": True}}})
    properties = Properties(
        {
            "DefinitionString": text,
            "DefinitionSubstitutions": {"What": "flights"},
            "RoleArn": role("machine", "states.amazonaws.com"),
            "LoggingConfiguration": {"Level": "OFF", "IncludeExecutionData": False},
            "TracingConfiguration": {"Enabled": True},
            "Tags": [{"Key": "lab", "Value": "training"}],
        }
    )
    kind = "AWS::StepFunctions::StateMachine"
    resource = Resource(kind, "Machine", "stack", "stack-id", ACCOUNT_ID, "us-east-1", properties)
    machine = create_state_machine(resource)
    states = boto3.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=machine.attributes["Arn"])
    assert json.loads(found["definition"])["States"]["Go"]["Result"] == "flights"
    assert found["tracingConfiguration"] == {"enabled": True}
    assert not list(properties.unread())
    delete_state_machine(resource, machine)
    assert not states.list_state_machines()["stateMachines"]
