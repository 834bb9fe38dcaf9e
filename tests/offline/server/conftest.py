"""An account that is served, and how others speak to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from offline.sandbox import Sandbox
from offline.server import Server

ClientOf = Callable[..., Any]


@pytest.fixture
def served() -> Iterator[Sandbox]:
    """An account whose clock runs, with its worker, on an address of its own."""
    with Sandbox(clock_runs=True) as sandbox:
        sandbox.serve()
        yield sandbox


@pytest.fixture
def server(served: Sandbox) -> Server:
    assert served.server is not None
    return served.server


@pytest.fixture
def client_of(server: Server) -> ClientOf:
    """Clients as another process has them: an endpoint and keys of no meaning; no second tries."""

    def client(service: str, **config: Any) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    return client
