"""The Step Functions backend: state machines are checked, executions run in `settle`."""

from __future__ import annotations

import copy
import importlib
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from offline.clock import clock
from offline.engine import Engine, Row, job_row
from offline.engines.stepfunctions import interpreter, logs
from offline.engines.stepfunctions.definition import check
from offline.engines.stepfunctions.execution import Execution


class StepFunctionsEngine(Engine, StepFunctionsParserBackend):
    """State machines of one region, and their executions."""

    service: ClassVar[str] = "stepfunctions"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        interpreter.bind()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        interpreter.bind()

    def resume(self) -> bool:
        """An execution that had begun has failed; one that had not begins when the account settles."""
        running = list(self._running())
        for execution in running:
            execution.resume()
        return bool(running)

    @property
    def _url_module(self) -> Any:
        return importlib.import_module("offline.engines.stepfunctions.urls")

    def create_state_machine(self, name: str, definition: str, *arguments: Any, **more: Any) -> Any:
        """A state machine every task of which can be run; moto's own method would parse it once more."""
        check(definition)
        return super(StepFunctionsParserBackend, self).create_state_machine(
            name, definition, *arguments, **more
        )

    def update_state_machine(self, arn: str, definition: Any = None, *arguments: Any, **more: Any) -> Any:
        if definition is not None:
            check(definition)
        return super().update_state_machine(arn, definition, *arguments, **more)

    def start_execution(
        self, state_machine_arn: str, name: Any = None, execution_input: Any = None, trace_header: Any = None
    ) -> Execution:
        """A RUNNING execution, on the definition and role that the state machine has now."""
        machine, name = self.describe_state_machine(state_machine_arn), name or str(uuid.uuid4())
        self._validate_name(name)
        text = execution_input or "{}"
        _check_input(text)
        existing = machine._handle_name_input_idempotency(name, text)
        if existing is not None:
            return existing
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        # A later update changes the machine, not this execution; executions and backend are not copied along.
        snapshot = copy.deepcopy(machine, {id(machine.executions): [], id(machine.backend): machine.backend})
        execution = Execution(
            name=name,
            sm_type=snapshot.sm_type,
            role_arn=snapshot.roleArn,
            exec_arn=arn,
            account_id=self.account_id,
            region_name=self.region_name,
            state_machine=snapshot,
            start_date=clock.now(),
            cloud_watch_logging_session=logs.session(arn, snapshot),
            activity_store={},
            input_data=text,
            trace_header=trace_header,
        )
        machine.executions.append(execution)
        execution.start()
        return execution

    def settle(self) -> bool:
        """Every execution that can go on has gone on, until it waits or ends."""
        ready = [execution for execution in self._running() if execution.turn.ready()]
        for execution in ready:
            execution.turn.take()
        return bool(ready)

    def status(self) -> dict[str, list[Row]]:
        """Executions."""
        found = list(self._get_executions())
        return {"jobs": [job_row("execution", str(one.name), str(one.exec_status.value)) for one in found]}

    def due(self) -> datetime | None:
        return min((e.turn.due for e in self._running() if e.turn.due is not None), default=None)

    def close(self) -> None:
        """No execution's thread is left waiting."""
        for execution in list(self._running()):
            execution.stop(clock.now(), error=None, cause=None)

    def _running(self) -> Iterator[Execution]:
        for execution in self._get_executions():
            if execution.exec_status == ExecutionStatus.RUNNING:
                yield execution


def _check_input(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
