"""Plan what a request would change of a stack, keep that as a change set, and execute it when asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError

from offline.cloudformation.changes import planned
from offline.cloudformation.changeset import NO_CHANGES, ChangeSet
from offline.cloudformation.deployment import REFUSALS, Deployment, Options
from offline.cloudformation.stack import STACK_TYPE, Stack
from offline.cloudformation.stacks import Asked, Stacks, actor_of, refuse_status


class ChangeSetNotFoundError(CloudFormationError):
    code = "ChangeSetNotFound"


class InvalidChangeSetStatusError(CloudFormationError):
    code = "InvalidChangeSetStatus"


class ChangeSets(Stacks):
    """Operations on change sets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.change_sets: dict[str, ChangeSet] = {}

    def delete_stack(
        self, name: str, retain: list[str] | None = None, *, token: str = "", force: bool = False
    ) -> None:
        super().delete_stack(name, retain, token=token, force=force)
        self.change_sets = {id: one for id, one in self.change_sets.items() if one.stack.exists}

    def create_change_set(
        self, asked: Asked, name: str, kind: str, description: str = "", on_failure: str = ""
    ) -> ChangeSet:
        stack = self._stack_to_change(asked, kind)
        if any(one.name == name and one.stack is stack for one in self.change_sets.values()):
            raise AlreadyExistsException(
                f"ChangeSet {name} cannot be created due to a mismatch with existing"
            )
        revision = self.revised(asked, None if kind == "CREATE" else stack)
        self.refuse_impossible(stack, revision, asked.capabilities)
        arn = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:changeSet/{name}/{uuid.uuid4()}"
        change_set = ChangeSet(
            name,
            arn,
            stack,
            kind,
            revision,
            actor_of(asked.role_arn),
            description,
            asked.capabilities,
            on_failure or ("DO_NOTHING" if asked.disable_rollback else ""),
            asked.import_existing,
        )
        self.change_sets[arn] = change_set
        operation = stack.start("CREATE_CHANGESET")
        change_set.operation_id = operation.id
        if stack.id not in self.stacks:
            self.stacks[stack.id] = stack
            stack.finish("REVIEW_IN_PROGRESS", "User Initiated")
        self._plan(change_set, asked)
        operation.end(succeeded=change_set.status != "FAILED")
        stack.record(stack.name, stack.id, STACK_TYPE, "")
        return change_set

    def _stack_to_change(self, asked: Asked, kind: str) -> Stack:
        living = next((one for one in self.living() if asked.name in (one.name, one.id)), None)
        if kind == "CREATE":
            if living is not None and living.status != "REVIEW_IN_PROGRESS":
                raise ValidationError(
                    message=f"Stack [{asked.name}] already exists and cannot be created again with the "
                    f"changeSet [{living.id}]."
                )
            return living or self.new_stack(asked)
        stack = self.stack(asked.name)
        refuse_status(stack)
        return stack

    def _plan(self, change_set: ChangeSet, asked: Asked) -> None:
        try:
            change_set.changes = planned(
                change_set.stack, change_set.revision, import_existing=change_set.import_existing
            )
        except REFUSALS as error:
            change_set.fail(str(error))
            return
        if change_set.kind == "UPDATE" and not self.differs(change_set.stack, change_set.revision):
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

    def execute_change_set(
        self, name: str, stack_name: str | None, *, disable_rollback: bool, retain_except_on_create: bool
    ) -> None:
        change_set = self.change_set(name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            raise InvalidChangeSetStatusError(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of "
                f"[{change_set.status}]"
            )
        stack = change_set.stack
        self.change_sets = {id: one for id, one in self.change_sets.items() if one.stack is not stack}
        stack.actor, stack.capabilities = change_set.actor, change_set.capabilities
        on_failure = "DO_NOTHING" if disable_rollback else change_set.on_failure or "ROLLBACK"
        options = Options(
            "" if change_set.kind == "CREATE" else stack.policy,
            on_failure == "DO_NOTHING",
            change_set.import_existing,
            retain_except_on_create,
            on_failure == "DELETE",
        )
        if change_set.kind == "CREATE":
            stack.revision = change_set.revision
            self.bring_about(stack, options)
        else:
            self.run(Deployment(stack, change_set.revision, "UPDATE", self, options))
