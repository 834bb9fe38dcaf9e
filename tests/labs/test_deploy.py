"""`labs deploy`: the cost first, then the CDK's command line with the right words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from labs.assembly import with_needed
from labs.cli import app
from labs.commands.deploy import npx as npx_of_the_wheel
from offline.deploy import deploy as deploy_offline
from offline.sandbox import Sandbox
from tests.assembly import assembly

SWITCHED_OFF = '"DynamicPartitioningConfiguration": {\n      "Enabled": false'


def labs(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


@pytest.fixture
def npx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Path:
    """A command that writes its arguments down, and fails when told to; an account without stacks."""
    program = tmp_path / "npx"
    program.write_text(
        "import json, pathlib, sys\n"
        "print('the CDK deploys')\n"
        f"pathlib.Path({str(tmp_path / 'said.json')!r}).write_text(json.dumps(sys.argv[1:]))\n"
        f"sys.exit(pathlib.Path({str(tmp_path / 'fail')!r}).exists())\n"
    )
    monkeypatch.setattr("labs.commands.deploy.npx", lambda *said: [sys.executable, str(program), *said])
    monkeypatch.delenv("AWS_REGION", raising=False)
    return tmp_path


def deploy(*arguments: str, answer: str = "") -> Result:
    return labs("deploy", "--assembly", str(assembly().directory), *arguments, answer=answer)


def test_the_cost_is_shown_before_the_cdk_deploys(npx: Path) -> None:
    result = deploy("lake", "query", answer="y\n")
    assert result.exit_code == 0, result.output
    assert result.output.index("an hour") < result.output.index("Deploy them?")
    said = json.loads((npx / "said.json").read_text())
    assert said[:5] == ["--yes", "aws-cdk@2.1148.1", "deploy", "--app", str(assembly().directory)]
    assert said[-2:] == ["ml-labs-lake", "ml-labs-query"]


def test_the_cost_is_that_of_all_that_is_deployed_and_a_stack_brings_those_it_uses(npx: Path) -> None:
    result = deploy("query", answer="n\n")
    bills = [line.split()[:2] for line in result.stdout.partition("One run")[0].splitlines()]
    assert ["lake", "Key"] in bills
    assert with_needed(assembly().directory, ["query"]) == ["lake", "catalog", "query"]
    assert with_needed(assembly().directory, ["lake"]) == ["lake"]


def test_for_machines_the_cdk_speaks_on_stderr(npx: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app(["deploy", "lake", "--assembly", str(assembly().directory), "--yes", "--json"], standalone_mode=False)
    stdout, stderr = capfd.readouterr()
    told = json.loads(stdout)
    assert told["deployed"] == ["ml-labs-lake"]
    assert told["known_usd"] == sum(line["usd"] for line in told["idle"]) > 0
    assert "the CDK deploys" in stderr


def test_a_machine_is_not_asked(npx: Path) -> None:
    refused = deploy("lake", "--json")
    assert (refused.exit_code, "say --yes as well" in refused.stderr) == (2, True)


def test_whoever_says_no_deploys_nothing(npx: Path) -> None:
    assert deploy("lake", answer="n\n").exit_code == 1
    assert not (npx / "said.json").exists()


def test_a_deployment_that_fails_ends_with_exit_code_4(npx: Path) -> None:
    (npx / "fail").touch()
    result = deploy("--yes")
    assert result.exit_code == 4
    assert "ended with exit code 1" in result.stderr


def test_refuses_an_update_that_aws_takes_only_at_creation(npx: Path, sandbox: Sandbox) -> None:
    deploy_offline(assembly().only(["lake", "catalog", "streaming"]), sandbox)
    assert deploy("streaming", "--yes").exit_code == 0
    (npx / "said.json").unlink()
    edited = shutil.copytree(assembly().directory, npx / "cdk.out")
    (file,) = edited.glob("*-streaming.template.json")
    text = file.read_text()
    switched = text.replace('"DynamicPartitioningConfiguration": {\n      "Enabled": true', SWITCHED_OFF)
    assert switched != text
    file.write_text(switched)
    result = labs("deploy", "streaming", "--yes", "--assembly", str(edited))
    assert result.exit_code == 4
    assert "would be switched off on a delivery stream that exists" in result.stderr
    assert not (npx / "said.json").exists()


def test_refuses_an_account_without_credentials(npx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for file in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(file, str(npx / "none"))
    result = deploy("lake", "--yes")
    assert (result.exit_code, "needs credentials and a region" in result.stderr) == (2, True)


def test_a_region_without_prices_is_refused_and_told_how_to_go_on(
    npx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    refused = deploy("lake", "--yes")
    assert (refused.exit_code, "`--region` takes one of them" in refused.stderr) == (2, True)
    assert deploy("lake", "--yes", "--region", "eu-west-1").exit_code == 0
    assert json.loads((npx / "said.json").read_text())[-1] == "ml-labs-lake"


def test_refuses_an_unknown_lab(npx: Path) -> None:
    assert deploy("qury", "--yes").exit_code == 2


def test_the_npx_that_came_with_node_runs() -> None:
    ran = subprocess.run(npx_of_the_wheel("--version"), capture_output=True, text=True, check=True)
    assert int(ran.stdout.split(".")[0]) >= 10
