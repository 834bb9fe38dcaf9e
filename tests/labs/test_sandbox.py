"""`labs sandbox`: served in a process of its own, asked over the wire, its clock moved, ended by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labs import runs
from labs.cli import app
from labs.commands.sandbox import seconds_of
from labs.errors import UsageError
from offline.assembly import StackArtifact
from offline.deploy import BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION
from offline.engine import ACCOUNT_ID
from tests.assembly import assembly
from tests.served import Served, client


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts the command on one directory, as often as is asked for."""
    started: list[Served] = []

    def start(*options: str) -> Served:
        started.append(Served("--state", str(tmp_path / "account"), *options))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def told(url: str, *options: str) -> dict[str, float]:
    """What `labs sandbox clock` tells of the account's time."""
    result = CliRunner().invoke(app, ["sandbox", "clock", "--endpoint", url, "--json", *options])
    found: dict[str, float] = json.loads(result.stdout)
    return found


def test_a_client_needs_no_more_than_what_the_greeting_exports(served: Callable[..., Served]) -> None:
    said = served().process.stdout
    assert said is not None
    exported = next(line for line in said if line.startswith("  export ")).split()[1:]
    environment = dict(one.split("=", 1) for one in exported)
    asked = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    answered = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False
    )
    assert (answered.stdout.strip(), answered.stderr) == (ACCOUNT_ID, "")


def test_an_account_is_served_logged_kept_and_its_clock_is_moved(served: Callable[..., Served]) -> None:
    first = served("--log-requests")
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    stacks = client(first.url, "cloudformation")
    stacks.create_stack(StackName="one", TemplateBody=json.dumps(template))
    buckets = client(first.url, "s3").list_buckets()["Buckets"]
    assert len(buckets) == 1
    before, after = told(first.url), told(first.url, "--advance", "60d")
    assert round((after["ahead_seconds"] - before["ahead_seconds"]) / 86400) == 60
    code, said = first.ended(signal.SIGINT)
    assert code == 0
    assert "cloudformation.CreateStack" in said
    assert "Traceback" not in said
    again = served()
    assert client(again.url, "s3").list_buckets()["Buckets"][0]["Name"] == buckets[0]["Name"]
    assert round(told(again.url)["ahead_seconds"] / 86400) == 60


def test_labs_run_in_the_account_that_is_served(
    served: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "new_folder", lambda: tmp_path)
    url = served().url
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    refused = CliRunner().invoke(app, ["run", "lake", "--on", "sandbox", "--rows", "600"])
    assert refused.exit_code == 4
    assert "not deployed: ml-labs-lake" in refused.stderr
    [lake] = [stack for stack in assembly().stacks if stack.noun == "lake"]
    _deploy(url, lake)
    result = CliRunner().invoke(app, ["run", "lake", "--on", "sandbox", "--rows", "600", "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["on"] == "sandbox"
    gone = CliRunner().invoke(app, ["destroy", "lake", "--on", "sandbox", "--yes", "--json"])
    assert json.loads(gone.stdout) == {"destroyed": ["lake"], "leftovers": []}


def _deploy(url: str, stack: StackArtifact) -> None:
    """What `cdk deploy` does: assets into their bucket, then the stack."""
    s3, ssm, stacks = (client(url, service) for service in ("s3", "ssm", "cloudformation"))
    ssm.put_parameter(Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String")
    for asset in stack.assets:
        bucket = asset.bucket.replace("${AWS::AccountId}", ACCOUNT_ID).replace("${AWS::Region}", "us-east-1")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=asset.key, Body=asset.content())
    stacks.create_stack(StackName=stack.name, TemplateBody=stack.body, Capabilities=["CAPABILITY_NAMED_IAM"])
    [found] = stacks.describe_stacks(StackName=stack.name)["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE", found


def test_a_port_in_use_is_said_so(served: Callable[..., Served]) -> None:
    port = served().url.rpartition(":")[2]
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
