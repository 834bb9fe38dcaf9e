"""Stacks, events, resources, change sets and drift in the shapes of CloudFormation's answers."""

from __future__ import annotations

import json
from typing import Any

from offline.cloudformation import capabilities, parameters
from offline.cloudformation.changeset import ChangeSet, on_the_wire
from offline.cloudformation.drift import Detection, ResourceDrift
from offline.cloudformation.operation import Operation
from offline.cloudformation.schema import schema_of
from offline.cloudformation.stack import Deployed, Event, Stack
from offline.cloudformation.template import Template


def tags(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def stack(one: Stack) -> dict[str, Any]:
    declared = one.template.section("Parameters")
    return {
        "StackId": one.id,
        "StackName": one.name,
        "Description": one.template.document.get("Description"),
        "CreationTime": one.created,
        "LastUpdatedTime": one.updated,
        "DeletionTime": one.deleted,
        "StackStatus": one.status,
        "StackStatusReason": one.reason or None,
        "DisableRollback": one.disable_rollback,
        "TimeoutInMinutes": one.timeout_minutes,
        "EnableTerminationProtection": one.protected,
        "Parameters": parameters.shown(declared, one.revision.parameters),
        "Outputs": list(one.outputs.values()),
        "Capabilities": one.capabilities,
        "NotificationARNs": one.notification_arns,
        "RoleARN": one.actor.role_arn or None,
        "ParentId": one.parent_id or None,
        "RootId": one.root_id or None,
        "Tags": tags(one.revision.tags),
        "DriftInformation": _drift(one),
        "LastOperations": [
            {"OperationType": last.kind, "OperationId": last.id} for last in one.operations[-1:]
        ],
    }


def summary(one: Stack) -> dict[str, Any]:
    names = (
        *("StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus"),
        *("StackStatusReason", "ParentId", "RootId", "DriftInformation", "LastOperations"),
    )
    described = stack(one)
    return {
        **{name: described[name] for name in names},
        "TemplateDescription": one.template.document.get("Description"),
    }


def _drift(one: Stack) -> dict[str, Any]:
    found: dict[str, Any] = {"StackDriftStatus": one.drift}
    return {**found, "LastCheckTimestamp": one.drift_checked} if one.drift_checked else found


def event(one: Stack, line: Event) -> dict[str, Any]:
    deployed = one.resources.get(line.logical_id)
    return {
        "StackId": one.id,
        "StackName": one.name,
        "EventId": line.id,
        "LogicalResourceId": line.logical_id,
        "PhysicalResourceId": line.physical_id,
        "ResourceType": line.type,
        "ResourceStatus": line.status or None,
        "ResourceStatusReason": line.reason or None,
        "ResourceProperties": json.dumps(deployed.resource.properties.values) if deployed else None,
        "ClientRequestToken": line.token or None,
        "Timestamp": line.timestamp,
        "OperationId": line.operation_id,
    }


def operation_event(one: Stack, operation: Operation, line: Event) -> dict[str, Any]:
    """An event as DescribeEvents tells it: of the operation itself, or of a resource."""
    told = {**event(one, line), "OperationType": operation.kind}
    if line.physical_id == one.id:
        times = {"StartTime": operation.started, "EndTime": operation.ended}
        return {**told, **times, "EventType": "STACK_EVENT", "OperationStatus": operation.status}
    failed = line.status.endswith("_FAILED")
    return {**told, "EventType": "PROVISIONING_ERROR" if failed else "PROGRESS_EVENT"}


def resource(one: Stack, logical_id: str, deployed: Deployed) -> dict[str, Any]:
    checked = deployed.drift_checked
    status: dict[str, Any] = {"StackResourceDriftStatus": deployed.drift}
    metadata = deployed.definition.get("Metadata")
    return {
        "StackId": one.id,
        "StackName": one.name,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": deployed.physical.id,
        "ResourceType": deployed.resource.type,
        "ResourceStatus": deployed.status,
        "ResourceStatusReason": deployed.reason or None,
        "Timestamp": deployed.changed,
        "LastUpdatedTimestamp": deployed.changed,
        "Metadata": json.dumps(metadata) if metadata else None,
        "DriftInformation": {**status, "LastCheckTimestamp": checked} if checked else status,
    }


def change_set(one: ChangeSet, *, values: bool = False) -> dict[str, Any]:
    declared = one.revision.template.section("Parameters")
    return {
        **change_set_summary(one),
        "Parameters": parameters.shown(declared, one.revision.parameters),
        "Tags": tags(one.revision.tags),
        "Capabilities": one.capabilities,
        "NotificationARNs": one.stack.notification_arns,
        "OnStackFailure": one.on_failure or None,
        "Changes": [on_the_wire(change, values=values) for change in one.changes],
    }


def change_set_summary(one: ChangeSet) -> dict[str, Any]:
    return {
        "ChangeSetName": one.name,
        "ChangeSetId": one.id,
        "StackId": one.stack.id,
        "StackName": one.stack.name,
        "Description": one.description or None,
        "CreationTime": one.created,
        "Status": one.status,
        "StatusReason": one.reason or None,
        "ExecutionStatus": one.execution_status,
        "IncludeNestedStacks": False,
    }


def detection(one: Detection) -> dict[str, Any]:
    return {
        "StackId": one.stack.id,
        "StackDriftDetectionId": one.id,
        "StackDriftStatus": one.stack.drift,
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": len(one.drifted),
        "Timestamp": one.stack.drift_checked,
    }


def resource_drift(one: Stack, found: ResourceDrift) -> dict[str, Any]:
    deployed = one.resources[found.logical_id]
    return {
        "StackId": one.id,
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": deployed.physical.id,
        "ResourceType": deployed.resource.type,
        "ExpectedProperties": json.dumps(found.expected),
        "ActualProperties": None if found.actual is None else json.dumps(found.actual, default=str),
        "PropertyDifferences": [
            {
                "PropertyPath": difference.path,
                "ExpectedValue": _text(difference.expected),
                "ActualValue": _text(difference.actual),
                "DifferenceType": difference.kind,
            }
            for difference in found.differences
        ],
        "StackResourceDriftStatus": found.status,
        "Timestamp": deployed.drift_checked or deployed.changed,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def template_parameters(template: Template) -> list[dict[str, Any]]:
    """A template's parameters as GetTemplateSummary tells them."""
    found = []
    for name, one in template.section("Parameters").items():
        entry = {
            "ParameterKey": name,
            "ParameterType": one["Type"],
            "NoEcho": str(one.get("NoEcho", "")).lower() == "true",
            "Description": one.get("Description"),
            "DefaultValue": None if "Default" not in one else str(one["Default"]),
        }
        allowed = one.get("AllowedValues")
        entry["ParameterConstraints"] = {"AllowedValues": [str(v) for v in allowed]} if allowed else None
        found.append(entry)
    return found


def template_summary(template: Template) -> dict[str, Any]:
    required, reason = capabilities.needed(template)
    kinds = [resource["Type"] for resource in template.resources.values()]
    metadata = template.document.get("Metadata")
    return {
        "Parameters": template_parameters(template),
        "Description": template.document.get("Description"),
        "Capabilities": required,
        "CapabilitiesReason": reason or None,
        "ResourceTypes": sorted(set(kinds)),
        "Version": template.document.get("AWSTemplateFormatVersion"),
        "Metadata": json.dumps(metadata) if metadata else None,
        "DeclaredTransforms": [],
        "ResourceIdentifierSummaries": [
            {
                "ResourceType": kind,
                "LogicalResourceIds": [id for id, one in template.resources.items() if one["Type"] == kind],
                "ResourceIdentifiers": [path[-1] for path in schema_of(kind).paths("primaryIdentifier")],
            }
            for kind in sorted(set(kinds))
        ],
    }
