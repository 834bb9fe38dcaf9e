"""`labs sandbox`: a process of its own, used by others and ended by Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from labs.cli import app
from labs.commands.sandbox import seconds_of
from labs.errors import UsageError
from labs.requests_log import size

HANDLER = "import os\ndef pid(event, context):\n    return os.getpid()\n"
PATIENCE = 60


class Served:
    """`labs sandbox` in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "labs", "sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout is not None
        self.said = ""
        while "Ctrl-C" not in self.said:
            assert self.process.poll() is None
            self.said += self.process.stdout.readline()
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", self.said)[0]

    def client(self, service: str) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Exit code and what it wrote since."""
        self.process.send_signal(number)
        written, complained = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, written, complained


@pytest.fixture
def served() -> Iterator[Served]:
    found = Served()
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_closes_the_account_with_code_0(served: Served, number: int) -> None:
    code, written, complained = served.end(number)
    assert code == 0
    assert "export AWS_ENDPOINT_URL=" + served.url in served.said
    assert written.endswith("closing the account\n")
    assert complained == ""


def test_functions_that_ran_end_with_the_account(served: Served) -> None:
    iam, functions = served.client("iam"), served.client("lambda")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    arn = iam.create_role(RoleName="pid", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = {"ZipFile": archive()}
    functions.create_function(FunctionName="pid", Runtime="python3.13", Role=arn, Handler="h.pid", Code=code)
    child = json.loads(functions.invoke(FunctionName="pid")["Payload"].read())
    os.kill(child, 0)
    assert served.end()[0] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("h.py", HANDLER)
    return buffer.getvalue()


def test_the_clock_is_moved_from_another_command(served: Served) -> None:
    runner = CliRunner()
    moved = runner.invoke(app, ["sandbox", "clock", "--advance", "60d", "--json", "--endpoint", served.url])
    assert moved.exit_code == 0
    told = json.loads(moved.stdout)
    passed = datetime.fromisoformat(told["now"]) - datetime.fromisoformat(told["from"])
    assert passed >= timedelta(days=60)
    plain = runner.invoke(app, ["sandbox", "clock"], env={"AWS_ENDPOINT_URL": served.url})
    assert datetime.fromisoformat(plain.stdout.strip()) >= datetime.fromisoformat(told["now"])


def test_requests_are_logged_in_a_line_each() -> None:
    served = Served("--log-requests")
    served.client("s3").create_bucket(Bucket="lake")
    kinesis = served.client("kinesis")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_summary(StreamName="flights")
    lines = [line for line in served.end()[1].splitlines() if " ms " in line]
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  200 +[\d.]+ ms +0 B in +0 B out  s3\.CreateBucket  lake  root", lines[0]
    )
    assert "  400  " in lines[1]
    assert "kinesis.DescribeStreamSummary  flights  root  ResourceNotFoundException: Stream" in lines[1]


def test_refuses_a_port_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "labs", "sandbox", "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert (
        ended.stderr == f"error: port {port} is in use: name another one, such as --port 5001, or 0 for any\n"
    )


def test_refuses_to_move_a_clock_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    refused = CliRunner().invoke(app, ["sandbox", "clock", "--endpoint", url])
    assert refused.exit_code == 2
    assert "start one with `labs sandbox`" in refused.stderr


@pytest.mark.parametrize("text", ["", "60", "d", "-1d", "1 day", "1.5h"])
def test_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="allowed are numbers with d, h, m or s"):
        seconds_of(text)


def test_times_are_read() -> None:
    assert [seconds_of(text) for text in ("60d", "12h", "30m", "45s", "1d12h")] == [
        5184000,
        43200,
        1800,
        45,
        129600,
    ]


def test_sizes_have_one_width() -> None:
    assert {len(size(count)) for count in (0, 1023, 1024, 10**6, 10**9)} == {8}
