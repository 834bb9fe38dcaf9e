"""One offline AWS account: moto, our engines in it, and a clock that stands still.

    with Sandbox() as sandbox:
        boto3.client("s3").create_bucket(Bucket="lake")
        sandbox.advance(days=60)

There are no background threads: what is due runs in `settle`, and `advance` settles at every
moment at which something falls due on the way.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from moto import mock_aws
from moto.core.responses import BaseResponse
from moto.server import ThreadedMotoServer

from offline import changes
from offline.clock import clock
from offline.engine import ACCOUNT_ID, Engine, forget_clients
from offline.engines import ENGINES
from offline.iam import gatekeeper

# Only these reach boto3 inside the sandbox, so a run never touches an account it finds configured.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_SESSION_TOKEN": "offline",
}
CONFIGURED_ELSEWHERE = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


class Sandbox:
    """An account that exists from `__enter__` to `__exit__`. One at a time in a process."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.account_id = ACCOUNT_ID
        self.clock = clock
        self._server: ThreadedMotoServer | None = None
        self._exit = ExitStack()
        self.leaving = ExitStack()
        """What has to be done while the account is still whole, when it is left."""
        self._replaced: list[tuple[Any, type]] = []

    def __enter__(self) -> Self:
        clock.reset()
        environment = {k: v for k, v in os.environ.items() if k not in CONFIGURED_ELSEWHERE}
        environment |= CREDENTIALS | {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        self._exit.enter_context(patch.dict(os.environ, environment, clear=True))
        for engine in load_engines():
            self._bind(engine)
        guarded = gatekeeper.call_action(changes.call_action(BaseResponse.call_action))
        self._exit.enter_context(patch.object(BaseResponse, "call_action", guarded))
        gatekeeper.used.clear()
        self._exit.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
        _current.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leaving.close()
        _current.remove(self)
        for engine in self.engines():
            getattr(engine, "close", lambda: None)()
        if self._server is not None:
            self._server.stop()
        self._exit.close()
        for backends, original in self._replaced:
            backends.backend = original
        forget_clients()

    def _bind(self, engine: type[Engine]) -> None:
        models = importlib.import_module(f"moto.{engine.service}.models")
        # moto's package of AWS Lambda is `awslambda`, its backends are `lambda_backends`.
        backends = getattr(models, f"{engine.service.removeprefix('aws')}_backends")
        self._replaced.append((backends, backends.backend))
        backends.backend = engine
        for name in engine.clocks:
            self._exit.enter_context(patch(name, lambda: clock.now().replace(tzinfo=None)))

    def engines(self) -> Iterator[Engine]:
        """Every engine that some call has brought to life."""
        for backends, _ in self._replaced:
            for regions in list(backends.values()):
                yield from list(regions.values())

    def endpoint(self) -> str:
        """A loopback address that serves this very account, for what runs in a process of its own."""
        if self._server is None:
            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
            self._server.start()
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def settle(self) -> None:
        """Run what is due until nothing is."""
        while sum(_settled(engine) for engine in self.engines()):
            pass

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass, stopping wherever something falls due."""
        target = clock.now() + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self.settle()
        while (moment := self._next_due(target)) is not None:
            clock.move_to(moment)
            self.settle()
        clock.move_to(target)
        self.settle()

    def _next_due(self, target: datetime) -> datetime | None:
        moments = [due for engine in self.engines() if (due := engine.due()) is not None]
        ahead = [moment for moment in moments if clock.now() < moment <= target]
        return min(ahead, default=None)


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
    return [load(path) for path in ENGINES]


def load(path: str) -> Any:
    """The object that `package.module:name` names.

    >>> load("offline.engine:ACCOUNT_ID")
    '123456789012'
    """
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
