"""CloudFormation's operations on the wire, in AWS's shapes; what is not here is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores

from offline.cloudformation.stack import Deployed, Event, Stack

if TYPE_CHECKING:
    from offline.engines.cloudformation import CloudFormationEngine


class CloudFormationApi(BaseResponse):
    """One request; moto's layer parses it and serializes the result by botocore's model."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    @property
    def engine(self) -> CloudFormationEngine:
        from moto.cloudformation.models import cloudformation_backends

        engine: CloudFormationEngine = cloudformation_backends[self.current_account][self.region]
        return engine

    def call_action(self) -> Any:
        action = self._get_action()
        if not hasattr(CloudFormationApi, camelcase_to_underscores(action)):
            refusal = ValidationError(message=f"{action} is not an operation of this offline account")
            status, headers, body = self.serialized(ActionResult(refusal))
            return status, headers, body
        return super().call_action()

    def create_stack(self) -> ActionResult:
        stack = self.engine.create_stack(
            name=self._get_param("StackName"),
            body=self._template_body(),
            parameters={p["ParameterKey"]: p["ParameterValue"] for p in self._get_param("Parameters", [])},
            tags={tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])},
        )
        return ActionResult({"StackId": stack.id})

    def _template_body(self) -> str:
        body = self._get_param("TemplateBody")
        if body:
            return str(body)
        url = self._get_param("TemplateURL")
        if not url:
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        return self.engine.template_at(url)

    def delete_stack(self) -> EmptyResult:
        self.engine.delete_stack(self._get_param("StackName"))
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        name = self._get_param("StackName")
        stacks = [self.engine.stack(name)] if name else self.engine.living()
        return ActionResult({"Stacks": [_description(stack) for stack in stacks]})

    def list_stacks(self) -> ActionResult:
        wanted = self._get_param("StackStatusFilter", [])
        stacks = [s for s in self.engine.stacks.values() if not wanted or s.status in wanted]
        return ActionResult({"StackSummaries": [_description(stack) for stack in stacks]})

    def describe_stack_events(self) -> ActionResult:
        stack = self.engine.stack(self._get_param("StackName"))
        return ActionResult({"StackEvents": [_event(stack, event) for event in reversed(stack.events)]})

    def describe_stack_resources(self) -> ActionResult:
        stack = self.engine.stack(self._get_param("StackName"))
        resources = [_resource(stack, name, deployed) for name, deployed in stack.resources.items()]
        return ActionResult({"StackResources": resources})

    def list_stack_resources(self) -> ActionResult:
        stack = self.engine.stack(self._get_param("StackName"))
        resources = [_resource(stack, name, deployed) for name, deployed in stack.resources.items()]
        return ActionResult({"StackResourceSummaries": resources})

    def list_exports(self) -> ActionResult:
        exports = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self.engine.living()
            for name, value in stack.exports()
        ]
        return ActionResult({"Exports": exports})

    def get_template(self) -> ActionResult:
        return ActionResult({"TemplateBody": self.engine.stack(self._get_param("StackName")).template.body})


def _description(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": stack.template.document.get("Description"),
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
        "Outputs": list(stack.outputs.values()),
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
    }


def _event(stack: Stack, event: Event) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "Timestamp": event.timestamp,
    }


def _resource(stack: Stack, logical_id: str, deployed: Deployed) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": deployed.physical.id,
        "ResourceType": deployed.resource.type,
        "ResourceStatus": deployed.status,
        "Timestamp": stack.created,
        "LastUpdatedTimestamp": stack.created,
    }
