"""A stack: what it was asked to be, what exists of it, and its history."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3

from offline.clock import clock
from offline.cloudformation import dynamic, parameters, rules
from offline.cloudformation.intrinsic import NO_VALUE, Scope, resolve
from offline.cloudformation.operation import Operation
from offline.cloudformation.schema import schema_of
from offline.cloudformation.signals import Signal
from offline.cloudformation.template import Template
from offline.errors import DeploymentError, UnknownResourceTypeError
from offline.resources import row_of
from offline.resources.row import Actor, Physical, Properties, Resource, Row

STACK_TYPE = "AWS::CloudFormation::Stack"
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Event:
    """One line of a stack's history, as DescribeStackEvents shows it."""

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    timestamp: datetime
    token: str = ""
    operation_id: str = ""


@dataclass(frozen=True)
class Revision:
    """What a stack is asked to be."""

    template: Template
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Deployed:
    """A resource that exists, with the row that made it and its definition in the template."""

    row: Row
    resource: Resource
    physical: Physical
    definition: dict[str, Any] = field(default_factory=dict)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    changed: datetime = field(default_factory=clock.now)
    drift: str = "NOT_CHECKED"
    drift_checked: datetime | None = None

    def keeps(self, policy: str = "DeletionPolicy") -> bool:
        """Whether a policy of the template retains what would be deleted."""
        return self.definition.get(policy) in ("Retain", "RetainExceptOnCreate")


