"""A nested stack as its parent sees it: a resource that is complete once the stack stands."""

from __future__ import annotations

from datetime import datetime

from offline.cloudformation.stack import Stack
from offline.errors import DeploymentError

BEGUN = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})


class NestedWait:
    """A nested stack that is created or updated, from now on until it stands or has failed."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def due(self) -> datetime | None:
        """The nested stack itself says when it goes on."""
        return None

    def over(self) -> bool:
        return self._stack.status not in BEGUN

    def attributes(self) -> dict[str, str]:
        """The stack's outputs; `DeploymentError`, in AWS's words, where it does not stand."""
        stack, told = self._stack, f"Embedded stack {self._stack.id} was not successfully"
        if stack.status.startswith("UPDATE_ROLLBACK_"):
            # Here the nested stack is rolled back by now; AWS tells it while that begins.
            raise DeploymentError(
                f"{told} updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: {stack.reason}"
            )
        if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
            raise DeploymentError(f"{told} created: {stack.reason}")
        return {f"Outputs.{key}": str(output["OutputValue"]) for key, output in stack.outputs.items()}
