"""One offline AWS account: moto, our engines in it, and a clock that stands still.

    with Sandbox() as sandbox:
        boto3.client("s3").create_bucket(Bucket="lake")
        sandbox.advance(days=60)

There are no background threads: what is due runs in `settle`, and `advance` settles at every
moment at which something falls due on the way. An account that is served to other processes
(`offline.server`) has one, which calls the same two.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from moto import mock_aws
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse

from offline import audit, changes
from offline.clock import clock
from offline.engine import ACCOUNT_ID, forget_clients
from offline.engines import ENGINES
from offline.failures import Failures
from offline.iam import gatekeeper
from offline.lock import lock, settling
from offline.model_files import read_once
from offline.moto_time import account_time

if TYPE_CHECKING:
    from offline.server import Server

# Only these reach boto3 inside the sandbox, so a run never touches an account it finds configured.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_SESSION_TOKEN": "offline",
}
CONFIGURED_ELSEWHERE = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


class Sandbox:
    """An account that exists from `__enter__` to `__exit__`. One at a time in a process."""

    def __init__(self, region: str = "us-east-1", *, clock_runs: bool = False) -> None:
        self.region = region
        self.account_id = ACCOUNT_ID
        self.clock = clock
        self._clock_runs = clock_runs
        self.server: Server | None = None
        """Serves the account on loopback, once somebody asked for that."""
        self._exit = ExitStack()
        self.leaving = ExitStack()
        """What has to be done while the account is still whole, when it is left."""
        self._bound: dict[str, tuple[BackendDict[Any], type]] = {}
        """Services in use that have an engine, with moto's own backend of each."""

    def __enter__(self) -> Self:
        clock.run() if self._clock_runs else clock.reset()
        environment = {k: v for k, v in os.environ.items() if k not in CONFIGURED_ELSEWHERE}
        environment |= CREDENTIALS | {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        self._exit.enter_context(patch.dict(os.environ, environment, clear=True))
        self._exit.enter_context(account_time())
        self._exit.enter_context(read_once())
        self._wrap(BackendDict, "_create_account_specific_backend", self._binding)
        self._wrap(BaseResponse, "call_action", changes.call_action)
        self._wrap(BaseResponse, "call_action", gatekeeper.call_action)
        self._wrap(BotocoreStubber, "process_request", _under_lock)
        gatekeeper.used.clear()
        audit.forget()
        self._exit.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
        _current.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leaving.close()
        _current.remove(self)
        self._end_programs()
        if self.server is not None:
            self.server.stop()
            self._end_programs()  # that requests started meanwhile
        self._exit.close()
        for backends, original in self._bound.values():
            backends.backend = original
        forget_clients()

    def _end_programs(self) -> None:
        for engine in self.engines():
            getattr(engine, "close", lambda: None)()

    def _wrap(self, owner: type, name: str, wrapper: Callable[[Any], Any]) -> None:
        """While the account is open, a function of moto's passes through one of ours."""
        self._exit.enter_context(patch.object(owner, name, wrapper(getattr(owner, name))))

    def _binding(self, create: Callable[[BackendDict[Any], str], None]) -> Callable[..., None]:
        """moto makes a service's first backend when it is first used: the moment to load our engine."""

        def bind_and_create(backends: BackendDict[Any], account_id: str) -> None:
            name = backends.service_name
            if name in ENGINES and name not in self._bound and get_backend(name) is backends:
                engine = load(ENGINES[name])
                self._bound[name] = (backends, backends.backend)
                backends.backend = engine
            create(backends, account_id)

        return bind_and_create

    def engines(self) -> Iterator[Any]:
        """Every engine that some call has brought to life."""
        for backends, _ in list(self._bound.values()):
            for regions in list(backends.values()):
                yield from list(regions.values())

    def services(self) -> list[str]:
        """The services in use, as far as engines play them."""
        return sorted(self._bound)

    def endpoint(self) -> str:
        """A loopback address that serves this very account, for what runs in a process of its own."""
        return (self.server or self.serve()).url

    def serve(self, **options: Any) -> Server:
        """Serve the account on loopback, until it is closed; options are those of `offline.server.Server`."""
        from offline.server import Server

        self.server = Server(self, works=self._clock_runs, **options)
        self.server.start()
        return self.server

    def settle(self) -> None:
        """Run what is due until nothing is; an engine's failure is raised when the others are done."""
        with Failures() as failures, lock.waiting(), settling, lock:
            while sum(failures.kept(partial(_settled, engine), engine) or 0 for engine in self.engines()):
                pass

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass, stopping wherever something falls due; failures are raised when it has passed."""
        target = clock.now() + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        with Failures() as failures, lock.waiting(), settling:
            failures.kept(self.settle)
            while (moment := self.next_due(clock.now())) is not None and moment <= target:
                clock.move_to(moment)
                failures.kept(self.settle)
            clock.move_to(target)
            failures.kept(self.settle)

    def next_due(self, after: datetime) -> datetime | None:
        """When the next thing falls due that is not yet due at a moment."""
        with lock:
            moments = [due for engine in self.engines() if (due := engine.due()) is not None]
        return min((moment for moment in moments if moment > after), default=None)


def _under_lock(serve: Callable[..., Any]) -> Callable[..., Any]:
    """Requests of this very process queue with those that come over HTTP."""

    def serve_alone(*arguments: Any) -> Any:
        with lock:
            return serve(*arguments)

    return serve_alone


def _settled(engine: Any) -> bool:
    if done := engine.settle():
        changes.note(engine)
    return bool(done)


_current: list[Sandbox] = []


def current() -> Sandbox:
    """The sandbox that is open; engines reach its endpoint through it."""
    return _current[-1]


def load_engines() -> list[Any]:
    """Every engine's class. Importing them takes seconds: whoever waits for something else does it then."""
    with read_once():
        return [load(path) for path in ENGINES.values()]


def load(path: str) -> Any:
    """The object that `package.module:name` names.

    >>> load("offline.engine:ACCOUNT_ID")
    '123456789012'
    """
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
