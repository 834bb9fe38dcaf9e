"""A served account and the command lines of AWS, unchanged: they know its address, and keys of no meaning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.served import Served

VENV = Path(sys.prefix)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class CommandLine:
    """A program with the account's address in its environment, and nobody's configuration."""

    program: tuple[str, ...]
    environment: dict[str, str]
    folder: Path

    def ends(self, *arguments: str | Path) -> Ended:
        ended = subprocess.run(
            [*self.program, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def __call__(self, *arguments: str | Path) -> str:
        """What the program says where it goes well."""
        ended = self.ends(*arguments)
        assert ended.code == 0, f"{arguments}: {ended.out}{ended.err}"
        return ended.out


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of an account that one module's tests share."""
    served = Served()
    yield served.url
    served.kill()


@pytest.fixture(scope="module")
def environment(url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }


@pytest.fixture(scope="module")
def aws(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The AWS command line."""
    program = (str(VENV / "awscli" / "bin" / "aws"),)
    return CommandLine(program, environment, tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="module")
def cdk(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The CDK's command line; it asks no other host for anything."""
    quiet = {"CI": "1", "CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "1"}
    program = (
        str(VENV / "bin" / "node"),
        str(VENV / "cdk" / "node_modules" / "aws-cdk" / "bin" / "cdk"),
        "--no-notices",
        "--no-color",
    )
    return CommandLine(program, {**environment, **quiet}, tmp_path_factory.mktemp("cdk"))
