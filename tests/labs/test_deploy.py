"""`labs deploy`: the cost first, then the CDK's command line with the right words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from labs.cli import app
from labs.commands.deploy import npx as npx_of_the_wheel
from tests.assembly import assembly


def labs(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


@pytest.fixture
def npx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that writes its arguments down, and fails when told to."""
    program = tmp_path / "npx"
    program.write_text(
        "import json, pathlib, sys\n"
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
    assert result.stdout.index("an hour") < result.stdout.index("Deploy them?")
    said = json.loads((npx / "said.json").read_text())
    assert said[:5] == ["--yes", "aws-cdk@2.1148.1", "deploy", "--app", str(assembly().directory)]
    assert said[-2:] == ["ml-labs-lake", "ml-labs-query"]


def test_whoever_says_no_deploys_nothing(npx: Path) -> None:
    assert deploy("lake", answer="n\n").exit_code == 1
    assert not (npx / "said.json").exists()


def test_a_deployment_that_fails_ends_with_exit_code_4(npx: Path) -> None:
    (npx / "fail").touch()
    result = deploy("--yes")
    assert result.exit_code == 4
    assert "ended with exit code 1" in result.stderr


def test_refuses_an_unknown_lab(npx: Path) -> None:
    assert deploy("qury", "--yes").exit_code == 2


def test_the_npx_that_came_with_node_runs() -> None:
    ran = subprocess.run(npx_of_the_wheel("--version"), capture_output=True, text=True, check=True)
    assert int(ran.stdout.split(".")[0]) >= 10