@dataclass
class Stack:
    """One stack of the account; `imports` looks through the other stacks' exports."""

    name: str
    id: str
    account_id: str
    region: str
    revision: Revision
    imports: Callable[[str], str]
    actor: Actor = field(default_factory=Actor)
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Deployed] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    signals: dict[str, dict[str, Signal]] = field(default_factory=dict)
    """By the logical id of what was signalled, and by their unique ids."""
    created: datetime = field(default_factory=clock.now)
    updated: datetime | None = None
    deleted: datetime | None = None
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    disable_rollback: bool = False
    timeout_minutes: int | None = None
    """Within which the stack has to be created."""
    protected: bool = False
    policy: str = ""
    parent_id: str = ""
    root_id: str = ""
    token: str = ""
    drift: str = "NOT_CHECKED"
    drift_checked: datetime | None = None

    @property
    def template(self) -> Template:
        return self.revision.template

    @property
    def exists(self) -> bool:
        return self.status != "DELETE_COMPLETE"

    def exports(self) -> Iterator[tuple[str, str]]:
        for output in self.outputs.values():
            if "ExportName" in output:
                yield output["ExportName"], output["OutputValue"]

    def handle(self, address: str) -> str:
        """The wait condition handle of an address, by its logical id."""
        for logical_id, deployed in self.resources.items():
            if deployed.physical.id == address:
                return logical_id
        raise DeploymentError(f"Handle must be that of the stack itself, got {address}")

    def signal(self, logical_id: str, unique_id: str, signal: Signal) -> bool:
        """A signal came; one of the same unique id counts once."""
        signals = self.signals.setdefault(logical_id, {})
        return signals.setdefault(unique_id, signal) is signal

    def start(self, kind: str) -> Operation:
        """An operation starts; one that has not ended by now has failed, and this one takes it back."""
        if self.operations and self.operations[-1].ended is None:
            self.operations[-1].end(succeeded=False)
        self.operations.append(Operation(kind))
        return self.operations[-1]

    def begin(self, kind: str, status: str, reason: str = "User Initiated") -> None:
        """An operation starts, and the stack is in progress."""
        self.start(kind)
        self.finish(status, reason)

    def finish(self, status: str, reason: str = "") -> None:
        """The stack is in another status; one that is not in progress ends the operation."""
        self.status, self.reason = status, reason
        self.record(self.name, self.id, STACK_TYPE, status, reason)
        if not status.endswith("_IN_PROGRESS"):
            self.operations[-1].end(succeeded=status.endswith("_COMPLETE"))

    def interrupt(self) -> None:
        """The process ended while the stack was being worked on: it has failed."""
        status = self.status.replace("_COMPLETE_CLEANUP", "").replace("_IN_PROGRESS", "_FAILED")
        self.finish(status, "The sandbox ended while the stack was worked on")

    def record(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        """Clients order events by their milliseconds, so each has one of its own."""
        at = clock.now()
        if self.events:
            at = max(at, self.events[-1].timestamp + MILLISECOND)
        id, operation_id = str(uuid.uuid4()), self.operations[-1].id
        self.events.append(
            Event(id, logical_id, physical_id, kind, status, reason, at, self.token, operation_id)
        )

    def scope(self, revision: Revision, physicals: dict[str, Physical] | None = None) -> Scope:
        """What the functions of a revision's template see: its parameters, and the resources given."""
        declared = revision.template.section("Parameters")
        scope = Scope(
            pseudo=self._pseudo(),
            parameters=parameters.values(declared, revision.parameters, self._looked_up),
            mappings=revision.template.section("Mappings"),
            conditions=revision.template.section("Conditions"),
            resources={} if physicals is None else physicals,
            import_value=self._import,
            zones=self._zones,
            dynamic=lambda reference: dynamic.value(reference, self.region),
        )
        rules.check(revision.template.section("Rules"), scope)
        return scope

    def _pseudo(self) -> dict[str, Any]:
        chinese = self.region.startswith("cn-")
        return {
            "AWS::AccountId": self.account_id,
            "AWS::Region": self.region,
            "AWS::Partition": "aws-cn" if chinese else "aws",
            "AWS::URLSuffix": "amazonaws.com.cn" if chinese else "amazonaws.com",
            "AWS::StackName": self.name,
            "AWS::StackId": self.id,
            "AWS::NotificationARNs": self.notification_arns,
        }

    def _looked_up(self, name: str) -> str:
        return dynamic.value(f"ssm:{name}", self.region)

    def _import(self, name: str) -> str:
        self.imported.add(name)
        return self.imports(name)

    def _zones(self, region: str) -> list[str]:
        zones = boto3.client("ec2", region_name=region).describe_availability_zones()["AvailabilityZones"]
        return [zone["ZoneName"] for zone in zones]

    def resource(
        self, logical_id: str, kind: str, properties: Any, tags: dict[str, str], replacements: int = 0
    ) -> Resource:
        """A resource as its row sees it."""
        return Resource(
            type=kind,
            logical_id=logical_id,
            stack_name=self.name,
            stack_id=self.id,
            account_id=self.account_id,
            region=self.region,
            properties=Properties({} if properties is NO_VALUE else schema_of(kind).typed(properties)),
            stack_tags=tags,
            replacements=replacements,
            actor=self.actor,
        )


def wanted(definition: dict[str, Any], scope: Scope) -> bool:
    """Whether the condition of a resource or an output holds; without one it does."""
    return "Condition" not in definition or scope.holds(definition["Condition"])


def check(stack: Stack, revision: Revision) -> None:
    """The template can be deployed as far as can be told beforehand, or `TemplateError` says why not."""
    revision.template.check()
    scope = stack.scope(revision)
    unknown = []
    for logical_id, definition in revision.template.resources.items():
        if wanted(definition, scope):
            try:
                row_of(definition["Type"])
            except UnknownResourceTypeError as error:
                unknown.append(f"{logical_id}: {error}")
    if unknown:
        raise UnknownResourceTypeError(
            f"Template format error: Unrecognized resource types: {'; '.join(unknown)}"
        )


def outputs(template: Template, scope: Scope) -> dict[str, dict[str, Any]]:
    """The outputs of a template whose resources exist."""
    found = {}
    for key, output in template.section("Outputs").items():
        if not wanted(output, scope):
            continue
        value = resolve(output["Value"], scope)
        if isinstance(value, dict | list):
            raise DeploymentError(f"Output {key} must be a string, got {type(value).__name__}")
        entry = {"OutputKey": key, "OutputValue": value if isinstance(value, str) else _text(value)}
        if "Description" in output:
            entry["Description"] = output["Description"]
        if "Export" in output:
            entry["ExportName"] = str(resolve(output["Export"]["Name"], scope))
        found[key] = entry
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
