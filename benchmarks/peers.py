"""Offline accounts that are served over HTTP: ours, and those that somebody else wrote, each in a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectionError, HTTPClientError

from labs.leftovers import reason, refusals

VENV = Path(sys.prefix)
PATIENCE = 90
"""Seconds for the first answer."""
REFUSALS = refusals()
NO_ANSWER = (ConnectionError, HTTPClientError)


@dataclass(frozen=True)
class Program:
    """How an account is served on a port."""

    name: str
    command: Callable[[str], list[str]]
    environment: Callable[[str], dict[str, str]] = field(default=lambda port: {})


OURS = Program("here", lambda port: [sys.executable, "-m", "labs", "sandbox", "--port", port])
PEERS = (
    Program("moto_server", lambda port: [str(VENV / "bench/bin/moto_server"), "-p", port]),
    Program(
        "ministack",
        lambda port: [str(VENV / "bench/bin/ministack")],
        lambda port: {"GATEWAY_PORT": port, "BIND_HOST": "127.0.0.1"},
    ),
)
ROBOTOCORE = Program(
    "robotocore",
    lambda port: [os.environ["ROBOTOCORE"], "-m", "robotocore.main"],
    lambda port: {"ROBOTOCORE_PORT": port, "DNS_DISABLED": "1"},
)
"""Beside the others where `ROBOTOCORE` names the Python of an environment that has it."""


class Served:
    """A program that runs, from its start to `stop`; `reason` says why, where it answers nothing."""

    def __init__(self, program: Program) -> None:
        self.name, self.reason = program.name, ""
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        home = {"HOME": self._folder.name, "TMPDIR": self._folder.name}
        first = self.client("s3")
        started = time.perf_counter()
        self._process = subprocess.Popen(
            program.command(port),
            env={**os.environ, **home, **program.environment(port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._await(first)
        self.seconds = time.perf_counter() - started

    def _await(self, s3: Any) -> None:
        until = time.perf_counter() + PATIENCE
        while self._process.poll() is None and time.perf_counter() < until:
            try:
                s3.list_buckets()
                return
            except NO_ANSWER:
                time.sleep(0.02)
            except REFUSALS as error:
                self.reason = reason(error)
                return
        ended = self._process.returncode
        self.reason = f"no answer in {PATIENCE} s" if ended is None else f"ended with exit code {ended}"

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", config=config, **keys)

    def mib(self) -> float:
        """The memory of the program and of what it started."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split() for line in listed.splitlines()]
        return sum(int(rss) for group, rss in rows if int(group) == self._process.pid) / 1024

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()
