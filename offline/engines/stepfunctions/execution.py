"""One execution: moto's, run turn by turn and on the account's clock."""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.backend.execution import Execution as MotoExecution

from offline.clock import clock
from offline.engines.stepfunctions import definition
from offline.engines.stepfunctions.turns import TURNS, Turn

INTERRUPTED = (
    "States.Runtime",
    "The sandbox ended while the execution was running, and with it the interpreter; start it again.",
)
"""Error and cause of an execution that a process has left behind."""


class Execution(MotoExecution):
    """RUNNING from its creation; its first state is entered in the next `settle`."""

    turn: Turn
    history: Any = None
    """Of an execution that has come from disk: its events, which else the interpreter has."""

    @property
    def closed(self) -> bool:
        return bool(self.exec_status != ExecutionStatus.RUNNING)

    def __getstate__(self) -> dict[str, Any]:
        """The interpreter and its thread are of this process alone; what they have come to is kept."""
        here = ("exec_worker", "turn")
        state = {name: value for name, value in vars(self).items() if name not in here}
        return state | {"history": self.to_history_output()["events"], "exec_worker": None}

    def resume(self) -> None:
        """Begin, or be FAILED where the process ended in between: the interpreter's place is lost."""
        if not self.history:
            self.start()
            return
        self.exec_status, self.stop_date = ExecutionStatus.FAILED, clock.now()
        self.error, self.cause = INTERRUPTED
        last = self.history[-1]["id"]
        details = {"error": self.error, "cause": self.cause}
        ended = {"id": last + 1, "previousEventId": last, "timestamp": clock.now()}
        self.history.append(ended | {"type": "ExecutionFailed", "executionFailedEventDetails": details})

    def start(self) -> None:
        self.exec_worker = self._get_start_execution_worker()
        self.exec_status = ExecutionStatus.RUNNING
        concurrent = definition.is_concurrent(json.loads(self.state_machine.definition))
        self.turn = TURNS[self.exec_arn] = Turn(self.exec_worker._execution_logic, concurrent)

    def stop(self, stop_date: Any, error: str | None, cause: str | None) -> None:
        """ABORTED at once, whether it had begun or not."""
        if self.exec_status != ExecutionStatus.RUNNING:
            return
        if self.exec_worker.env is None:
            self.exec_status, self.stop_date, self.turn.finished = ExecutionStatus.ABORTED, clock.now(), True
            return
        self.exec_worker.stop(stop_date=clock.now(), cause=cause, error=error)
        self.turn.take()

    def to_history_output(self) -> Any:
        if self.exec_worker is None:
            return {"events": self.history}
        if self.exec_worker.env is None:
            return {"events": []}
        return super().to_history_output()

    def _get_start_execution_worker_comm(self) -> BaseExecutionWorkerCommunication:
        return Ending(self)


class Ending(BaseExecutionWorkerCommunication):
    """Reflects how the program ended, at the account's time."""

    def terminated(self) -> None:
        super().terminated()
        self.execution.stop_date = clock.now()
