"""The lake's stack alone in an offline account, as a lab sees it."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from labs.context import Context
from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly


@pytest.fixture(scope="module")
def lake() -> Iterator[Context]:
    """One account for the tests of a module: steps clean up behind themselves."""
    with Sandbox() as sandbox:
        deploy(assembly().only(["lake"]), sandbox)
        yield Context(
            client_of=boto3.client,
            sleep=lambda seconds: sandbox.advance(seconds=seconds),
            region=sandbox.region,
            rows=600,
        )
