"""Play AWS CloudFormation: stacks are resolved here and created by the resource rows.

moto's own CloudFormation skips unknown types and drops properties; none of it is used but the
request layer. What a row cannot create fails the stack, which is rolled back.

Offline differs: a stack is done when its request is answered, and change sets tell of a nested stack
that it changes, not what changes in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlparse

import boto3
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.core.base_backend import BaseBackend

from offline.cloudformation import capabilities, deployment, drift, parameters, stack_policy, urls
from offline.cloudformation.changes import planned, refuse_other_types
from offline.cloudformation.changeset import NO_CHANGES, ChangeSet
from offline.cloudformation.deployment import REFUSALS, Deployment
from offline.cloudformation.stack import Revision, Stack, check
from offline.cloudformation.template import Template
from offline.engine import Engine
from offline.errors import DeploymentError, TemplateError
from offline.iam.callers import current_caller
from offline.resources.row import Actor

STANDING = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
    | {"CREATE_FAILED", "UPDATE_FAILED"}
)
"""Statuses of stacks that can be updated; the failed ones where rollback was disabled."""


class InsufficientCapabilitiesError(CloudFormationError):
    code = "InsufficientCapabilitiesException"


class ChangeSetNotFoundError(CloudFormationError):
    code = "ChangeSetNotFound"


class InvalidChangeSetStatusError(CloudFormationError):
    code = "InvalidChangeSetStatus"


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


class CloudFormationEngine(Engine, BaseBackend):
    """The stacks of one region."""

    service = "cloudformation"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, ChangeSet] = {}
        self.detections: dict[str, drift.Detection] = {}
        self._unfinished: dict[str, Deployment] = {}
        """Deployments of stacks whose rollback failed, by stack id."""

    @property
    def _url_module(self) -> Any:
        return urls

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

    def holder(self, physical_id: str) -> Stack:
        """The living stack that a resource belongs to."""
        for stack in self.living():
            if any(one.physical.id == physical_id for one in stack.resources.values()):
                return stack
        raise ValidationError(message=f"Stack for {physical_id} does not exist")

    # Stacks

    def create_stack(
        self,
        asked: Asked,
        *,
        on_failure: str = "ROLLBACK",
        protected: bool = False,
        policy: str = "",
        parent_id: str = "",
    ) -> Stack:
        if any(stack.name == asked.name for stack in self.living()):
            raise AlreadyExistsException(f"Stack [{asked.name}] already exists")
        stack = self._new_stack(asked)
        stack.protected, stack.policy, stack.parent_id = protected, valid_policy(policy), parent_id
        stack.root_id = (self.stack(parent_id).root_id or parent_id) if parent_id else ""
        self._refuse_impossible(stack, stack.revision, asked.capabilities)
        self.stacks[stack.id] = stack
        self._create(stack, on_failure)
        return stack

    def _new_stack(self, asked: Asked) -> Stack:
        id = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:stack/{asked.name}/{uuid.uuid4()}"
        return Stack(
            name=asked.name,
            id=id,
            account_id=self.account_id,
            region=self.region_name,
            revision=self._revision(asked, None),
            imports=self.exported,
            actor=_actor(asked.role_arn),
            capabilities=asked.capabilities,
            notification_arns=asked.notification_arns or [],
            token=asked.token,
        )

    def _create(self, stack: Stack, on_failure: str) -> None:
        work = Deployment(
            stack,
            stack.revision,
            "CREATE",
            self._check_exports,
            disable_rollback=on_failure == "DO_NOTHING",
        )
        stack.disable_rollback = work.disable_rollback
        self._run(work)
        if on_failure == "DELETE" and stack.status == "ROLLBACK_COMPLETE":
            deployment.delete(stack)

    def _run(self, work: Deployment) -> None:
        work.run()
        self._keep_unfinished(work)

    def _keep_unfinished(self, work: Deployment) -> None:
        if work.stack.status in ("UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "CREATE_FAILED"):
            self._unfinished[work.stack.id] = work
        else:
            self._unfinished.pop(work.stack.id, None)

    def update_stack(
        self, asked: Asked, *, disable_rollback: bool = False, policy: str = "", policy_during: str = ""
    ) -> Stack:
        stack = self.stack(asked.name)
        _refuse_status(stack)
        revision = self._revision(asked, stack)
        self._refuse_impossible(stack, revision, asked.capabilities)
        if policy:
            stack.policy = valid_policy(policy)
        if not self._changes(stack, revision):
            raise ValidationError(message="No updates are to be performed.")
        self._take_over(stack, asked)
        self._update(stack, revision, disable_rollback, valid_policy(policy_during) or stack.policy)
        return stack

    def _take_over(self, stack: Stack, asked: Asked) -> None:
        stack.actor = _actor(asked.role_arn or stack.actor.role_arn)
        stack.capabilities, stack.token = asked.capabilities, asked.token
        if asked.notification_arns is not None:
            stack.notification_arns = asked.notification_arns

    def _update(self, stack: Stack, revision: Revision, disable_rollback: bool, policy: str) -> None:
        self._run(Deployment(stack, revision, "UPDATE", self._check_exports, policy, disable_rollback))

    def _changes(self, stack: Stack, revision: Revision) -> bool:
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

    def _revision(self, asked: Asked, stack: Stack | None) -> Revision:
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

    def _refuse_impossible(self, stack: Stack, revision: Revision, given: list[str]) -> None:
        """What can be told before anything is done is answered at once."""
        try:
            check(stack, revision)
            refuse_other_types(stack, revision)
        except REFUSALS as error:
            raise ValidationError(message=str(error)) from None
        lacking = capabilities.missing(revision.template, given)
        if lacking:
            raise InsufficientCapabilitiesError(lacking)

    def delete_stack(self, name: str, retain: list[str] | None = None, token: str = "") -> None:
        """The stack is gone; naming one that does not exist is no error, as on AWS."""
        try:
            stack = self.stack(name)
        except ValidationError:
            return
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
        deployment.delete(stack, frozenset(retain or []))
        if stack.status == "DELETE_COMPLETE":
            self._forget_change_sets(stack)

    def _refuse_imported(self, stack: Stack) -> None:
        for name, _ in stack.exports():
            importers = self.importers(name)
            if importers:
                raise ValidationError(
                    message=f"Export {name} cannot be deleted as it is in use by {' and '.join(importers)}"
                )

    def _forget_change_sets(self, stack: Stack) -> None:
        self.change_sets = {id: one for id, one in self.change_sets.items() if one.stack is not stack}
        self._unfinished.pop(stack.id, None)

    def roll_back(self, name: str, skip: list[str] | None = None) -> Stack:
        """RollbackStack and ContinueUpdateRollback: take a stack that stopped half-way back."""
        stack = self.stack(name)
        work = self._unfinished.get(stack.id)
        if work is None:
            raise ValidationError(
                message=f"Stack:{stack.id} is in {stack.status} state and can not be rolled back."
            )
        work.resume(frozenset(skip or []))
        self._keep_unfinished(work)
        return stack

    # Exports

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

    def _check_exports(self, stack: Stack, outputs: dict[str, dict[str, Any]]) -> None:
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

    # Change sets

    def create_change_set(
        self, asked: Asked, name: str, kind: str, description: str = "", on_failure: str = ""
    ) -> ChangeSet:
        stack = self._stack_to_change(asked, kind)
        if any(one.name == name and one.stack is stack for one in self.change_sets.values()):
            raise AlreadyExistsException(
                f"ChangeSet {name} cannot be created due to a mismatch with existing"
            )
        revision = self._revision(asked, None if kind == "CREATE" else stack)
        self._refuse_impossible(stack, revision, asked.capabilities)
        arn = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:changeSet/{name}/{uuid.uuid4()}"
        change_set = ChangeSet(
            name,
            arn,
            stack,
            kind,
            revision,
            _actor(asked.role_arn),
            description,
            asked.capabilities,
            on_failure,
        )
        self.stacks.setdefault(stack.id, stack)
        self.change_sets[arn] = change_set
        self._plan(change_set, asked)
        return change_set

    def _stack_to_change(self, asked: Asked, kind: str) -> Stack:
        living = next((one for one in self.living() if asked.name in (one.name, one.id)), None)
        if kind == "CREATE":
            if living is not None and living.status != "REVIEW_IN_PROGRESS":
                raise ValidationError(
                    message=f"Stack [{asked.name}] already exists and cannot be created again with the "
                    f"changeSet [{living.id}]."
                )
            return living or self._to_review(asked)
        stack = self.stack(asked.name)
        _refuse_status(stack)
        return stack

    def _to_review(self, asked: Asked) -> Stack:
        stack = self._new_stack(asked)
        stack.finish("REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def _plan(self, change_set: ChangeSet, asked: Asked) -> None:
        try:
            change_set.changes = planned(change_set.stack, change_set.revision)
        except REFUSALS as error:
            change_set.fail(str(error))
            return
        if change_set.kind == "UPDATE" and not self._changes(change_set.stack, change_set.revision):
            change_set.fail(NO_CHANGES)

    def change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        """A change set by ARN, or by name and stack."""
        if name in self.change_sets:
            return self.change_sets[name]
        for one in self.change_sets.values():
            if one.name == name and stack_name in (one.stack.name, one.stack.id):
                return one
        raise ChangeSetNotFoundError(f"ChangeSet [{name}] does not exist")

    def change_sets_of(self, stack: Stack) -> Iterator[ChangeSet]:
        yield from (one for one in self.change_sets.values() if one.stack is stack)

    def delete_change_set(self, name: str, stack_name: str | None) -> None:
        try:
            change_set = self.change_set(name, stack_name)
        except ChangeSetNotFoundError:
            return
        del self.change_sets[change_set.id]

    def execute_change_set(self, name: str, stack_name: str | None, disable_rollback: bool) -> None:
        change_set = self.change_set(name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            raise InvalidChangeSetStatusError(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of "
                f"[{change_set.status}]"
            )
        stack = change_set.stack
        self._forget_change_sets(stack)
        stack.actor, stack.capabilities = change_set.actor, change_set.capabilities
        if change_set.kind == "CREATE":
            stack.revision = change_set.revision
            on_failure = change_set.on_failure or ("DO_NOTHING" if disable_rollback else "ROLLBACK")
            self._create(stack, on_failure)
        else:
            rollback_disabled = disable_rollback or change_set.on_failure == "DO_NOTHING"
            self._update(stack, change_set.revision, rollback_disabled, stack.policy)

    # Drift

    def detect_drift(self, name: str, logical_ids: list[str] | None = None) -> drift.Detection:
        stack = self.stack(name)
        unknown = sorted(set(logical_ids or []) - set(stack.resources))
        if unknown:
            raise ValidationError(message=f"Resource {unknown[0]} does not exist for stack {stack.name}")
        detection = drift.detect(stack, logical_ids)
        self.detections[detection.id] = detection
        return detection

    def drifts_of(self, stack: Stack) -> list[drift.ResourceDrift]:
        """What the newest detection of each resource found."""
        found = {
            one.logical_id: one
            for detection in self.detections.values()
            if detection.stack is stack
            for one in detection.drifts
        }
        return [one for id, one in found.items() if id in stack.resources]

    def template_at(self, url: str) -> str:
        """The template that lies at an S3 address, path style or virtual-hosted."""
        parsed = urlparse(url)
        path = unquote(parsed.path).lstrip("/")
        if parsed.netloc.startswith(("s3.", "s3-", "localhost", "127.0.0.1")):
            bucket, _, key = path.partition("/")
        else:
            bucket, key = parsed.netloc.split(".s3", 1)[0], path
        if not bucket or not key:
            raise ValidationError(message=f"S3 error: got {url}, which names no object of a bucket")
        s3 = boto3.client("s3", region_name=self.region_name)
        try:
            return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
        except s3.exceptions.ClientError as error:
            raise ValidationError(message=f"S3 error: {error.response['Error']['Message']}") from None


def _refuse_status(stack: Stack) -> None:
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


def _actor(role_arn: str) -> Actor:
    """In whose name the stack is deployed: its role's, or else the caller's."""
    if role_arn:
        return Actor(role_arn)
    caller = current_caller()
    if caller is None or caller.principal.kind in ("root", "anonymous") or not caller.access_key:
        return Actor()
    return Actor("", caller.access_key, caller.token)
