"""The least permissions that deploy and destroy stacks, derived from their templates.

CloudFormation calls each service by the permissions that the type's provider schema declares for its
handlers; which resources an action can be narrowed to is IAM's own service reference. Both come with
cfn-lint. An action that the reference does not know under a service it does know is no IAM action, and
is left out by name.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

HIGHEST_CHARACTERS = 6144
"""Of a managed policy, white space not counted."""
HANDLERS = ("create", "read", "update", "delete")
"""Handlers that a stack's operations run; `list` serves the resource explorer and imports."""
STACK_ACTIONS = (
    *("CreateChangeSet", "CreateStack", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet"),
    *("DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "ExecuteChangeSet"),
    *("GetTemplate", "ListStackResources", "RollbackStack", "UpdateStack", "UpdateTerminationProtection"),
)
WITHOUT_STACK = ("DescribeStacks", "GetTemplateSummary", "ListStacks", "ValidateTemplate")
"""Calls that name no stack: all stacks are listed, or a template is only read."""
BOOTSTRAP_VERSION = "arn:*:ssm:*:*:parameter/cdk-bootstrap/hnb659fds/version"
ASSETS = "arn:*:s3:::cdk-hnb659fds-assets-*/*"
ASSET_READS = ("s3:getobject", "s3:getobjectversion")
EMPTYING = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"]
NAMED: dict[str, tuple[str, str, str]] = {
    "AWS::Athena::WorkGroup": ("athena", "workgroup", "Name"),
    "AWS::CloudTrail::Trail": ("cloudtrail", "trail", "TrailName"),
    "AWS::Glue::Crawler": ("glue", "crawler", "Name"),
    "AWS::Glue::Database": ("glue", "database", "DatabaseInput.Name"),
    "AWS::IAM::Role": ("iam", "role", "RoleName"),
    "AWS::Kinesis::Stream": ("kinesis", "stream", "Name"),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "deliverystream", "DeliveryStreamName"),
    "AWS::Lambda::Function": ("lambda", "function", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "log-group", "LogGroupName"),
    "AWS::S3::Bucket": ("s3", "bucket", "BucketName"),
    "AWS::StepFunctions::StateMachine": ("states", "statemachine", "StateMachineName"),
}
"""Types whose ARN holds a name: service, resource type as IAM has it, and the property that names."""
ALWAYS_NAMED = ("AWS::Athena::WorkGroup", "AWS::Glue::Database")
BY_LOGICAL_ID = ("AWS::CloudTrail::Trail", "AWS::Glue::Crawler", "AWS::StepFunctions::StateMachine")
"""CloudFormation names most resources `<stack>-<logical id>-<random>`, state machines and what Glue has
`<logical id>-<random>` (aws/aws-sam-cli#2022, aws/aws-cdk#17816); no source says which a trail gets."""
Names = dict[str, set[str]]
"""ARN format → patterns of the names in its place."""


@dataclass
class Policies:
    """Documents, types that declare no permissions, and declared actions that IAM does not know."""

    documents: list[dict[str, Any]]
    undeclared: list[str]
    unknown: list[str]


@dataclass
class Declared:
    """What the handlers of some templates' types call, by lower-case action."""

    actions: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    undeclared: set[str] = field(default_factory=set)

    def add(self, action: str) -> None:
        service, _, name = action.partition(":")
        self.actions.setdefault(action.lower(), f"{service.lower()}:{name}")


@cache
def reference() -> dict[str, Any]:
    """IAM's service reference: actions, what they can be narrowed to, and ARN formats."""
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def policies(stacks: list[dict[str, Any]]) -> Policies:
    """Documents that each fit a managed policy: what who deploys needs, then what CloudFormation calls."""
    declared, names = Declared(), physical_names(stacks)
    for stack in stacks:
        declare(stack["template"], declared)
    actions = sorted(declared.actions.values())
    known = [action for action in actions if is_known(action)]
    by_resources: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for action in known:
        by_resources[narrowed(action, names, declared.types)].add(action)
    documents = [*split(personal(stacks, names)), *split(statements(by_resources))]
    return Policies(documents, sorted(declared.undeclared), sorted(set(actions) - set(known)))


def declare(template: dict[str, Any], declared: Declared) -> None:
    """Add what CloudFormation's handlers of every type in a template call."""
    resources = list(template.get("Resources", {}).values())
    for kind in sorted({resource["Type"] for resource in resources} - {"AWS::CDK::Metadata"}):
        declared.types.add(kind)
        permissions = handler_permissions(kind)
        if not permissions:
            declared.undeclared.add(kind)
        attached = {key for one in resources if one["Type"] == kind for key in one.get("Properties", {})}
        for action in permissions:
            if not _attaches_elsewhere(action, attached):
                declared.add(action)


def handler_permissions(kind: str) -> list[str]:
    """What the provider schema of a type declares for its handlers; nothing where there is no schema."""
    from cfnlint.schema import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    if kind.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        return ["lambda:InvokeFunction"]
    try:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
    except ResourceNotFoundError:
        return []
    declared = {one for name in HANDLERS for one in handlers.get(name, {}).get("permissions", [])}
    return sorted(one for one in declared if ":" in one)


def _attaches_elsewhere(action: str, attached: set[str]) -> bool:
    """Whether an action puts an inline policy on users or groups that the template does not name."""
    places = {"UserPolicy": "Users", "GroupPolicy": "Groups"}
    return any(action.endswith(end) and where not in attached for end, where in places.items())


def is_known(action: str) -> bool:
    """Whether IAM has the action, as far as its reference can tell."""
    service, _, name = action.lower().partition(":")
    return "*" in name or service not in reference() or name in reference()[service]["Actions"]


# -- names ---------------------------------------------------------------------------------------


def physical_names(stacks: list[dict[str, Any]]) -> Names:
    """Patterns of the names that the stacks' resources will have.

    A type that CloudFormation names and that no template here makes is imported from another lab's stack.
    """
    names: Names = defaultdict(set)
    others = {f"{stack['name'].removesuffix(stack['noun'])}*" for stack in stacks}
    for stack in stacks:
        for logical_id, resource in stack["template"].get("Resources", {}).items():
            if resource["Type"] in NAMED:
                names[_format(resource["Type"])] |= set(_patterns(stack["name"], logical_id, resource))
    for kind in NAMED:
        if kind not in ALWAYS_NAMED:
            names[_format(kind)] = names.get(_format(kind)) or others
    for inside in ("table", "userdefinedfunction"):
        if databases := names.get(_format("AWS::Glue::Database")):
            names[_formats("glue", inside)[0]] = {f"{database}/*" for database in databases}
    return dict(names)


def _patterns(stack: str, logical_id: str, resource: dict[str, Any]) -> Iterator[str]:
    """The name a template gives, with what lies under it; or those CloudFormation may make."""
    kind = resource["Type"]
    given = resource.get("Properties", {})
    for part in NAMED[kind][2].split("."):
        given = given.get(part) if isinstance(given, dict) else None
    if given is None:
        yield f"{stack}-*"
        if kind in BY_LOGICAL_ID:
            yield f"{logical_id}-*"
        return
    yield text(given)
    if kind in ("AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::Lambda::Function"):
        yield f"{text(given)}{'/' if kind == 'AWS::S3::Bucket' else ':'}*"


def text(value: Any) -> str:
    """A template's value with `*` where only the account knows what stands there.

    >>> text({"Fn::Join": ["", ["ml-labs-", {"Ref": "AWS::Region"}]]})
    'ml-labs-*'
    """
    if isinstance(value, str):
        return value
    separator, parts = value.get("Fn::Join", ["", []])
    joined = separator.join(text(part) for part in parts) if parts else value.get("Fn::Sub", "*")
    return re.sub(r"\$\{[^}]*\}|\*+", "*", joined) if isinstance(joined, str) else "*"


def _format(kind: str) -> str:
    service, resource, _ = NAMED[kind]
    return _formats(service, resource)[0]


def _formats(service: str, resource: str) -> list[str]:
    return list(reference()[service]["Resources"].get(resource.lower(), {}).get("ARNFormats", []))


# -- resources -----------------------------------------------------------------------------------


def narrowed(action: str, names: Names, types: Iterable[str]) -> tuple[str, ...]:
    """The ARNs that an action can be limited to; `*` where IAM takes no resource for it."""
    service, _, name = action.lower().partition(":")
    if action == "iam:CreateServiceLinkedRole":
        return ("arn:*:iam::*:role/aws-service-role/*",)
    known = reference().get(service, {})
    resources = known.get("Actions", {}).get(name, {}).get("Resources", [])
    formats = [one for kind in _addressed(service, name, resources, types) for one in _formats(service, kind)]
    if service == "s3":  # A request of S3 addresses one ARN; access points are not ours.
        formats = [one for one in formats if one in names] or formats
    found = {arn for one in formats for arn in arns(one, names)}
    return tuple(sorted({*found, ASSETS} if action.lower() in ASSET_READS else found)) or ("*",)


def _addressed(service: str, name: str, resources: list[str], types: Iterable[str]) -> list[str]:
    """The resource types of an action; of one that tags, those that the templates make."""
    if "tag" not in name:
        return resources
    made = {_squashed(kind.rpartition("::")[2]) for kind in types}
    tagged = [one for one in resources if _squashed(one) in made or _of_vpc(one) in made]
    return tagged or resources


def _squashed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _of_vpc(resource: str) -> str:
    """IAM says `vpc-flow-log` where CloudFormation says `FlowLog`."""
    return _squashed(resource).removeprefix("vpc")


def arns(form: str, names: Names) -> Iterator[str]:
    """An ARN format with the names that are known in its last place."""
    arn = re.sub(r"\$\{(Partition|Region|Account)\}", "*", form)
    for name in sorted(names.get(form, {"*"})):
        head, dots, tail = arn.rpartition(".*")
        yield f"{head}{name}{tail}".replace(".*", "*") if dots else arn


# -- documents -----------------------------------------------------------------------------------


def personal(stacks: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """What whoever deploys needs; where the CDK's roles are assumed, BootstrapRoles alone is enough."""
    ours = [f"arn:*:cloudformation:*:*:stack/{stack['name']}/*" for stack in stacks]
    made = {one["Type"] for stack in stacks for one in stack["template"].get("Resources", {}).values()}
    buckets = [arn for arn in arns(_format("AWS::S3::Bucket"), names) if "AWS::S3::Bucket" in made]
    return [
        statement("BootstrapRoles", ["sts:AssumeRole"], ["arn:*:iam::*:role/cdk-hnb659fds-*"]),
        statement("BootstrapVersion", ["ssm:GetParameter", "ssm:GetParameters"], [BOOTSTRAP_VERSION]),
        statement("TemplatesAndAssets", ["s3:GetObject"], [ASSETS]),
        statement("Stacks", [f"cloudformation:{name}" for name in STACK_ACTIONS], ours),
        statement(
            "CloudformationTakesNoResource", [f"cloudformation:{name}" for name in WITHOUT_STACK], ["*"]
        ),
        *([statement("EmptyBuckets", EMPTYING, buckets)] if buckets else []),
    ]


def statements(by_resources: dict[tuple[str, ...], set[str]]) -> list[dict[str, Any]]:
    """One statement for each service and set of resources; sids say the service, and why it is `*`."""
    listed, taken = [], dict[str, int]()
    for resources, actions in sorted(by_resources.items(), key=lambda item: (item[0] == ("*",), item[0])):
        for service in sorted({action.partition(":")[0] for action in actions}):
            of_service = sorted(action for action in actions if action.startswith(f"{service}:"))
            name = service.title().replace("-", "") + ("TakesNoResource" if resources == ("*",) else "")
            taken[name] = taken.get(name, 0) + 1
            numbered = (
                name if taken[name] == 1 else f"{name}{'Set' if name[-1].isdigit() else ''}{taken[name]}"
            )
            listed.append(statement(numbered, of_service, list(resources)))
    return listed


def statement(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def split(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Documents that each keep within a managed policy's length."""
    held: list[dict[str, Any]] = []
    for one in (part for whole in listed for part in parts(whole)):
        if held and length([*held, one]) > HIGHEST_CHARACTERS:
            yield document(held)
            held = []
        held.append(one)
    if held:
        yield document(held)


def parts(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A statement, in halves of its actions and then its resources where it alone is too long."""
    if length([whole]) <= HIGHEST_CHARACTERS:
        yield whole
        return
    by = "Action" if len(whole["Action"]) > 1 else "Resource"
    middle = len(whole[by]) // 2
    yield from parts({**whole, "Sid": f"{whole['Sid']}A", by: whole[by][:middle]})
    yield from parts({**whole, "Sid": f"{whole['Sid']}B", by: whole[by][middle:]})


def document(held: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": held}


def length(held: list[dict[str, Any]]) -> int:
    """Characters as IAM counts them."""
    return len(json.dumps(document(held), separators=(",", ":")))
