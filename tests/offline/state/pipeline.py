"""The pipeline, deployed and run in an account on disk, by a process that kills itself when it is done.

    python -m tests.offline.state.pipeline DIRECTORY ASSEMBLY

State is committed after each request and each settling, as the served sandbox does.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from labs.context import Context
from labs.registry import LABS
from offline.assembly import Assembly
from offline.deploy import deploy
from offline.sandbox import Sandbox
from offline.state import State
from tests.offline.state.descriptions import describe

ROWS = 300
WAY_OF_THE_DATA = ("streaming", "catalog", "query", "training")
"""The labs that leave something in every service; of the lake's they need the reference data."""
DESCRIBED = "described.pickle"


def main(directory: Path, assembly: Path) -> None:
    state = State.open(directory)
    with Sandbox() as sandbox:
        state.restore(sandbox)
        deploy(Assembly.load(assembly), sandbox)
        state.commit()
        context = Context(
            client_of=committing(state), sleep=waiting(sandbox, state), region="us-east-1", rows=ROWS
        )
        for noun, step in steps():
            context.found[f"{noun}/{step.name}"] = step.run(context)
        found = {"session": session(), "ciphertext": ciphertext(), **describe(), "now": sandbox.clock.now()}
        state.commit()
        (directory / DESCRIBED).write_bytes(pickle.dumps(found))
        os.kill(os.getpid(), signal.SIGKILL)


def steps() -> Iterator[tuple[str, Any]]:
    yield "lake", next(step for step in LABS["lake"].steps if step.name == "reference")
    for noun in WAY_OF_THE_DATA:
        yield from ((noun, step) for step in LABS[noun].steps)


def committing(state: State) -> Any:
    def client_of(service: str) -> Any:
        client = boto3.client(service, region_name="us-east-1")
        client.meta.events.register("after-call", lambda **_: state.commit())
        return client

    return client_of


def waiting(sandbox: Sandbox, state: State) -> Any:
    def sleep(seconds: float) -> None:
        sandbox.advance(seconds=seconds)
        state.commit()

    return sleep


def session() -> dict[str, str]:
    """Credentials that were given out: of some role, and who they say one is."""
    role = boto3.client("iam").list_roles()["Roles"][0]["Arn"]
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="before")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def ciphertext() -> bytes:
    """Something encrypted with the first key there is."""
    kms = boto3.client("kms")
    key = kms.list_keys()["Keys"][0]["KeyId"]
    return bytes(kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
