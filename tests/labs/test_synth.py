"""Synthesis in a process of its own, with apps that go well and apps that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labs import synth
from labs.errors import SynthError, UsageError

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


def test_refuses_an_override_that_is_no_pair() -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        synth.parsed_overrides(["lab:spot"])
