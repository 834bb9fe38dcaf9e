"""`labs claims` and `labs systems` show the tables as they are."""

from __future__ import annotations

import json

from typer.testing import CliRunner, Result

from facts import claims, systems
from labs.cli import app
from labs.registry import LABS
from tests.assembly import templates


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_corrected_claim_shows_what_holds_today_and_who_says_so() -> None:
    result = labs("claims", "--lab", "streaming", "--verdict", "corrected")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for claim in claims.of_lab("streaming"):
        if claim.verdict == "corrected":
            at = next(n for n, line in enumerate(lines) if line.endswith(f"{claim.id}, line {claim.line}"))
            assert lines[at + 1] == f"    {claim.truth}"
    assert "confidence high" in result.stdout
    assert "confirmed  " not in result.stdout


def test_the_counts_are_those_of_the_table() -> None:
    last = labs("claims").stdout.splitlines()[-1]
    assert f"{len(claims.with_verdict('corrected'))} corrected" in last
    assert f"{len(claims.with_verdict('confirmed'))} confirmed" in last


def test_claims_for_machines() -> None:
    found = json.loads(labs("claims", "--lab", "lake", "--json").stdout)
    assert [row["id"] for row in found] == [claim.id for claim in claims.of_lab("lake")]
    assert {row["lab"] for row in found} == {"lake"}


def test_every_system_is_listed_once() -> None:
    found = json.loads(labs("systems", "--json").stdout)
    assert [row["id"] for row in found] != []
    assert {row["id"] for row in found} == set(systems.table())
    assert len(found) == len(systems.table())


def test_systems_by_lab_say_how_many_are_at_work() -> None:
    result = labs("systems", "--lab", "streaming")
    working = sum(bool(system.test) for system in systems.of_lab("streaming"))
    assert f"{working} of {len(systems.of_lab('streaming'))} systems at work" in result.stdout


def test_a_system_is_listed_with_the_whole_name_of_what_shows_it() -> None:
    lines = [line.strip() for line in labs("systems", "--lab", "training").stdout.splitlines()]
    system = systems.row("sagemaker-ai")
    for line in (f"resource {system.resource}", f"step {system.step}", f"test {system.test}"):
        assert line in lines
    assert "AWS::SageMaker::Pipeline" not in lines[lines.index(f"resource {system.resource}") - 1]


def test_every_resource_that_a_system_names_stands_in_its_template() -> None:
    named = {system.resource for system in systems.table().values() if system.resource}
    there = {
        f"{noun} {resource['Type']}"
        for noun, template in templates().items()
        for resource in template["Resources"].values()
    }
    assert named - there == set()


def test_every_step_that_a_system_names_is_one_of_an_exercise() -> None:
    named = {system.step for system in systems.table().values() if system.step}
    assert named - {f"{lab.noun}/{step.name}" for lab in LABS.values() for step in lab.steps} == set()


def test_refuses_labs_and_verdicts_that_do_not_exist() -> None:
    for arguments in (
        ["claims", "--lab", "lak"],
        ["systems", "--lab", "lak"],
        ["claims", "--verdict", "true"],
    ):
        result = labs(*arguments)
        assert result.exit_code == 2
        assert "lak" in result.stderr or "confirmed, corrected" in result.stderr
