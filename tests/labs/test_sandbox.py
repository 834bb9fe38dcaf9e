"""`labs sandbox`: served in a process of its own, asked over the wire, its clock moved, ended by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from typer.testing import CliRunner

from labs.cli import app
from labs.commands.sandbox import seconds_of
from labs.errors import UsageError

GREETING = "the account is served at "


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    command = [sys.executable, "-m", "labs", "sandbox", "--port", "0", "--state", str(tmp_path / "account")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(GREETING), line
        yield process, line.removeprefix(GREETING).split()[0]
        process.kill()


def client(url: str, service: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    config = Config(retries={"max_attempts": 0})
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=config, **keys)


def test_an_account_is_served_and_its_clock_is_moved(started: tuple[subprocess.Popen[str], str]) -> None:
    process, url = started
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    stacks = client(url, "cloudformation")
    stacks.create_stack(StackName="one", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="one", WaiterConfig={"Delay": 1})
    assert len(client(url, "s3").list_buckets()["Buckets"]) == 1
    runner = CliRunner()
    before = json.loads(runner.invoke(app, ["sandbox", "clock", "--endpoint", url, "--json"]).stdout)
    moved = ["sandbox", "clock", "--endpoint", url, "--advance", "60d", "--json"]
    after = json.loads(runner.invoke(app, moved).stdout)
    assert round((after["ahead_seconds"] - before["ahead_seconds"]) / 86400) == 60
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_a_port_in_use_is_said_so(started: tuple[subprocess.Popen[str], str]) -> None:
    _, url = started
    port = url.rpartition(":")[2]
    command = [sys.executable, "-m", "labs", "sandbox", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert f"port {port} cannot be served" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_no_sandbox_answers_the_way_to_one_is_told() -> None:
    result = CliRunner().invoke(app, ["sandbox", "clock", "--endpoint", "http://localhost:9"])
    assert result.exit_code == 2
    assert "start one with `python -m labs sandbox`" in result.stderr


@pytest.mark.parametrize("text", ["", "soon", "60", "3w", "1d tomorrow"])
def test_refuses_an_amount_of_time_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="an amount of time is such as 60d"):
        seconds_of(text)
