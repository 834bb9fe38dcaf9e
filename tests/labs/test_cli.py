"""The command line: what it prints, what it refuses, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from facts import claims, prices, retired, systems
from labs import errors
from labs.cli import app
from tests.assembly import assembly

DATA = Path(__file__).parent / "data"


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_list_shows_every_lab() -> None:
    result = labs("list")
    assert result.exit_code == 0
    assert all(
        noun in result.stdout for noun in ("lake", "security", "streaming", "catalog", "query", "training")
    )


def test_list_prints_for_machines() -> None:
    described = json.loads(labs("list", "--json").stdout)
    assert described[0]["noun"] == "lake"
    assert described[0]["steps"][0]["name"] == "reference"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "list",
        "run",
        "synth",
        "destroy",
        "report",
        "check",
        "claims",
        "systems",
        "cost",
        "deploy",
        "doctor",
        "policy",
        "leftovers",
    ],
)
def test_help_of_every_command_has_examples(command: str) -> None:
    result = labs(*filter(None, [command]), "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"labs {command}" in result.stdout


def test_help_documents_every_exit_code() -> None:
    text = labs("--help").stdout
    tree = (errors.UsageError, errors.SynthError, errors.DeployError, errors.RunError, errors.LeftoversError)
    codes = [
        0,
        errors.CHECK_FAILED,
        *(error.exit_code for error in tree),
        errors.BROKEN_TABLE,
        errors.INTERRUPTED,
    ]
    assert all(f"{code} " in text.split("Exit codes:")[1] for code in codes)


@pytest.mark.parametrize(
    ("command", "file", "module"),
    [
        ("claims", "claims.csv", claims),
        ("systems", "systems.csv", systems),
        ("cost --assembly {assembly}", "prices.csv", prices),
        ("check {assembly}", "retired.csv", retired),
    ],
)
def test_a_broken_table_ends_with_its_own_exit_code_and_names_the_row(
    monkeypatch: pytest.MonkeyPatch, command: str, file: str, module: ModuleType
) -> None:
    def broken(path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        return f"{text}one cell\n" if path.name == file else text

    monkeypatch.setattr("facts.table.text_of", broken)
    forget(module)
    try:
        result = labs(*command.format(assembly=assembly().directory).split())
    finally:
        forget(module)
    assert result.exit_code == errors.BROKEN_TABLE
    assert result.stderr.startswith(f"error: {file}, row ")
    assert "1 cells under" in result.stderr


def forget(module: ModuleType) -> None:
    """Let a module of facts read its table again."""
    for function in vars(module).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def test_refuses_an_unknown_noun_with_exit_code_2() -> None:
    result = labs("run", "qury")
    assert result.exit_code == 2
    assert "did you mean 'query'?" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("rows", ["0", "-1", "336777", "many"])
def test_refuses_rows_that_are_not_there(rows: str) -> None:
    assert labs("run", "--rows", rows).exit_code == 2


def test_refuses_an_override_that_is_no_pair() -> None:
    result = labs("run", "-c", "lab:spot")
    assert result.exit_code == 2
    assert "KEY=VALUE" in result.stderr


def test_refuses_an_unknown_step() -> None:
    result = labs("run", "lake", "--step", "nothing")
    assert result.exit_code == 2
    assert "lab 'lake' has reference, bucket" in result.stderr


def test_refuses_an_unknown_noun_to_destroy() -> None:
    assert labs("destroy", "qury").exit_code == 2


def test_destroy_offline_says_that_there_is_nothing_to_destroy() -> None:
    result = labs("destroy")
    assert result.exit_code == 0
    assert "vanishes with its process" in result.stdout


def test_report_renders_a_run_again(tmp_path: Path) -> None:
    for name in ("run.json", "stacks.json"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    result = labs("report", str(tmp_path), "--to", str(tmp_path / "copy.html"))
    assert result.exit_code == 0
    assert (tmp_path / "report.html").read_bytes() == (tmp_path / "copy.html").read_bytes()


def test_refuses_to_report_what_is_no_run(tmp_path: Path) -> None:
    result = labs("report", str(tmp_path))
    assert result.exit_code == 2
    assert "which is no run" in result.stderr


def test_listing_labs_imports_nothing_heavy() -> None:
    heavy = ("boto3", "moto", "aws_cdk", "pyarrow", "pandas", "matplotlib", "xgboost", "numpy", "jinja2")
    code = f"import sys, labs.cli; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
