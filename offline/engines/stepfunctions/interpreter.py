"""Where moto's interpreter is bound to this account: its clock, its turns, its roles, its tasks.

moto has no seam for these, so names in its modules are replaced, all of them here, once in a
process. Nothing else of moto's interpreter is touched.
"""

from __future__ import annotations

import logging
import sys
import threading
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from offline.clock import clock
from offline.engine import client_of_role
from offline.engines.stepfunctions import tasks
from offline.engines.stepfunctions.turns import pause, seconds_until
from offline.lock import lock

_retrying = threading.local()


@cache
def bind() -> None:
    """Executions run on the account's clock, take turns, act as their roles and know our tasks."""
    state_task_factory.state_task_service_for = tasks.service_for
    for module in [m for name, m in sys.modules.items() if name.startswith("moto.stepfunctions.parser.asl")]:
        if hasattr(module, "boto_client_for"):
            vars(module)["boto_client_for"] = _client
    EventManager._get_current_timestamp = staticmethod(clock.now)
    EventManager.add_event = _add_event
    state.datetime = SimpleNamespace(
        datetime=SimpleNamespace(now=lambda tz: clock.now()), timezone=SimpleNamespace(utc=UTC)
    )
    WaitFunction._wait_interval = _wait
    Timestamp._get_wait_seconds = _seconds_until_timestamp
    retrier_decl.RetrierDecl._eval_body = _retry
    # What failed stands in the execution's history; moto also logs it, with the state's whole syntax tree.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: pause(_retrying.env, seconds))


def _client(region: str, service: str, state_credentials: Any = None) -> Any:
    """A client that acts as the state machine's role, or as the role of the state's Credentials."""
    return client_of_role(service, state_credentials.role_arn, region)


def _wait(self: Any, env: Any, wait_seconds: float) -> None:
    pause(env, wait_seconds)


def _seconds_until_timestamp(self: Any, env: Any) -> float:
    self.string.eval(env=env)
    moment = self._from_timestamp_string(timestamp := env.stack.pop())
    if moment is None:
        raise FailureEventException(self._create_failure_event(env, timestamp))
    return seconds_until(datetime.replace(moment, tzinfo=UTC))


_moto_add_event = EventManager.add_event


def _add_event(self: Any, *arguments: Any, **more: Any) -> int:
    """moto holds a lock of its own while it logs an event, which is a call of the account.

    Whoever reads the history has the account's lock and waits for moto's: the account's comes first.
    """
    with lock:
        return int(_moto_add_event(self, *arguments, **more))


_moto_retry = retrier_decl.RetrierDecl._eval_body


def _retry(self: Any, env: Any) -> None:
    # moto sleeps without saying for whom; a retry's wait belongs to the environment it evaluates in.
    _retrying.env = env
    _moto_retry(self, env)
