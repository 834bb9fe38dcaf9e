"""`labs sandbox coverage`, as a command of its own."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from labs.cli import Commands
from labs.commands.coverage import coverage_command
from offline.resources import table

app = typer.Typer(cls=Commands, rich_markup_mode=None)
app.command("coverage")(coverage_command)


@app.callback()
def sandbox() -> None:
    """Commands of the sandbox."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["coverage", *arguments])


def test_every_type_has_a_line_with_its_counts() -> None:
    lines = run().stdout.splitlines()
    assert [line.split()[0] for line in lines[1 : len(table()) + 1]] == sorted(table())
    [queue] = [line.split() for line in lines if line.startswith("AWS::SQS::Queue ")]
    assert queue[1:] == ["16", "-", "-", "3/3", "yes", "yes"]
    assert lines[-1].startswith(f"{len(table())} types; ")


def test_a_type_is_shown_with_each_property() -> None:
    shown = run("AWS::KMS::Key").stdout
    assert "offline/resources/kms.py" in shown
    assert "PendingWindowInDays" in shown
    assert "read when the key is deleted" in " ".join(shown.split())
    assert "Fn::GetAtt answers: Arn, KeyId" in shown


def test_machines_get_the_same() -> None:
    one = json.loads(run("AWS::SNS::Topic", "--json").stdout)
    [name] = [p for p in one["properties"] if p["path"] == "TopicName"]
    assert name == {
        "path": "TopicName",
        "status": "honoured",
        "change": "replaces",
        "drift": True,
        "reason": "",
    }
    every = json.loads(run("--json").stdout)
    assert one in every
    assert len(every) == len(table())


@pytest.mark.parametrize("kind", ["AWS::SNS::Topics", "topic"])
def test_refuses_an_unknown_type_and_names_near_ones(kind: str) -> None:
    result = run(kind)
    assert result.exit_code == 2
    assert "near it: AWS::SNS::Topic" in result.stderr


def test_help_has_examples() -> None:
    shown = run("--help").stdout
    assert "labs sandbox coverage AWS::S3::Bucket --json" in shown
