"""Bring a stack from what exists of it to what a revision asks for, or back where that fails.

Resources are created and changed in the order of their dependencies. What a change replaces or removes
stays until everything else stands, and is deleted last, so that a failure can be undone step by step.
Source: AWS CloudFormation User Guide, "Understand update behaviors of stack resources" and "Stack failure
options".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from offline.clock import clock
from offline.cloudformation.changes import Change, change_of, existing
from offline.cloudformation.intrinsic import Scope, resolve
from offline.cloudformation.nested import NestedWait
from offline.cloudformation.schema import schema_of
from offline.cloudformation.signals import WAIT_CONDITION, SignalWait, awaited
from offline.cloudformation.stack import Deployed, Revision, Stack, outputs, wanted
from offline.cloudformation.stack_policy import refuse_protected
from offline.errors import DeploymentError, SandboxError, StoppedError, UnsupportedPropertyError
from offline.failures import origin
from offline.resources import row_of
from offline.resources.row import Physical, Properties, Resource, Row

if TYPE_CHECKING:
    from offline.cloudformation.stacks import Stacks

logger = logging.getLogger("offline.cloudformation")

REFUSALS = (SandboxError, BotoCoreError, ClientError)
"""What a row may meet while it works: our refusals, or the account's."""

T = TypeVar("T")


class Wait(Protocol):
    """What a resource that has begun waits for before it is complete."""

    def due(self) -> datetime | None:
        """When the wait is over, if nothing happens before; None where time does not end it."""

    def over(self) -> bool: ...

    def attributes(self) -> dict[str, str]:
        """The attributes of the complete resource; `DeploymentError` where the wait was in vain."""


Steps = Generator[Wait, None, T]
"""Work that stands still at each `Wait`, until somebody goes on with it."""


@dataclass(frozen=True)
class Options:
    """What a request says of how a stack is deployed."""

    policy: str = ""
    """The stack policy that an update is held to."""
    disable_rollback: bool = False
    import_existing: bool = False
    """Take resources of the template's own names into the stack where they exist already."""
    retain_except_on_create: bool = False
    delete_failed: bool = False
    """Delete a stack whose creation was rolled back."""
    by_parent: bool = False
    """An update of a nested stack, which its parent cleans up or takes back."""


