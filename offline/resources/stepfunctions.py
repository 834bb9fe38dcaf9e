"""Rows of AWS Step Functions."""

from __future__ import annotations

import json
from typing import Any

from offline.resources.change import present, retag, told_tags, unless_gone
from offline.resources.row import Physical, Properties, Resource, Row

GONE = "StateMachineDoesNotExist"


def create_state_machine(resource: Resource) -> Physical:
    states, properties = resource.client("stepfunctions"), resource.properties
    name = properties.take("StateMachineName") or resource.name(longest=80)
    created = states.create_state_machine(
        name=name,
        definition=definition(resource),
        roleArn=properties.take("RoleArn"),
        type=properties.take("StateMachineType", "STANDARD"),
        tags=[{"key": key, "value": value} for key, value in resource.tags().items()],
        **_configurations(resource),
    )
    arn = created["stateMachineArn"]
    return Physical(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})


def update_state_machine(resource: Resource, machine: Physical, old: Properties) -> Physical:
    states = resource.client("stepfunctions")
    states.update_state_machine(
        stateMachineArn=machine.id,
        definition=definition(resource),
        roleArn=resource.properties.take("RoleArn"),
        **_configurations(resource),
    )

    def tag(tags: list[dict[str, str]]) -> None:
        small = [{"key": one["Key"], "value": one["Value"]} for one in tags]
        states.tag_resource(resourceArn=machine.id, tags=small)

    retag(resource, old, tag, lambda keys: states.untag_resource(resourceArn=machine.id, tagKeys=keys))
    revision = states.describe_state_machine(stateMachineArn=machine.id).get("revisionId", "INITIAL")
    return Physical(machine.id, {**machine.attributes, "StateMachineRevisionId": revision})


@unless_gone(GONE)
def read_state_machine(resource: Resource, machine: Physical) -> dict[str, Any]:
    states = resource.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=machine.id)
    tags = {one["key"]: one["value"] for one in states.list_tags_for_resource(resourceArn=machine.id)["tags"]}
    told = present(StateMachineName=found["name"], RoleArn=found["roleArn"], Tags=told_tags(resource, tags))
    if not resource.properties.take("DefinitionSubstitutions"):
        told["DefinitionString"] = found["definition"]
    return told


def definition(resource: Resource) -> str:
    """The definition as text, with `${name}` replaced by its substitution."""
    properties = resource.properties
    text = properties.take("DefinitionString") or json.dumps(properties.take("Definition"))
    for name, value in (properties.take("DefinitionSubstitutions") or {}).items():
        text = text.replace(f"${{{name}}}", str(value))
    return text


def _configurations(resource: Resource) -> dict[str, Any]:
    """CloudFormation's blocks as the API names them, whose members start small."""
    blocks = {"LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration"}
    given = resource.properties.only(*sorted(blocks))
    return {_small(name): _api_shape(value) for name, value in given.items()}


def _api_shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {_small(name): _api_shape(inner) for name, inner in value.items()}
    return [_api_shape(item) for item in value] if isinstance(value, list) else value


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


@unless_gone(GONE)
def delete_state_machine(resource: Resource, machine: Physical) -> None:
    resource.client("stepfunctions").delete_state_machine(stateMachineArn=machine.id)


ROWS = (
    Row(
        "AWS::StepFunctions::StateMachine",
        create_state_machine,
        delete_state_machine,
        update_state_machine,
        read_state_machine,
    ),
)
