"""CloudFormation's operations on the wire, in AWS's shapes; what is not here is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import camelcase_to_underscores

from offline.cloudformation import wire
from offline.cloudformation.addresses import WAIT_CONDITION
from offline.cloudformation.signals import parsed
from offline.cloudformation.stacks import Asked, valid_policy
from offline.cloudformation.template import Template
from offline.engine import ACCOUNT_ID
from offline.errors import TemplateError

if TYPE_CHECKING:
    from offline.cloudformation.stack import Stack
    from offline.engines.cloudformation import CloudFormationEngine

NOT_PLAYED = {
    "ResourcesToImport": "importing resources into a stack",
    "RollbackConfiguration": "rollback triggers",
    "ResourceTypes": "limiting a stack to resource types",
    "DeploymentMode": "reverting drift by a change set",
}
"""Members of requests that would have an effect on AWS and have none here, and what they ask for."""


class HookResultNotFoundError(CloudFormationError):
    code = "HookResultNotFound"


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

    # Requests

    def _asked(self) -> Asked:
        self._refuse_what_is_not_played()
        tags = self._get_param("Tags")
        return Asked(
            name=self._get_param("StackName"),
            body=self._template_body(),
            parameters=self._get_param("Parameters", []),
            tags=None if tags is None else {tag["Key"]: tag["Value"] for tag in tags},
            capabilities=self._get_param("Capabilities", []),
            role_arn=self._get_param("RoleARN", ""),
            notification_arns=self._get_param("NotificationARNs"),
            token=self._get_param("ClientRequestToken", ""),
            disable_rollback=self._rollback_disabled(),
            retain_except_on_create=self._get_param("RetainExceptOnCreate", False),
            import_existing=self._get_param("ImportExistingResources", False),
        )

    def _rollback_disabled(self) -> bool:
        return bool(
            self._get_param("DisableRollback", False)
            or (self._get_param("DeploymentConfig") or {}).get("DisableRollback")
        )

    def _refuse_what_is_not_played(self) -> None:
        for member, what in NOT_PLAYED.items():
            if self._get_param(member) and self._get_param(member) != {"RollbackTriggers": []}:
                raise ValidationError(message=f"{member}: {what} is not an ability of this offline account")

    def _template_body(self) -> str | None:
        """The request's template; None where it keeps the stack's own."""
        body = self._document("TemplateBody", "TemplateURL")
        if body or self._get_param("UsePreviousTemplate"):
            return body or None
        raise ValidationError(message="Either Template URL or Template Body must be specified.")

    def _document(self, body: str, url: str) -> str:
        """A text that a request brings, or that lies at an address in S3."""
        given = self._get_param(body)
        if given:
            return str(given)
        address = self._get_param(url)
        return self.engine.template_at(address) if address else ""

    def _stack(self) -> Stack:
        return self.engine.stack(self._get_param("StackName"))

    # Stacks

    def create_stack(self) -> ActionResult:
        asked = self._asked()
        stack = self.engine.create_stack(
            asked,
            on_failure=self._get_param("OnFailure")
            or ("DO_NOTHING" if asked.disable_rollback else "ROLLBACK"),
            protected=self._get_param("EnableTerminationProtection", False),
            policy=self._document("StackPolicyBody", "StackPolicyURL"),
            parent_id=self.headers.get("x-offline-parent-stack", ""),
            timeout_minutes=self._get_param("TimeoutInMinutes"),
        )
        return ActionResult(_started(stack, "CREATE_STACK"))

    def update_stack(self) -> ActionResult:
        stack = self.engine.update_stack(
            self._asked(),
            policy=self._document("StackPolicyBody", "StackPolicyURL"),
            policy_during=self._document("StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL"),
            by_parent="x-offline-parent-stack" in self.headers,
        )
        return ActionResult(_started(stack, "UPDATE_STACK"))

    def delete_stack(self) -> EmptyResult:
        name, retain = self._get_param("StackName"), self._get_param("RetainResources", [])
        token, force = self._get_param("ClientRequestToken", ""), self._get_param("DeletionMode")
        self.engine.delete_stack(name, retain, token=token, force=force == "FORCE_DELETE_STACK")
        return EmptyResult()

    def rollback_stack(self) -> ActionResult:
        stack = self.engine.roll_back(self._get_param("StackName"))
        return ActionResult(_started(stack, "ROLLBACK"))

    def continue_update_rollback(self) -> ActionResult:
        name, skip = self._get_param("StackName"), self._get_param("ResourcesToSkip", [])
        self.engine.roll_back(name, "CONTINUE_ROLLBACK", skip)
        return ActionResult({})

    def cancel_update_stack(self) -> EmptyResult:
        token = self._get_param("ClientRequestToken", "")
        self.engine.cancel_update(self._get_param("StackName"), token)
        return EmptyResult()

    def signal_resource(self) -> EmptyResult:
        asked = ("StackName", "LogicalResourceId", "UniqueId", "Status")
        self.engine.signal(*(self._get_param(name) for name in asked))
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        stack = self._stack()
        stack.protected = bool(self._get_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def set_stack_policy(self) -> EmptyResult:
        self._stack().policy = valid_policy(self._document("StackPolicyBody", "StackPolicyURL"))
        return EmptyResult()

    def get_stack_policy(self) -> ActionResult:
        return ActionResult({"StackPolicyBody": self._stack().policy or None})

    def describe_stacks(self) -> ActionResult:
        name = self._get_param("StackName")
        stacks = [self.engine.stack(name)] if name else self.engine.living()
        return ActionResult({"Stacks": [wire.stack(stack) for stack in stacks]})

    def list_stacks(self) -> ActionResult:
        chosen = self._get_param("StackStatusFilter", [])
        stacks = [s for s in self.engine.stacks.values() if not chosen or s.status in chosen]
        return ActionResult({"StackSummaries": [wire.summary(stack) for stack in stacks]})

    def describe_stack_events(self) -> ActionResult:
        stack = self._stack()
        events = [wire.event(stack, event) for event in reversed(stack.events) if event.status]
        return ActionResult({"StackEvents": events})

    def describe_events(self) -> ActionResult:
        stack, operation_id = self._operated()
        operations = {one.id: one for one in stack.operations if operation_id in ("", one.id)}
        events = [
            wire.operation_event(stack, operations[event.operation_id], event)
            for event in reversed(stack.events)
            if event.operation_id in operations
        ]
        if (self._get_param("Filters") or {}).get("FailedEvents"):
            events = [event for event in events if event["EventType"].endswith("_ERROR")]
        return ActionResult({"OperationEvents": events})

    def _operated(self) -> tuple[Stack, str]:
        """The stack whose events are asked for, and the operation if it is one."""
        name, change_set = self._get_param("StackName"), self._get_param("ChangeSetName")
        operation_id = self._get_param("OperationId", "")
        if change_set:
            found = self.engine.change_set(change_set, name)
            return found.stack, found.operation_id
        if not name and not operation_id:
            raise ValidationError(
                message="One of ChangeSetName, OperationId or StackName must be specified as input."
            )
        return self.engine.stack(name) if name else self.engine.operated(operation_id), operation_id

    def describe_stack_resources(self) -> ActionResult:
        physical_id, logical_id = self._get_param("PhysicalResourceId"), self._get_param("LogicalResourceId")
        stack = self.engine.holder(physical_id) if physical_id else self._stack()
        resources = [
            wire.resource(stack, name, deployed)
            for name, deployed in stack.resources.items()
            if logical_id in (None, name) and physical_id in (None, deployed.physical.id)
        ]
        return ActionResult({"StackResources": resources})

    def describe_stack_resource(self) -> ActionResult:
        stack, logical_id = self._stack(), self._get_param("LogicalResourceId")
        if logical_id not in stack.resources:
            raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
        detail = wire.resource(stack, logical_id, stack.resources[logical_id])
        return ActionResult({"StackResourceDetail": detail})

    def list_stack_resources(self) -> ActionResult:
        stack = self._stack()
        resources = [wire.resource(stack, name, deployed) for name, deployed in stack.resources.items()]
        return ActionResult({"StackResourceSummaries": resources})

    # Exports

    def list_exports(self) -> ActionResult:
        exports = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self.engine.living()
            for name, value in stack.exports()
        ]
        return ActionResult({"Exports": exports})

    def list_imports(self) -> ActionResult:
        name = self._get_param("ExportName")
        importers = self.engine.importers(name)
        if not importers:
            raise ValidationError(message=f"Export '{name}' is not imported by any stack.")
        return ActionResult({"Imports": importers})

    # Templates

    def get_template(self) -> ActionResult:
        change_set = self._get_param("ChangeSetName")
        if change_set:
            template = self.engine.change_set(change_set, self._get_param("StackName")).revision.template
        else:
            template = self._stack().template
        return ActionResult({"TemplateBody": template.body, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        if self._get_param("StackName"):
            return ActionResult(wire.template_summary(self._stack().template))
        return ActionResult(wire.template_summary(self._given_template()))

    def validate_template(self) -> ActionResult:
        told = wire.template_summary(self._given_template())
        names = ("Parameters", "Description", "Capabilities", "CapabilitiesReason", "DeclaredTransforms")
        return ActionResult({name: told[name] for name in names})

    def _given_template(self) -> Template:
        try:
            template = Template.parse(self._template_body() or "")
            template.check()
        except TemplateError as error:
            raise ValidationError(message=str(error)) from None
        return template

    # Change sets

    def create_change_set(self) -> ActionResult:
        kind = self._get_param("ChangeSetType", "UPDATE")
        if kind not in ("CREATE", "UPDATE"):
            raise ValidationError(message=f"got ChangeSetType {kind}; this account takes CREATE and UPDATE")
        change_set = self.engine.create_change_set(
            self._asked(),
            self._get_param("ChangeSetName"),
            kind,
            self._get_param("Description", ""),
            self._get_param("OnStackFailure", ""),
        )
        return ActionResult({"Id": change_set.id, "StackId": change_set.stack.id})

    def describe_change_set(self) -> ActionResult:
        change_set = self.engine.change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        values = bool(self._get_param("IncludePropertyValues", False))
        return ActionResult(wire.change_set(change_set, values=values))

    def list_change_sets(self) -> ActionResult:
        found = self.engine.change_sets_of(self._stack())
        return ActionResult({"Summaries": [wire.change_set_summary(one) for one in found]})

    def execute_change_set(self) -> ActionResult:
        self.engine.execute_change_set(
            self._get_param("ChangeSetName"),
            self._get_param("StackName"),
            disable_rollback=self._get_param("DisableRollback", False),
            retain_except_on_create=self._get_param("RetainExceptOnCreate", False),
        )
        return ActionResult({})

    def delete_change_set(self) -> ActionResult:
        self.engine.delete_change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return ActionResult({})

    # Hooks: none can be activated here, so none was ever invoked

    def describe_change_set_hooks(self) -> ActionResult:
        found = self.engine.change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        names = ("ChangeSetId", "ChangeSetName", "StackId", "StackName")
        told = wire.change_set_summary(found)
        status = "UNAVAILABLE" if found.status == "FAILED" else "PLANNED"
        return ActionResult({**{name: told[name] for name in names}, "Hooks": [], "Status": status})

    def list_hook_results(self) -> ActionResult:
        names = ("TargetType", "TargetId")
        return ActionResult({**{name: self._get_param(name) for name in names}, "HookResults": []})

    def get_hook_result(self) -> ActionResult:
        raise HookResultNotFoundError(f"Hook result {self._get_param('HookResultId')} does not exist")

    # Drift

    def detect_stack_drift(self) -> ActionResult:
        names = self._get_param("LogicalResourceIds")
        detection = self.engine.detect_drift(self._get_param("StackName"), names)
        return ActionResult({"StackDriftDetectionId": detection.id})

    def describe_stack_drift_detection_status(self) -> ActionResult:
        id = self._get_param("StackDriftDetectionId")
        if id not in self.engine.detections:
            raise ValidationError(message=f"StackDriftDetectionId [{id}] does not exist")
        return ActionResult(wire.detection(self.engine.detections[id]))

    def describe_stack_resource_drifts(self) -> ActionResult:
        stack, chosen = self._stack(), self._get_param("StackResourceDriftStatusFilters", [])
        found = [one for one in self.engine.drifts_of(stack) if not chosen or one.status in chosen]
        return ActionResult({"StackResourceDrifts": [wire.resource_drift(stack, one) for one in found]})

    def detect_stack_resource_drift(self) -> ActionResult:
        stack, logical_id = self._stack(), self._get_param("LogicalResourceId")
        [found] = self.engine.detect_drift(stack.id, [logical_id]).drifts
        return ActionResult({"StackResourceDrift": wire.resource_drift(stack, found)})


def receive_signal(request: Any, url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """Something is PUT at the address of a wait condition handle; what is no signal is refused."""
    from moto.cloudformation.models import cloudformation_backends

    if request.method != "PUT":
        return 405, {}, f"a signal is PUT at the address of a wait condition handle, got {request.method}"
    asked = urlsplit(url)
    stack_id, _, logical_id = unquote(asked.path).removeprefix(f"/{WAIT_CONDITION}/").rpartition("/")
    engines = cloudformation_backends[ACCOUNT_ID].values()
    stack = next((one.stacks[stack_id] for one in engines if stack_id in one.stacks), None)
    handle = stack.resources.get(logical_id) if stack is not None else None
    if stack is None or handle is None or urlsplit(handle.physical.id).query != asked.query:
        return 403, {}, "SignatureDoesNotMatch: this is the address of no wait condition handle"
    try:
        unique_id, signal = parsed(request.raw)
    except TemplateError as error:
        return 400, {}, str(error)
    stack.signal(logical_id, unique_id, signal)
    return 200, {}, ""


def _started(stack: Stack, kind: str) -> dict[str, str]:
    """The stack, and the operation that was asked for; others may have followed."""
    operation = next(one for one in reversed(stack.operations) if one.kind == kind)
    return {"StackId": stack.id, "OperationId": operation.id}
