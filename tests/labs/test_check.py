"""`labs check` over templates of one's own, and the same gate inside synthesis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from facts import services
from labs import synth
from labs.cli import app
from labs.errors import SynthError
from tests.assembly import assembly, write

DEAD = Path(__file__).parents[1] / "gate" / "data" / "dead.yaml"
INDEX = {"Type": "AWS::Kendra::Index", "Properties": {"Name": "n"}}
APP = """
import sys
sys.path.insert(0, {root!r})
import aws_cdk as cdk
from stacks.constructs.gate_plugin import Gate
app = cdk.App(analytics_reporting=False)
stack = cdk.Stack(app, "history")
index = cdk.CfnResource(stack, "Index", type="AWS::Kendra::Index", properties={{"Name": "n"}})
{acknowledge}
cdk.Validations.of(app).add_plugins(Gate())
app.synth()
"""
ACKNOWLEDGE = (
    "cdk.Validations.of(index).acknowledge("
    "cdk.Acknowledgment(id='gate::lifecycle-amazon-kendra', reason='history'))"
)


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def written(path: Path, **metadata: object) -> Path:
    path.write_text(json.dumps({"Resources": {"Index": {**INDEX, "Metadata": metadata}}}))
    return path


def test_one_line_per_finding_and_exit_code_1() -> None:
    result = labs("check", str(DEAD))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == int(result.stderr.split()[0])
    assert any("Ray (AWS::Glue::Job) Command.Name: lifecycle-" in line for line in lines)


def test_findings_for_machines() -> None:
    result = labs("check", str(DEAD), "--json")
    found = json.loads(result.stdout)
    assert {"template", "logical_id", "rule", "type", "location", "message", "fix", "source"} == set(found[0])


def test_this_projects_assembly_passes() -> None:
    result = labs("check", str(assembly().directory))
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_finding_acknowledged_with_a_reason_passes(tmp_path: Path) -> None:
    told = {"Acknowledge": [{"Rule": "lifecycle-amazon-*", "Reason": "shows history"}]}
    assert labs("check", str(written(tmp_path / "a.json", Gate=told))).exit_code == 0


def test_an_acknowledgement_without_a_reason_counts_for_nothing(tmp_path: Path) -> None:
    told = {"Acknowledge": [{"Rule": "lifecycle-amazon-kendra", "Reason": " "}]}
    assert labs("check", str(written(tmp_path / "a.json", Gate=told))).exit_code == 1


def test_refuses_what_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    for path in (tmp_path / "a.json", tmp_path / "b.json", tmp_path):
        result = labs("check", str(path))
        assert result.exit_code == 2
        assert path.name in result.stderr


def synthesized(folder: Path, acknowledge: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(APP.format(root=str(synth.ROOT), acknowledge=acknowledge))
    return synth.synthesize(folder / "cdk.out", app=folder / "app.py")


STAGED = """
import aws_cdk as cdk
app = cdk.App(analytics_reporting=False)
stage = cdk.Stage(app, "Prod")
stack = cdk.Stack(stage, "Search")
inner = cdk.NestedStack(stack, "Inner")
for scope in (stack, inner):
    cdk.CfnResource(scope, "Index", type="AWS::Kendra::Index", properties={"Name": "n"})
app.synth()
"""


@pytest.mark.parametrize(("scope", "standing"), [("inner", [False]), ("stack", [])])
def test_what_a_stage_acknowledges_of_a_stack_holds_for_the_stacks_nested_in_it(
    tmp_path: Path, scope: str, standing: list[bool]
) -> None:
    said = "cdk.Acknowledgment(id='gate::lifecycle-amazon-kendra', reason='history')"
    (tmp_path / "app.py").write_text(
        STAGED.replace("app.synth()", f"cdk.Validations.of({scope}).acknowledge({said})\napp.synth()")
    )
    folder = synth.synthesize(tmp_path / "cdk.out", app=tmp_path / "app.py")
    left = [one["template"] for one in json.loads(labs("check", str(folder), "--json").stdout)]
    assert ["nested" in name for name in left] == standing


def test_an_assembly_is_what_its_manifest_lists_with_stages_and_nested_stacks(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(STAGED)
    folder = synth.synthesize(tmp_path / "cdk.out", app=tmp_path / "app.py")
    (folder / "asset.0").mkdir()
    for stale in (folder / "removed.template.json", folder / "asset.0" / "theirs.template.json"):
        written(stale)
    result = labs("check", str(folder), "--json")
    assert result.exit_code == 1
    names = [one["template"] for one in json.loads(result.stdout)]
    assert len(names) == len(set(names)) == 2
    assert all(name.startswith("assembly-Prod/ProdSearch") for name in names)
    (folder / "manifest.json").unlink()
    assert len(json.loads(labs("check", str(folder), "--json").stdout)) == 4


def test_refuses_an_assembly_whose_manifest_is_broken_or_lists_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    assert "manifest.json is not JSON" in labs("check", str(tmp_path)).stderr
    (tmp_path / "manifest.json").unlink()
    write(tmp_path, "gone", {"Resources": {}})
    (tmp_path / "gone.template.json").unlink()
    refused = labs("check", str(tmp_path))
    assert (refused.exit_code, "gone.template.json cannot be read" in refused.stderr) == (2, True)
    (tmp_path / "manifest.json").write_text('{"artifacts": []}')
    assert "is no cloud assembly" in labs("check", str(tmp_path)).stderr


def test_synthesis_fails_on_a_dead_service_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SynthError) as caught:
        synthesized(tmp_path)
    said = str(caught.value)
    source = services.row("amazon-kendra").source
    assert (
        f"Amazon Kendra is closed-to-new-customers since 2026-07-30 [{source}; confidence high] (gate)"
        in said
    )
    assert "history/Index" in said
    assert "use Bedrock Knowledge Bases" in said
    assert "gate::lifecycle-amazon-kendra" in said
    assert "Traceback" not in said


def test_an_app_that_acknowledges_with_a_reason_passes_in_both_places(tmp_path: Path) -> None:
    folder = synthesized(tmp_path, ACKNOWLEDGE)
    assert labs("check", str(folder)).exit_code == 0
    (folder / "history.metadata.json").unlink()
    assert labs("check", str(folder)).exit_code == 1
