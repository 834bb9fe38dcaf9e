"""Assemblies are read whole or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offline.assembly import Assembly
from offline.errors import AssemblyError
from tests.assembly import assembly


def write(directory: Path, artifacts: object) -> None:
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


def stack(name: str, *dependencies: str) -> dict[str, object]:
    return {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": f"{name}.template.json", "stackName": name},
        "dependencies": list(dependencies),
    }


def test_stacks_come_after_what_they_depend_on(tmp_path: Path) -> None:
    for name in ("lake", "query"):
        (tmp_path / f"{name}.template.json").write_text("{}")
    write(tmp_path, {"query": stack("query", "lake"), "lake": stack("lake")})
    assert [s.name for s in Assembly.load(tmp_path).stacks] == ["lake", "query"]


def test_refuses_a_directory_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="not a cloud assembly"):
        Assembly.load(tmp_path)


def test_refuses_a_broken_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(AssemblyError, match=r"manifest\.json"):
        Assembly.load(tmp_path)


def test_refuses_an_assembly_without_stacks(tmp_path: Path) -> None:
    write(tmp_path, {})
    with pytest.raises(AssemblyError, match="no stack"):
        Assembly.load(tmp_path)


def test_refuses_a_missing_template(tmp_path: Path) -> None:
    write(tmp_path, {"lake": stack("lake")})
    with pytest.raises(AssemblyError, match=r"lake\.template\.json"):
        Assembly.load(tmp_path)


def test_refuses_a_missing_asset(tmp_path: Path) -> None:
    (tmp_path / "lake.template.json").write_text("{}")
    write(tmp_path, {"lake": stack("lake")})
    asset = {
        "source": {"path": "asset.1", "packaging": "zip"},
        "destinations": {"d": {"bucketName": "b", "objectKey": "k"}},
    }
    (tmp_path / "lake.assets.json").write_text(json.dumps({"files": {"1": asset}}))
    with pytest.raises(AssemblyError, match=r"asset\.1 is missing"):
        Assembly.load(tmp_path)


def test_only_some_labs_bring_the_stacks_they_depend_on_in_order() -> None:
    assert [stack.noun for stack in assembly().only(["security"]).stacks] == ["lake", "security"]
    assert len(assembly().only(["training"]).stacks) > 3
    assert assembly().only(["lake", "training", "streaming"]).stacks == assembly().stacks
