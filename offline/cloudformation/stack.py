"""A stack: resources created in dependency order, undone on failure, deleted in reverse."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from offline.clock import clock
from offline.cloudformation.intrinsic import NO_VALUE, Scope, resolve
from offline.cloudformation.template import Template
from offline.errors import (
    DeploymentError,
    SandboxError,
    TemplateError,
    UnknownResourceTypeError,
    UnsupportedPropertyError,
)
from offline.resources import row_of
from offline.resources.row import Physical, Properties, Resource, Row

REFUSALS = (SandboxError, BotoCoreError, ClientError)
"""What a row may meet while it works: our refusals, or the account's."""


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


@dataclass
class Deployed:
    """A resource that exists, with the row that can delete it."""

    row: Row
    resource: Resource
    physical: Physical
    retained: bool
    status: str = "CREATE_COMPLETE"


@dataclass
class Stack:
    """One stack of the account; `exports` looks through the other stacks."""

    name: str
    id: str
    account_id: str
    region: str
    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    imports: Callable[[str], str]
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Deployed] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    created: datetime = field(default_factory=clock.now)

    def create(self) -> None:
        """Everything the template asks for exists, or nothing does and `reason` says why."""
        self._record(self.name, self.id, "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS")
        try:
            scope = self._scope()
            self._refuse_unknown_types(scope)
            for logical_id in self.template.order:
                self._create_resource(logical_id, scope)
            self._resolve_outputs(scope)
        except REFUSALS as error:
            self._roll_back(str(error))
        else:
            self._finish("CREATE_COMPLETE")

    def delete(self) -> None:
        """Nothing of the stack is left but what a DeletionPolicy retains."""
        self._finish("DELETE_IN_PROGRESS")
        try:
            self._delete_resources()
        except REFUSALS as error:
            self._finish("DELETE_FAILED", str(error))
        else:
            self._finish("DELETE_COMPLETE")

    def _roll_back(self, reason: str) -> None:
        self._finish("ROLLBACK_IN_PROGRESS", reason)
        try:
            self._delete_resources()
        except REFUSALS as error:
            self._finish("ROLLBACK_FAILED", f"{reason}; and then: {error}")
        else:
            self._finish("ROLLBACK_COMPLETE", reason)

    def _create_resource(self, logical_id: str, scope: Scope) -> None:
        definition = self.template.resources[logical_id]
        if not _wanted(definition, scope):
            return
        kind = definition["Type"]
        try:
            row = row_of(kind)
            properties = resolve(definition.get("Properties") or {}, scope)
            resource = self._resource(logical_id, kind, {} if properties is NO_VALUE else properties)
            physical = row.create(resource)
            deployed = Deployed(row, resource, physical, definition.get("DeletionPolicy") == "Retain")
            self.resources[logical_id] = deployed
            scope.resources[logical_id] = physical
            _refuse_unread(row, resource)
        except REFUSALS as error:
            self._record(logical_id, "", kind, "CREATE_FAILED", str(error))
            raise DeploymentError(f"{self.name}: {logical_id} ({kind}): {error}") from error
        self._record(logical_id, physical.id, kind, "CREATE_COMPLETE")

    def _delete_resources(self) -> None:
        for logical_id, deployed in reversed(list(self.resources.items())):
            if not deployed.retained:
                deployed.row.delete(deployed.resource, deployed.physical)
            kind, status = (
                deployed.resource.type,
                "DELETE_SKIPPED" if deployed.retained else "DELETE_COMPLETE",
            )
            self._record(logical_id, deployed.physical.id, kind, status)
            del self.resources[logical_id]

    def _resource(self, logical_id: str, kind: str, properties: dict[str, Any]) -> Resource:
        return Resource(
            type=kind,
            logical_id=logical_id,
            stack_name=self.name,
            stack_id=self.id,
            account_id=self.account_id,
            region=self.region,
            properties=Properties(properties),
            stack_tags=self.tags,
        )

    def _refuse_unknown_types(self, scope: Scope) -> None:
        for logical_id, definition in self.template.resources.items():
            if _wanted(definition, scope):
                try:
                    row_of(definition["Type"])
                except UnknownResourceTypeError as error:
                    raise UnknownResourceTypeError(f"{self.name}: {logical_id}: {error}") from None

    def _resolve_outputs(self, scope: Scope) -> None:
        for key, output in self.template.section("Outputs").items():
            if not _wanted(output, scope):
                continue
            entry = {"OutputKey": key, "OutputValue": str(resolve(output["Value"], scope))}
            if "Description" in output:
                entry["Description"] = output["Description"]
            if "Export" in output:
                entry["ExportName"] = resolve(output["Export"]["Name"], scope)
            self.outputs[key] = entry

    def interrupt(self) -> None:
        """The process ended while the stack was being worked on: it has failed."""
        self._finish(
            self.status.replace("_IN_PROGRESS", "_FAILED"), "The sandbox ended while the stack was worked on"
        )

    def exports(self) -> Iterator[tuple[str, str]]:
        for output in self.outputs.values():
            if "ExportName" in output:
                yield output["ExportName"], output["OutputValue"]

    def _finish(self, status: str, reason: str = "") -> None:
        self.status, self.reason = status, reason
        self._record(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)

    def _record(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        event = Event(str(uuid.uuid4()), logical_id, physical_id, kind, status, reason, clock.now())
        self.events.append(event)

    def _scope(self) -> Scope:
        return Scope(
            pseudo={
                "AWS::AccountId": self.account_id,
                "AWS::Region": self.region,
                "AWS::Partition": "aws-cn" if self.region.startswith("cn-") else "aws",
                "AWS::URLSuffix": "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com",
                "AWS::StackName": self.name,
                "AWS::StackId": self.id,
                "AWS::NotificationARNs": [],
            },
            parameters=self._parameter_values(),
            mappings=self.template.section("Mappings"),
            conditions=self.template.section("Conditions"),
            resources={},
            import_value=self._import,
            zones=_zones,
            dynamic=self._dynamic,
        )

    def _import(self, name: str) -> str:
        self.imported.add(name)
        return self.imports(name)

    def _parameter_values(self) -> dict[str, Any]:
        declared = self.template.section("Parameters")
        unknown = set(self.parameters) - set(declared)
        if unknown:
            raise TemplateError(f"Parameters: {sorted(unknown)} do not exist in the template")
        return {name: self._parameter(name, parameter) for name, parameter in declared.items()}

    def _parameter(self, name: str, declared: dict[str, Any]) -> Any:
        value = self.parameters.get(name, declared.get("Default"))
        if value is None:
            raise TemplateError(f"Parameters: [{name}] must have values")
        allowed = declared.get("AllowedValues")
        if allowed and value not in allowed:
            raise TemplateError(f"Parameter '{name}' must be one of {allowed}, got {value!r}")
        if declared["Type"].startswith("AWS::SSM::Parameter::Value"):
            return self._dynamic(f"ssm:{value}")
        if declared["Type"] in ("CommaDelimitedList", "List<Number>"):
            return [part.strip() for part in str(value).split(",")]
        return value

    def _dynamic(self, reference: str) -> str:
        """A dynamic reference; only Systems Manager parameters are looked up."""
        service, name = reference.split(":", 1)
        if service != "ssm":
            raise TemplateError(f"{{{{resolve:{reference}}}}} is not looked up here; allowed: ssm")
        parameter = boto3.client("ssm", region_name=self.region).get_parameter(Name=name)
        return str(parameter["Parameter"]["Value"])


def _wanted(definition: dict[str, Any], scope: Scope) -> bool:
    return "Condition" not in definition or scope.holds(definition["Condition"])


def _refuse_unread(row: Row, resource: Resource) -> None:
    unread = [path for path in resource.properties.unread() if path not in row.inert]
    if unread:
        raise UnsupportedPropertyError(
            f"properties {unread} would be dropped; read them in {row.module} or say there why not (inert)"
        )


def _zones(region: str) -> list[str]:
    zones = boto3.client("ec2", region_name=region).describe_availability_zones()["AvailabilityZones"]
    return [zone["ZoneName"] for zone in zones]
