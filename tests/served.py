"""`python -m labs sandbox` in a process of its own, as somebody at a keyboard has it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import boto3
from botocore.config import Config

GREETING = "the account is served at "
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}


class Served:
    """The command, and its address."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "labs", "sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(GREETING), line
        self.url = line.removeprefix(GREETING).split()[0]

    def ended(self, number: int) -> tuple[int, str]:
        """The exit code after a signal, and what was said until then."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def client(url: str, service: str) -> Any:
    """A client of the account that is served; no second tries."""
    config = Config(retries={"max_attempts": 0})
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=config, **KEYS)
