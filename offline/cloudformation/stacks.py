"""The stacks of one region: created, updated, rolled back and deleted, and what they export to each other."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError

from offline.clock import clock
from offline.cloudformation import capabilities, deployment, parameters, stack_policy
from offline.cloudformation.changes import planned, refuse_other_types
from offline.cloudformation.deployment import REFUSALS, Deployment, Options, Steps, Wait
from offline.cloudformation.signals import STATUSES, Signal
from offline.cloudformation.stack import Revision, Stack, check
from offline.cloudformation.template import Template
from offline.errors import DeploymentError, StoppedError, TemplateError
from offline.iam.callers import current_caller
from offline.resources.row import Actor

STANDING = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
    | {"CREATE_FAILED", "UPDATE_FAILED"}
)
"""Statuses of stacks that can be updated; the failed ones where rollback was disabled."""


class InsufficientCapabilitiesError(CloudFormationError):
    code = "InsufficientCapabilitiesException"


@dataclass(frozen=True)
class Asked:
    """What a request says of a stack: to be created, updated, or planned in a change set."""

    name: str
    body: str | None
    """None where the request keeps the template that the stack has."""
    parameters: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] | None = None
    capabilities: list[str] = field(default_factory=list)
    role_arn: str = ""
    notification_arns: list[str] | None = None
    token: str = ""
    disable_rollback: bool = False
    retain_except_on_create: bool = False
    import_existing: bool = False


@dataclass(frozen=True)
class Waiting:
    """A deployment that stands still until a resource of it is complete."""

    work: Deployment
    steps: Steps[None]
    wait: Wait

    def due(self) -> datetime | None:
        """When the wait, or the time that the stack may take, is over."""
        return min(filter(None, (self.wait.due(), self.work.until)), default=None)

    def over(self) -> bool:
        due = self.due()
        return self.wait.over() or (due is not None and due <= clock.now())


class Stacks:
    """Operations on stacks."""

    region_name: str
    account_id: str

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.stacks: dict[str, Stack] = {}
        self._unfinished: dict[str, Deployment] = {}
        """Deployments of stacks whose rollback failed, by stack id."""
        self._waiting: dict[str, Waiting] = {}
        """By stack id; another process does not go on with them."""
        self._held: dict[str, Deployment] = {}
        """Updates of nested stacks whose parent is not done yet, by stack id."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_waiting": {}}

    def living(self) -> list[Stack]:
        return [stack for stack in self.stacks.values() if stack.exists]

    def stack(self, name: str) -> Stack:
        """The living stack of a name, or any stack of an id."""
        if name in self.stacks:
            return self.stacks[name]
        for stack in self.living():
            if stack.name == name:
                return stack
        raise ValidationError(name)

    def operated(self, operation_id: str) -> Stack:
        """The stack, living or not, that an operation was on."""
        for stack in self.stacks.values():
            if any(one.id == operation_id for one in stack.operations):
                return stack
        raise ValidationError(message=f"Operation {operation_id} does not exist")

    def holder(self, physical_id: str) -> Stack:
        """The living stack that a resource belongs to."""
        for stack in self.living():
            if any(one.physical.id == physical_id for one in stack.resources.values()):
                return stack
        raise ValidationError(message=f"Stack for {physical_id} does not exist")

    def create_stack(
        self,
        asked: Asked,
        *,
        on_failure: str = "ROLLBACK",
        protected: bool = False,
        policy: str = "",
        parent_id: str = "",
        timeout_minutes: int | None = None,
    ) -> Stack:
        if any(stack.name == asked.name for stack in self.living()):
            raise AlreadyExistsException(f"Stack [{asked.name}] already exists")
        stack = self.new_stack(asked)
        stack.protected, stack.policy, stack.parent_id = protected, valid_policy(policy), parent_id
        stack.timeout_minutes = timeout_minutes
        stack.root_id = (self.stack(parent_id).root_id or parent_id) if parent_id else ""
        self.refuse_impossible(stack, stack.revision, asked.capabilities)
        self.stacks[stack.id] = stack
        options = Options(
            "",
            on_failure == "DO_NOTHING",
            asked.import_existing,
            asked.retain_except_on_create,
            on_failure == "DELETE",
        )
        self.bring_about(stack, options)
        return stack

    def new_stack(self, asked: Asked) -> Stack:
        id = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:stack/{asked.name}/{uuid.uuid4()}"
        return Stack(
            name=asked.name,
            id=id,
            account_id=self.account_id,
            region=self.region_name,
            revision=self.revised(asked, None),
            imports=self.exported,
            actor=actor_of(asked.role_arn),
            capabilities=asked.capabilities,
            notification_arns=asked.notification_arns or [],
            token=asked.token,
        )

    def bring_about(self, stack: Stack, options: Options) -> None:
        stack.disable_rollback = options.disable_rollback
        self.run(Deployment(stack, stack.revision, "CREATE", self, options))

    def run(self, work: Deployment) -> None:
        """The deployment is done, or waits."""
        self._go_on(work, work.run())

    def _go_on(self, work: Deployment, steps: Steps[None]) -> None:
        wait = next(steps, None)
        if wait is not None:
            self._waiting[work.stack.id] = Waiting(work, steps, wait)
        else:
            self._end(work)

    def _end(self, work: Deployment) -> None:
        self._keep_unfinished(work)
        if work.stack.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            self._held[work.stack.id] = work
        if work.options.delete_failed and work.stack.status == "ROLLBACK_COMPLETE":
            deployment.delete(work.stack, because=work.stack.reason)

    def cancel_update(self, name: str, token: str = "") -> None:
        """CancelUpdateStack: an update that waits is taken back, also where rollback is disabled."""
        stack = self.stack(name)
        if stack.status != "UPDATE_IN_PROGRESS" or stack.id not in self._waiting:
            raise ValidationError(message="CancelUpdateStack cannot be called from current stack status")
        stack.token = token
        self._cancel(stack.id)

    def _cancel(self, id: str) -> None:
        waiting = self._waiting.pop(id)
        waiting.work.options = replace(waiting.work.options, disable_rollback=False)
        self._stop(waiting, "User Initiated")

    def _stop(self, waiting: Waiting, reason: str) -> None:
        with suppress(StopIteration):
            waiting.steps.throw(StoppedError(reason))
        self._end(waiting.work)

    def take_back(self, id: str) -> None:
        """The update of a nested stack is undone with that of its parent, wherever it stands."""
        stack = self.stack(id)
        if id in self._waiting:
            self._cancel(id)
        elif id in self._held:
            work = self._held.pop(id)
            work.take_back()
            self._end(work)
        elif id in self._unfinished:
            self.roll_back(id, "CONTINUE_ROLLBACK")
        if stack.status != "UPDATE_ROLLBACK_COMPLETE":
            raise DeploymentError(
                f"Embedded stack {id} was not successfully updated. "
                f"Currently in {stack.status} with reason: {stack.reason}"
            )

    def clean_up_nested(self, parent: Stack) -> None:
        """Updates of nested stacks stand once that of their parent does."""
        for work in list(self._held.values()):
            if work.stack.parent_id == parent.id:
                del self._held[work.stack.id]
                work.clean_up()

    def due(self) -> datetime | None:
        return min(filter(None, (one.due() for one in self._waiting.values())), default=None)

    def settle(self) -> bool:
        """Deployments go on whose wait is over, and end whose time is."""
        over = [id for id, one in self._waiting.items() if one.over()]
        for id in over:
            if (one := self._waiting.pop(id, None)) is None:
                continue
            if one.wait.over():
                self._go_on(one.work, one.steps)
            else:
                self._stop(one, "Stack creation time exceeded the specified timeout")
        return bool(over)

    def signal(self, name: str, logical_id: str, unique_id: str, status: str) -> None:
        """SignalResource: a resource that waits by its creation policy has a signal."""
        stack = self.stack(name)
        if not stack.status.endswith("_IN_PROGRESS"):
            raise ValidationError(
                message=f"Stack {stack.id} is in {stack.status} state and cannot be signaled"
            )
        deployed = stack.resources.get(logical_id)
        if deployed is None:
            raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
        if not deployed.status.endswith("_IN_PROGRESS"):
            raise ValidationError(
                message=f"Resource {logical_id} is in {deployed.status} state and cannot be signaled"
            )
        if not deployed.definition.get("CreationPolicy"):
            raise ValidationError(
                message=f"Resource {logical_id} has no CreationPolicy; signals are PUT at its handle"
            )
        if status not in STATUSES:
            raise ValidationError(message=f"got Status {status}; allowed: {', '.join(STATUSES)}")
        if stack.signal(logical_id, unique_id, Signal(status)):
            told = f"Received {status} signal with UniqueId {unique_id}"
            kind = deployed.resource.type
            stack.record(logical_id, deployed.physical.id, kind, deployed.status, told)

    def _keep_unfinished(self, work: Deployment) -> None:
        if work.stack.status in ("UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "CREATE_FAILED"):
            self._unfinished[work.stack.id] = work
        else:
            self._unfinished.pop(work.stack.id, None)

    def update_stack(
        self, asked: Asked, *, policy: str = "", policy_during: str = "", by_parent: bool = False
    ) -> Stack:
        stack = self.stack(asked.name)
        refuse_status(stack)
        revision = self.revised(asked, stack)
        self.refuse_impossible(stack, revision, asked.capabilities)
        if policy:
            stack.policy = valid_policy(policy)
        if not self.differs(stack, revision):
            raise ValidationError(message="No updates are to be performed.")
        self._take_over(stack, asked)
        options = Options(
            valid_policy(policy_during) or stack.policy, asked.disable_rollback, by_parent=by_parent
        )
        self.run(Deployment(stack, revision, "UPDATE", self, options))
        return stack

    def _take_over(self, stack: Stack, asked: Asked) -> None:
        stack.actor = actor_of(asked.role_arn or stack.actor.role_arn)
        stack.capabilities, stack.token = asked.capabilities, asked.token
        if asked.notification_arns is not None:
            stack.notification_arns = asked.notification_arns

    def differs(self, stack: Stack, revision: Revision) -> bool:
        old, new = stack.revision, revision
        same = old.template.document == new.template.document and (old.parameters, old.tags) == (
            new.parameters,
            new.tags,
        )
        if same:
            return bool(planned(stack, revision))
        definitions = ("Resources", "Outputs")
        return bool(planned(stack, revision)) or any(
            old.template.section(one) != new.template.section(one) for one in definitions
        )

    def revised(self, asked: Asked, stack: Stack | None) -> Revision:
        """What the request asks the stack to be, over what it is."""
        previous = stack.revision if stack is not None else None
        try:
            template = (
                previous.template if asked.body is None and previous else Template.parse(asked.body or "")
            )
            texts = parameters.texts(
                template.section("Parameters"), asked.parameters, previous.parameters if previous else {}
            )
        except TemplateError as error:
            raise ValidationError(message=str(error)) from None
        tags = asked.tags if asked.tags is not None else previous.tags if previous else {}
        return Revision(template, texts, tags)

    def refuse_impossible(self, stack: Stack, revision: Revision, given: list[str]) -> None:
        """What can be told before anything is done is answered at once."""
        try:
            check(stack, revision)
            refuse_other_types(stack, revision)
        except REFUSALS as error:
            raise ValidationError(message=str(error)) from None
        lacking = capabilities.missing(revision.template, given)
        if lacking:
            raise InsufficientCapabilitiesError(lacking)

    def delete_stack(
        self, name: str, retain: list[str] | None = None, *, token: str = "", force: bool = False
    ) -> None:
        """The stack is gone; naming one that does not exist is no error, as on AWS."""
        try:
            stack = self.stack(name)
        except ValidationError:
            return
        if not stack.exists:
            return
        if stack.status.startswith("UPDATE_") and stack.status.endswith("_IN_PROGRESS"):
            raise ValidationError(
                message=f"Stack [{stack.id}] cannot be deleted while in status {stack.status}"
            )
        if stack.protected:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if retain and stack.status != "DELETE_FAILED":
            raise ValidationError(
                message=f"Invalid operation on stack [{stack.id}]. RetainResources is allowed only in "
                f"DELETE_FAILED, the stack is in {stack.status}"
            )
        self._refuse_imported(stack)
        stack.token = token
        if (waiting := self._waiting.pop(stack.id, None)) is not None:
            waiting.steps.close()
        self.clean_up_nested(stack)
        deployment.delete(stack, frozenset(retain or []), force=force and stack.status == "DELETE_FAILED")
        if stack.status == "DELETE_COMPLETE":
            self._unfinished.pop(stack.id, None)

    def _refuse_imported(self, stack: Stack) -> None:
        for name, _ in stack.exports():
            importers = self.importers(name)
            if importers:
                raise ValidationError(
                    message=f"Export {name} cannot be deleted as it is in use by {' and '.join(importers)}"
                )

    def roll_back(self, name: str, operation: str = "ROLLBACK", skip: list[str] | None = None) -> Stack:
        """RollbackStack and ContinueUpdateRollback: take a stack that stopped half-way back."""
        stack = self.stack(name)
        work = self._unfinished.get(stack.id)
        if work is None:
            raise ValidationError(
                message=f"Stack:{stack.id} is in {stack.status} state and can not be rolled back."
            )
        work.resume(operation, frozenset(skip or []))
        self._keep_unfinished(work)
        return stack

    def exported(self, name: str) -> str:
        """The value that some stack exports under a name."""
        for stack in self.living():
            for exported, value in stack.exports():
                if exported == name:
                    return value
        raise TemplateError(f"No export named {name} found.")

    def importers(self, name: str) -> list[str]:
        """The stacks that import an export, by name."""
        return sorted(one.name for one in self.living() if one.resources and name in one.imported)

    def check_exports(self, stack: Stack, outputs: dict[str, dict[str, Any]]) -> None:
        """No other stack exports these names, and no stack loses an export that it uses."""
        new = {one["ExportName"]: one["OutputValue"] for one in outputs.values() if "ExportName" in one}
        for other in self.living():
            for name, _ in other.exports():
                if name in new and other is not stack:
                    raise DeploymentError(
                        f"Export with name {name} is already exported by stack {other.name}."
                    )
        for name, value in stack.exports():
            importers = self.importers(name)
            if importers and new.get(name) != value:
                verb = "updated" if name in new else "deleted"
                raise DeploymentError(
                    f"Export {name} cannot be {verb} as it is in use by {' and '.join(importers)}"
                )


def refuse_status(stack: Stack) -> None:
    if stack.status not in STANDING:
        raise ValidationError(message=f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def valid_policy(text: str) -> str:
    """A stack policy that is one."""
    try:
        if text:
            stack_policy.parsed(text)
    except TemplateError as error:
        raise ValidationError(message=str(error)) from None
    return text


def actor_of(role_arn: str) -> Actor:
    """In whose name the stack is deployed: its role's, or else the caller's."""
    if role_arn:
        return Actor(role_arn)
    caller = current_caller()
    if caller is None or caller.principal.kind in ("root", "anonymous") or not caller.access_key:
        return Actor()
    return Actor("", caller.access_key, caller.token)
