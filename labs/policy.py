"""The least permissions that deploy and destroy stacks, derived from their templates.

CloudFormation calls each service by the permissions that the type's provider schema declares for its
handlers; which resources an action can be narrowed to is IAM's own service reference. Both come with
cfn-lint.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

HIGHEST_CHARACTERS = 6144
"""Of a managed policy, white space not counted."""
HANDLERS = ("create", "read", "update", "delete")
STACK_ACTIONS = (
    *("CreateChangeSet", "CreateStack", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet"),
    *("DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "ExecuteChangeSet"),
    *("GetTemplate", "GetTemplateSummary", "ListStackResources", "RollbackStack", "UpdateStack"),
    *("UpdateTerminationProtection", "ValidateTemplate"),
)
NAMED: dict[str, tuple[str, str, str]] = {
    "AWS::Athena::WorkGroup": ("athena", "workgroup", "Name"),
    "AWS::CloudTrail::Trail": ("cloudtrail", "trail", "TrailName"),
    "AWS::Glue::Crawler": ("glue", "crawler", "Name"),
    "AWS::IAM::Role": ("iam", "role", "RoleName"),
    "AWS::Kinesis::Stream": ("kinesis", "stream", "Name"),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "deliverystream", "DeliveryStreamName"),
    "AWS::Lambda::Function": ("lambda", "function", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "log-group", "LogGroupName"),
    "AWS::S3::Bucket": ("s3", "bucket", "BucketName"),
    "AWS::StepFunctions::StateMachine": ("states", "statemachine", "StateMachineName"),
}
"""Types whose physical name begins with their stack's unless the template names them: service,
resource type as IAM has it, and the property that names."""


@dataclass
class Permissions:
    """Actions by the resources they are narrowed to, and the types nobody declares permissions of."""

    actions: dict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    undeclared: set[str] = field(default_factory=set)

    def add(self, action: str, resources: tuple[str, ...]) -> None:
        self.actions[resources].add(action)


@cache
def reference() -> dict[str, Any]:
    """IAM's service reference: actions, what they can be narrowed to, and ARN formats."""
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def documents(stacks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Policy documents, each short enough for a managed policy, and the types without permissions."""
    found = Permissions()
    names = physical_names(stacks)
    for action in sorted({one for stack in stacks for one in handler_actions(stack["template"], found)}):
        found.add(action, narrowed(action, names))
    return list(split(statements(found, stacks))), sorted(found.undeclared)


def handler_actions(template: dict[str, Any], found: Permissions) -> Iterator[str]:
    """What CloudFormation's handlers of every type in a template call."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    resources = list(template.get("Resources", {}).values())
    for kind in sorted({resource["Type"] for resource in resources}):
        if kind.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            yield "lambda:InvokeFunction"
            continue
        try:
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        except Exception:  # noqa: BLE001 - cfn-lint has an error of its own for every way of not knowing
            schema = {}
        handlers = schema.get("handlers") or {}
        declared = {one for name in HANDLERS for one in handlers.get(name, {}).get("permissions", [])}
        if not declared and kind != "AWS::CDK::Metadata":
            found.undeclared.add(kind)
        attached = {key for one in resources if one["Type"] == kind for key in one.get("Properties", {})}
        yield from (one for one in declared if ":" in one and not _attaches_elsewhere(one, attached))


def _attaches_elsewhere(action: str, attached: set[str]) -> bool:
    """Whether an action puts an inline policy on users or groups that the template does not name."""
    places = {"UserPolicy": "Users", "GroupPolicy": "Groups"}
    return any(action.endswith(end) and where not in attached for end, where in places.items())


def physical_names(stacks: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """Service and resource type → patterns of the names that the stacks' resources will have."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for stack in stacks:
        for resource in stack["template"].get("Resources", {}).values():
            if resource["Type"] in NAMED:
                service, kind, named_by = NAMED[resource["Type"]]
                given = resource.get("Properties", {}).get(named_by)
                made = f"{stack['name']}-*"
                names[service, kind].add(given if isinstance(given, str) else "*" if given else made)
    return names


def narrowed(action: str, names: dict[tuple[str, str], set[str]]) -> tuple[str, ...]:
    """The ARNs that an action can be limited to; `*` where IAM knows no resource for it."""
    service, _, name = action.partition(":")
    known = reference().get(service.lower(), {})
    kinds = known.get("Actions", {}).get(name.lower(), {}).get("Resources", [])
    if not kinds or "*" in name:
        return ("*",)
    kinds = [kind for kind in kinds if (service, kind) in names] or kinds
    found = {arn for kind in kinds for arn in arns(known, service, kind, names)}
    return tuple(sorted(found)) or ("*",)


def arns(
    known: dict[str, Any], service: str, kind: str, names: dict[tuple[str, str], set[str]]
) -> Iterator[str]:
    """The ARN formats of a resource type, with the names that are known."""
    for arn in known["Resources"].get(kind, {}).get("ARNFormats", []):
        for variable in ("${Partition}", "${Region}", "${Account}"):
            arn = arn.replace(variable, "*")
        for name in sorted(names.get((service, kind), {"*"})):
            head, dots, tail = arn.rpartition(".*")
            yield f"{head}{name}{tail}".replace(".*", "*") if dots else arn


def statements(found: Permissions, stacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One statement for each set of resources, actions in order, sids that say what they are for."""
    listed = [
        {
            "Sid": "Stacks",
            "Effect": "Allow",
            "Action": [f"cloudformation:{name}" for name in STACK_ACTIONS],
            "Resource": [f"arn:*:cloudformation:*:*:stack/{stack['name']}/*" for stack in stacks],
        },
        {
            "Sid": "BootstrapRoles",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": ["arn:*:iam::*:role/cdk-hnb659fds-*"],
        },
    ]
    taken: dict[str, int] = defaultdict(int)
    for resources, actions in sorted(found.actions.items(), key=lambda item: (item[0] == ("*",), item[0])):
        for service, of_service in by_service(actions):
            everywhere = resources == ("*",)
            name = f"{service.title().replace('-', '')}{'Everywhere' if everywhere else ''}"
            taken[name] += 1
            number = taken[name] if taken[name] > 1 else ""
            listed.append(
                {
                    "Sid": f"{name}{number}",
                    "Effect": "Allow",
                    "Action": of_service,
                    "Resource": list(resources),
                }
            )
    return listed


def by_service(actions: set[str]) -> Iterator[tuple[str, list[str]]]:
    services = sorted({action.partition(":")[0] for action in actions})
    for service in services:
        yield service, sorted(action for action in actions if action.partition(":")[0] == service)


def split(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Documents that each keep within a managed policy's length."""
    held: list[dict[str, Any]] = []
    for statement in listed:
        if held and length([*held, statement]) > HIGHEST_CHARACTERS:
            yield document(held)
            held = []
        held.append(statement)
    if held:
        yield document(held)


def document(held: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": held}


def length(held: list[dict[str, Any]]) -> int:
    """Characters as IAM counts them."""
    return len(json.dumps(document(held), separators=(",", ":")))
