"""The pipeline's account after its process was killed: as it was, and able to go on."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from labs import streaming
from labs.athena import ask
from labs.context import Context
from labs.flights import malformed_count
from offline.sandbox import Sandbox
from offline.state import State
from tests.assembly import assembly
from tests.offline.state.descriptions import LOOKS, describe
from tests.offline.state.pipeline import DESCRIBED, ROWS

Described = dict[str, Any]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Described]:
    """The directory of a killed process that ran the pipeline, and what it saw last."""
    directory = tmp_path_factory.mktemp("account")
    program = [
        sys.executable,
        "-m",
        "tests.offline.state.pipeline",
        str(directory),
        str(assembly().directory),
    ]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return directory, pickle.loads((directory / DESCRIBED).read_bytes())


@pytest.fixture(scope="module")
def account(before: tuple[Path, Described]) -> Iterator[Sandbox]:
    """The same account in this process."""
    directory, _ = before
    state = State.open(directory)
    with Sandbox() as sandbox:
        state.restore(sandbox)
        yield sandbox


@pytest.fixture(scope="module")
def after(account: Sandbox) -> Described:
    """What it says of itself."""
    return {**describe(), "now": account.clock.now()}


@pytest.mark.parametrize("what", [*LOOKS, "now"])
def test_what_was_committed_is_described_as_before(
    before: tuple[Path, Described], after: Described, what: str
) -> None:
    assert before[1][what], "nothing to compare"
    assert after[what] == before[1][what]


def test_sessions_given_out_are_those_of_the_same_role(
    before: tuple[Path, Described], after: Described
) -> None:
    who = boto3.client("sts", **before[1]["session"]).get_caller_identity()
    assert who["Arn"].endswith("/before")


def test_what_a_key_encrypted_it_decrypts(before: tuple[Path, Described], after: Described) -> None:
    plain = boto3.client("kms").decrypt(CiphertextBlob=before[1]["ciphertext"])["Plaintext"]
    assert plain == b"before"


def test_records_take_the_whole_way_again(after: Described, account: Sandbox) -> None:
    """Functions start cold, Firehose goes on reading, Athena sees what it delivers."""
    wait = lambda seconds: account.advance(seconds=seconds)  # noqa: E731
    context = Context(client_of=boto3.client, sleep=wait, region="us-east-1", rows=ROWS)
    count = lambda: int(str(ask(context, "SELECT count(*) FROM flights", "ml_labs").rows[0][0]))  # noqa: E731
    before = count()
    sent = streaming.replay(context).figures["sent"]
    wait(1000)
    assert before == ROWS
    assert count() == before + int(sent) - malformed_count(ROWS)
