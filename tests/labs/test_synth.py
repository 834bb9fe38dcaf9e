"""Synthesis in a process of its own, with apps that go well and apps that do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from constructs import Node

from labs import account, synth
from labs.assembly import prefix_of
from labs.context import silent
from labs.errors import SynthError, UsageError
from stacks.settings import SettingError, Settings, context
from stacks.training import instance
from tests.assembly import assembly, write

APP = """
import json, os, pathlib, shutil
out = pathlib.Path(os.environ["CDK_OUTDIR"]); out.mkdir(exist_ok=True)
seen = {"context": json.loads(os.environ["CDK_CONTEXT_JSON"]), "node": shutil.which("node"),
        "credentials": [key for key in os.environ if key.startswith("AWS_") and "KEY" in key]}
(out / "manifest.json").write_text(json.dumps(seen))
"""


def app(folder: Path, text: str, context: dict[str, object]) -> Path:
    (folder / "cdk.json").write_text(json.dumps({"context": context}))
    (folder / "app.py").write_text(text)
    return folder / "app.py"


def test_the_app_sees_cdk_json_under_the_overrides_and_our_node(tmp_path: Path) -> None:
    given = app(tmp_path, APP, {"lab:spot": False, "lab:name": "ml-labs"})
    out = synth.synthesize(tmp_path / "out", {"lab:spot": "true"}, given)
    seen = json.loads((out / "manifest.json").read_text())
    assert seen["context"] == {"lab:spot": "true", "lab:name": "ml-labs"}
    assert Path(seen["node"]).parent == synth.node_folder()


def test_the_app_sees_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    out = synth.synthesize(tmp_path / "out", {}, app(tmp_path, APP, {}))
    assert json.loads((out / "manifest.json").read_text())["credentials"] == []


def test_refuses_with_the_end_of_what_a_broken_app_said(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="no shard today"):
        synth.synthesize(tmp_path / "out", {}, app(tmp_path, "raise SystemExit('no shard today')", {}))


def test_refuses_an_app_that_leaves_no_assembly(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="nothing was said"):
        synth.synthesize(tmp_path / "out", {}, app(tmp_path, "", {}))


def test_refuses_a_place_without_an_app(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="there is no app at"):
        synth.synthesize(tmp_path / "out", {}, tmp_path / "app.py")


def test_refuses_a_cdk_json_that_is_not_json(tmp_path: Path) -> None:
    given = app(tmp_path, APP, {})
    (tmp_path / "cdk.json").write_text("{")
    with pytest.raises(SynthError, match="is not JSON"):
        synth.synthesize(tmp_path / "out", {}, given)


def test_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    given = app(tmp_path, APP, {})
    with pytest.raises(UsageError, match=r"no assembly can lie in .*app\.py: File exists"):
        synth.synthesize(given, {}, given)


def test_the_app_alone_needs_no_node_of_the_machine_and_says_nothing(tmp_path: Path) -> None:
    told = {"PATH": str(tmp_path), "CDK_OUTDIR": str(tmp_path / "out")}
    ran = subprocess.run(
        [sys.executable, "app.py"], cwd=synth.ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    for template in assembly().directory.glob("*.template.json"):
        assert (tmp_path / "out" / template.name).read_text() == template.read_text()


def test_refuses_an_instance_type_that_does_not_exist() -> None:
    given = context() | {"lab:training_instance": "ml.m9.giant"}
    node = SimpleNamespace(get_all_context=lambda: given, try_get_context=given.get)
    with pytest.raises(SettingError, match=r"lab:training_instance: no .* 'ml\.m9\.giant'; nearest: ml\.m5"):
        instance(Settings.load(cast("Node", node)))


@pytest.mark.parametrize("name", ["Mine", "1st", "a_b", "a--b", "a-", "\u00e4"])
def test_refuses_a_name_that_not_everything_can_have(tmp_path: Path, name: str) -> None:
    node = SimpleNamespace(get_all_context=context, try_get_context=(context() | {"lab:name": name}).get)
    with pytest.raises(SettingError, match="lab:name must be small letters"):
        Settings.load(cast("Node", node))


def test_the_name_of_cdk_json_is_that_of_every_stack_that_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app(tmp_path, APP, {"lab:name": "mine"})
    monkeypatch.setattr("labs.synth.ROOT", tmp_path)  # a clone with another cdk.json
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert account.context(1, silent).prefix == "mine"
    app(tmp_path, APP, {})
    with pytest.raises(SynthError, match="gives lab:name no text"):
        account.context(1, silent)


def test_an_assembly_says_itself_what_its_stacks_are_called(tmp_path: Path) -> None:
    write(tmp_path, "theirs-two-lake", {}, lab="lake")
    assert prefix_of(tmp_path, ["lake"]) == "theirs-two"
    with pytest.raises(UsageError, match="holds no stack of query"):
        prefix_of(tmp_path, ["lake", "query"])


def test_refuses_to_name_stacks_for_one_synthesis_alone() -> None:
    with pytest.raises(UsageError, match=r"got -c lab:name=mine; change it in cdk\.json"):
        synth.parsed_overrides(["lab:name=mine"])


def test_refuses_an_override_that_is_no_pair() -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        synth.parsed_overrides(["lab:spot"])