@dataclass
class Deployment:
    """One create or update of a stack."""

    stack: Stack
    revision: Revision
    verb: str
    """`CREATE` or `UPDATE`, as statuses begin."""
    stacks: Stacks
    options: Options
    _undo: list[Callable[[], None]] = field(default_factory=list)
    _imported: set[str] = field(default_factory=set)
    _superseded: list[tuple[str, Deployed, str]] = field(default_factory=list)
    """Logical id, what is to be deleted at the end, and the policy that could retain it."""

    @property
    def until(self) -> datetime | None:
        """When a stack that is created has to stand; None where it may take any time."""
        minutes = self.stack.timeout_minutes
        if self.verb != "CREATE" or minutes is None:
            return None
        return self.stack.created + timedelta(minutes=minutes)

    def run(self) -> Steps[None]:
        """The revision stands, or everything is as before and the stack's reason says why."""
        stack = self.stack
        self.stacks.clean_up_nested(stack)
        former, stack.imported = stack.imported, set()
        stack.begin(f"{self.verb}_STACK", f"{self.verb}_IN_PROGRESS")
        try:
            scope = stack.scope(self.revision)
            yield from self._bring_all(scope)
            found = outputs(self.revision.template, scope)
            self.stacks.check_exports(stack, found)
        except REFUSALS as error:
            stack.imported |= former
            self._fail(str(error), "ROLLBACK")
        else:
            place = {logical_id: at for at, logical_id in enumerate(stack.template.order)}
            self._superseded.sort(key=lambda one: place.get(one[0], 0), reverse=True)
            self._undo.append(partial(self._become, stack.revision, stack.outputs, former))
            self._become(self.revision, found, stack.imported)
            if self.verb == "UPDATE":
                stack.finish("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            if not self.options.by_parent:
                self.clean_up()

    def _become(self, revision: Revision, outputs: dict[str, dict[str, Any]], imported: set[str]) -> None:
        self.stack.revision, self.stack.outputs, self.stack.imported = revision, outputs, imported

    def _bring_all(self, scope: Scope) -> Steps[None]:
        kept = set()
        for logical_id in self.revision.template.order:
            definition = self.revision.template.resources[logical_id]
            if wanted(definition, scope):
                kept.add(logical_id)
                yield from self._bring(logical_id, definition, scope)
        for logical_id, deployed in list(self.stack.resources.items()):
            if logical_id not in kept:
                self._let_go(logical_id, deployed)

    def _bring(self, logical_id: str, definition: dict[str, Any], scope: Scope) -> Steps[None]:
        """One resource is as its definition says."""
        kind = definition["Type"]
        status = "CREATE" if logical_id not in self.stack.resources else "UPDATE"
        try:
            _refuse_policies(definition)
            properties = resolve(definition.get("Properties") or {}, scope)
            resource = self.stack.resource(logical_id, kind, properties, self.revision.tags)
            scope.resources[logical_id] = yield from self._brought(logical_id, definition, resource, scope)
        except StoppedError:
            told = f"Resource {'creation' if status == 'CREATE' else 'update'} cancelled"
            self.stack.record(logical_id, self._id_of(logical_id), kind, f"{status}_FAILED", told)
            raise
        except REFUSALS as error:
            self.stack.record(logical_id, self._id_of(logical_id), kind, f"{status}_FAILED", str(error))
            raise DeploymentError(f"{self.stack.name}: {logical_id} ({kind}): {error}") from error

    def _id_of(self, logical_id: str) -> str:
        deployed = self.stack.resources.get(logical_id)
        return deployed.physical.id if deployed else ""

    def _brought(
        self, logical_id: str, definition: dict[str, Any], resource: Resource, scope: Scope
    ) -> Steps[Physical]:
        old = self.stack.resources.get(logical_id)
        if old is None:
            self.stack.record(logical_id, "", resource.type, "CREATE_IN_PROGRESS")
            _refuse_invalid(resource)
            return (yield from self._created(definition, resource, "CREATE", scope)).physical
        change = change_of(old, resource)
        if change is None:
            old.definition = definition
            return old.physical
        refuse_protected(self.options.policy, change)
        _refuse_invalid(resource)
        if change.replaces:
            return (yield from self._replaced(old, change, definition, resource, scope)).physical
        return (yield from self._updated(old, change, definition, resource)).physical

    def _created(
        self, definition: dict[str, Any], resource: Resource, verb: str, scope: Scope
    ) -> Steps[Deployed]:
        """A new resource; what a failing creation has already begun is deleted by the rollback."""
        row = row_of(resource.type)
        try:
            with _handled():
                physical = self._adopted(resource) or row.create(resource)
        except REFUSALS:
            self._undo += [partial(self._delete, row, resource, begun) for begun in resource.begun]
            raise
        deployed = Deployed(row, resource, physical, definition, f"{verb}_COMPLETE")
        former = self.stack.resources.get(resource.logical_id)
        self._undo.append(partial(self._uncreate, deployed))
        self.stack.resources[resource.logical_id] = deployed
        _refuse_unread(row, resource, set(resource.properties.names()))
        policy = resolve(definition.get("CreationPolicy") or {}, scope)
        if (wait := self._wait(deployed, policy)) is not None:
            begun = "Resource creation Initiated"
            self.stack.record(resource.logical_id, physical.id, resource.type, f"{verb}_IN_PROGRESS", begun)
            yield from self._waited(deployed, former, wait)
        self.stack.record(resource.logical_id, physical.id, resource.type, f"{verb}_COMPLETE")
        return deployed

    def _wait(self, deployed: Deployed, policy: dict[str, Any]) -> Wait | None:
        resource = deployed.resource
        if resource.nested:
            return NestedWait(self.stacks.stack(resource.nested[0]))
        signals = awaited(resource.type, resource.awaited, policy)
        return None if signals is None else SignalWait(self.stack, deployed, signals)

    def _waited(self, deployed: Deployed, former: Deployed | None, wait: Wait) -> Steps[None]:
        """The resource is in progress for others to see, and complete once the wait is over."""
        logical_id, complete = deployed.resource.logical_id, deployed.status
        deployed.status = complete.replace("_COMPLETE", "_IN_PROGRESS")
        try:
            while not wait.over():
                yield wait
            deployed.physical = replace(deployed.physical, attributes=wait.attributes())
        except DeploymentError:
            del self.stack.resources[logical_id]
            if former is not None:
                self.stack.resources[logical_id] = former
            raise
        deployed.status = complete

    def _adopted(self, resource: Resource) -> Physical | None:
        """A resource that exists already, brought to the template's properties, and left by a rollback."""
        found = existing(resource) if self.options.import_existing else None
        if found is None:
            return None
        physical, properties = found
        update = row_of(resource.type).update
        assert update is not None
        self.stack.record(resource.logical_id, physical.id, resource.type, "IMPORT_IN_PROGRESS")
        adopted = update(resource, physical, Properties(properties))
        self.stack.record(resource.logical_id, physical.id, resource.type, "IMPORT_COMPLETE")
        self._imported.add(resource.logical_id)
        return adopted

    def _uncreate(self, deployed: Deployed) -> None:
        resource = deployed.resource
        retained = (
            deployed.definition.get("DeletionPolicy") == "Retain" and not self.options.retain_except_on_create
        )
        if (retained and deployed.status == "CREATE_COMPLETE") or resource.logical_id in self._imported:
            self.stack.record(resource.logical_id, deployed.physical.id, resource.type, "DELETE_SKIPPED")
        else:
            self._delete(deployed.row, resource, deployed.physical)
        self.stack.resources.pop(resource.logical_id, None)

    def _delete(self, row: Row, resource: Resource, physical: Physical) -> None:
        self.stack.record(resource.logical_id, physical.id, resource.type, "DELETE_IN_PROGRESS")
        with _handled():
            row.delete(resource, physical)
        self.stack.record(resource.logical_id, physical.id, resource.type, "DELETE_COMPLETE")

    def _replaced(
        self, old: Deployed, change: Change, definition: dict[str, Any], resource: Resource, scope: Scope
    ) -> Steps[Deployed]:
        """A new resource in place of the old one, which is deleted when all is done."""
        _refuse_custom_name(change)
        logical_id = resource.logical_id
        replacements = old.resource.replacements + 1
        again = self.stack.resource(
            logical_id, resource.type, resource.properties.values, self.revision.tags, replacements
        )
        reason = (
            "Requested update requires the creation of a new physical resource; hence creating one. "
            f"({', '.join(change.replacing)})"
        )
        self.stack.record(logical_id, old.physical.id, resource.type, "UPDATE_IN_PROGRESS", reason)
        self._undo.append(partial(self.stack.resources.__setitem__, logical_id, old))
        new = yield from self._created(definition, again, "UPDATE", scope)
        self._superseded.append((logical_id, old, "UpdateReplacePolicy"))
        return new

    def _updated(
        self, old: Deployed, change: Change, definition: dict[str, Any], resource: Resource
    ) -> Steps[Deployed]:
        """The same resource with other properties."""
        logical_id, row = resource.logical_id, old.row
        if row.update is None:
            raise UnsupportedPropertyError(
                f"{resource.type} is not updated in place here (got a change of {list(change.properties)}); "
                f"write its update in {row.module}, or delete and create it"
            )
        again = replace(
            self.stack.resource(
                logical_id,
                resource.type,
                resource.properties.values,
                self.revision.tags,
                old.resource.replacements,
            ),
            former_stack_tags=old.resource.stack_tags,
        )
        self.stack.record(logical_id, old.physical.id, resource.type, "UPDATE_IN_PROGRESS")
        former = Properties(old.resource.properties.values)
        self._undo.append(partial(self._unupdate, old, again))
        with _handled():
            physical = row.update(again, old.physical, former)
        new = Deployed(row, again, physical, definition, "UPDATE_COMPLETE")
        self.stack.resources[logical_id] = new
        _refuse_unread(row, again, set(change.properties))
        _refuse_left(row, again, former)
        if (wait := self._wait(new, {})) is not None:
            yield from self._waited(new, old, wait)
        if physical.id != old.physical.id:
            self._superseded.append((logical_id, old, "UpdateReplacePolicy"))
        self.stack.record(logical_id, physical.id, resource.type, "UPDATE_COMPLETE")
        return new

    def _unupdate(self, old: Deployed, new: Resource) -> None:
        """The resource has the properties again that it had before."""
        resource = old.resource
        if new.nested:
            self.stacks.take_back(new.nested[0])
        else:
            self._reset(old, new)
        self.stack.resources[resource.logical_id] = old
        self.stack.record(resource.logical_id, old.physical.id, resource.type, "UPDATE_COMPLETE")

    def _reset(self, old: Deployed, new: Resource) -> None:
        resource = old.resource
        again = replace(
            self.stack.resource(
                resource.logical_id,
                resource.type,
                resource.properties.values,
                resource.stack_tags,
                resource.replacements,
            ),
            former_stack_tags=new.stack_tags,
        )
        assert old.row.update is not None
        with _handled():
            old.row.update(again, old.physical, Properties(new.properties.values))
        old.resource = again

    def _let_go(self, logical_id: str, deployed: Deployed) -> None:
        """A resource that the revision has no more: deleted at the end."""
        change = Change("Remove", logical_id, deployed.resource.type, deployed.physical.id)
        refuse_protected(self.options.policy, change)
        self._superseded.append((logical_id, deployed, "DeletionPolicy"))

    def clean_up(self) -> None:
        """Delete what the update left behind; what cannot be deleted does not undo the update."""
        self.stacks.clean_up_nested(self.stack)
        for logical_id, deployed, policy in self._superseded:
            if self.stack.resources.get(logical_id) is deployed:
                del self.stack.resources[logical_id]
            discard(self.stack, deployed, policy)
        self.stack.updated = clock.now() if self.verb == "UPDATE" else None
        self.stack.finish(f"{self.verb}_COMPLETE")

    def _fail(self, reason: str, operation: str) -> None:
        if self.options.disable_rollback:
            self.stack.finish(f"{self.verb}_FAILED", reason)
            return
        begun, over = (
            ("ROLLBACK_IN_PROGRESS", "ROLLBACK")
            if self.verb == "CREATE"
            else ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK")
        )
        self.stack.begin(operation, begun, reason)
        try:
            self._roll_back()
        except REFUSALS as error:
            self.stack.finish(f"{over}_FAILED", f"{reason}; and then: {error}")
        else:
            self.stack.finish(f"{over}_COMPLETE", reason)

    def _roll_back(self) -> None:
        """Undo what was done, the last first; a step that fails stays first for the next try."""
        while self._undo:
            self._undo[-1]()
            self._undo.pop()

    def take_back(self) -> None:
        """Undo an update that stands but is not cleaned up."""
        self._fail("", "ROLLBACK")

    def resume(self, operation: str, skip: frozenset[str] = frozenset()) -> None:
        """Go on with a rollback that failed, without undoing what happened to some resources."""
        self._undo = [undo for undo in self._undo if not skip & {_logical_id(undo)}]
        self.options = replace(self.options, disable_rollback=False)
        self._fail(self.stack.reason.partition("; and then:")[0], operation)


def _logical_id(undo: Any) -> str:
    """Whose change a step of `_undo` takes back."""
    for argument in undo.args:
        if isinstance(argument, Deployed):
            return argument.resource.logical_id
        if isinstance(argument, Resource):
            return argument.logical_id
    return ""


def discard(stack: Stack, deployed: Deployed, policy: str = "DeletionPolicy") -> bool:
    """Delete a resource unless a policy retains it; False, with an event, where it cannot be deleted."""
    resource, id = deployed.resource, deployed.physical.id
    if deployed.keeps(policy):
        stack.record(resource.logical_id, id, resource.type, "DELETE_SKIPPED")
        return True
    stack.record(resource.logical_id, id, resource.type, "DELETE_IN_PROGRESS")
    try:
        with _handled():
            deployed.row.delete(resource, deployed.physical)
    except REFUSALS as error:
        deployed.status, deployed.reason = "DELETE_FAILED", str(error)
        stack.record(resource.logical_id, id, resource.type, "DELETE_FAILED", str(error))
        return False
    stack.record(resource.logical_id, id, resource.type, "DELETE_COMPLETE")
    return True


def delete(
    stack: Stack, retain: frozenset[str] = frozenset(), *, force: bool = False, because: str = ""
) -> None:
    """Nothing of the stack is left but what a policy, or the request, retains; or, by force, what resists."""
    stack.begin("DELETE_STACK", "DELETE_IN_PROGRESS", because or "User Initiated")
    place = {logical_id: at for at, logical_id in enumerate(stack.template.order)}
    failed = []
    for logical_id in sorted(stack.resources, key=lambda one: place.get(one, len(place)), reverse=True):
        deployed = stack.resources[logical_id]
        if logical_id in retain or discard(stack, deployed) or force:
            del stack.resources[logical_id]
        else:
            failed.append(f"{logical_id}: {deployed.reason}")
    if failed:
        reason = f"The following resource(s) failed to delete: [{'; '.join(failed)}]"
        stack.finish("DELETE_FAILED", reason)
    else:
        stack.deleted = clock.now()
        stack.finish("DELETE_COMPLETE", because)


@contextmanager
def _handled() -> Iterator[None]:
    """The work of a row: a fault of it fails the resource, as one of a handler does on AWS."""
    try:
        yield
    except REFUSALS:
        raise
    except Exception as error:  # whatever a row runs into must not leave the stack in progress
        logger.error("a resource failed", exc_info=error)
        raise DeploymentError(
            f"Internal Failure: {origin(error)} raised {type(error).__name__}: {error}"
        ) from error


def _refuse_invalid(resource: Resource) -> None:
    """Properties that the type's schema does not allow."""
    if problems := schema_of(resource.type).problems(resource.properties.values):
        raise DeploymentError(
            f"Properties validation failed for resource {resource.logical_id} with message:\n"
            + "\n".join(problems)
        )


def _refuse_policies(definition: dict[str, Any]) -> None:
    """Policies that the type does not have, or that concern what does not run here."""
    if definition.get("CreationPolicy") and definition["Type"] != WAIT_CONDITION:
        raise UnsupportedPropertyError(
            f"{definition['Type']} takes no CreationPolicy; of the types that are here only "
            f"{WAIT_CONDITION} does"
        )
    if definition.get("UpdatePolicy"):
        raise UnsupportedPropertyError(
            "UpdatePolicy says how instances, cache nodes or a Lambda alias are updated step by step; here "
            "an update is one step: remove it"
        )
    if "Snapshot" in (definition.get("DeletionPolicy"), definition.get("UpdateReplacePolicy")):
        raise UnsupportedPropertyError(
            f"{definition['Type']} does not support the policy Snapshot; allowed: Delete, Retain, "
            "RetainExceptOnCreate"
        )


def _refuse_custom_name(change: Change) -> None:
    """A name that the template gives cannot belong to the old and the new resource at once."""
    schema = schema_of(change.type)
    name = schema.custom_name(change.new or {})
    if name and name == schema.custom_name(change.old or {}):
        raise DeploymentError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )


def _refuse_unread(row: Row, resource: Resource, changed: set[str]) -> None:
    unread = [
        path
        for path in resource.properties.unread()
        if path not in row.inert and path.partition(".")[0] in changed
    ]
    if unread:
        raise UnsupportedPropertyError(
            f"properties {unread} would be dropped; read them in {row.module} or say there why not (inert)"
        )


def _refuse_left(row: Row, resource: Resource, old: Properties) -> None:
    """A property that the template takes away must be put back at its default: the update asked for it."""
    removed = set(old.values) - set(resource.properties.values)
    left = sorted(removed - resource.properties.asked - old.asked - set(row.inert))
    if left:
        raise UnsupportedPropertyError(
            f"properties {left} are taken away and would stay as they are; put their defaults back in "
            f"{row.module}, or replace the resource"
        )
