"""What was asked of a stack, and a rollback that followed: each an operation, which its events name.

Source: AWS CloudFormation User Guide, "View stack events by operation"; API Reference, "OperationEvent".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from offline.clock import clock


@dataclass
class Operation:
    """One operation on a stack."""

    kind: str
    """As AWS names it: `CREATE_STACK`, `UPDATE_STACK`, `DELETE_STACK`, `ROLLBACK`, `CONTINUE_ROLLBACK` or
    `CREATE_CHANGESET`."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "IN_PROGRESS"
    started: datetime = field(default_factory=clock.now)
    ended: datetime | None = None

    def end(self, *, succeeded: bool) -> None:
        self.status, self.ended = "SUCCEEDED" if succeeded else "FAILED", clock.now()
