"""The pipeline works under the roles of its templates, and only as long as each grant is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from facts import idle_grants
from labs import runs
from labs.cli import app
from labs.registry import PIPELINE
from tests.assembly import assembly
from tests.labs.test_run import Template, edited, of_type

ROWS = "600"


@pytest.fixture(autouse=True)
def _runs_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "new_folder", lambda: tmp_path)


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def without(role: str, action: str) -> Any:
    """An edit that takes one action from a role, wherever its policies allow it."""

    def edit(template: Template) -> None:
        taken = 0
        for policy in of_type(template, "AWS::IAM::Policy"):
            if not any(one.get("Ref", "").startswith(role) for one in policy["Properties"]["Roles"]):
                continue
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                listed = actions if isinstance(actions, list) else [actions]
                if action in listed:
                    taken += 1
                    statement["Action"] = [one for one in listed if one != action] or ["s3:GetBucketAcl"]
        assert taken, f"{role} is not allowed {action} at all"

    return edit


@pytest.mark.parametrize(
    ("noun", "role", "action", "where"),
    [
        ("lake", "EmptierFunctionRole", "s3:ListBucketVersions", "ml-labs-lake was not deleted"),
        ("streaming", "SourceRole", "kms:Decrypt", "calling the GetRecords operation"),
        ("streaming", "DeliveryRole", "s3:PutObject", "its log says S3.AccessDenied"),
        ("catalog", "CrawlerRole", "glue:CreateTable", "FAILED: "),
        ("training", "MachineRole", "iam:PassRole", "the execution FAILED: SageMaker.AccessDenied"),
        ("training", "JobRole", "kms:Decrypt", "Data download failed"),
        ("training", "EvaluationRole", "s3:GetObject", "calling the GetObject operation"),
    ],
)
def test_a_step_fails_with_the_words_of_aws_once_its_grant_is_gone(
    noun: str, role: str, action: str, where: str, tmp_path: Path
) -> None:
    folder = edited(tmp_path, noun, without(role, action))
    result = labs("run", noun, "--rows", ROWS, "--assembly", str(folder))
    assert result.exit_code in (1, 4, 5)
    told = " ".join((result.stdout + result.stderr).split())
    assert where in told
    told += (tmp_path / "run.json").read_text()  # The terminal shortens what is long.
    assert f"is not authorized to perform: {action} on resource: arn:aws:" in told
    assert f"because no identity-based policy allows the {action} action" in told


def test_no_grant_of_the_pipeline_is_idle_without_a_reason(tmp_path: Path) -> None:
    assert labs("run", "--rows", ROWS, "--assembly", str(assembly().directory)).exit_code == 0
    result = labs("iam", "unused", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    idle = json.loads(result.stdout)
    assert {"s3:PutObject", "kinesis:GetRecords", "athena:StartQueryExecution"}.isdisjoint(
        grant["action"] for grant in idle
    )
    given = {idle_grants.why(grant["role"], grant["action"]) for grant in idle}
    assert {row.id for row in given if row} == set(idle_grants.table()), "each reason is still needed"
    shown = labs("iam", "unused", str(tmp_path))
    assert f"{len(idle)} of " in shown.stdout


def test_a_grant_without_a_reason_is_told_and_ends_with_one(tmp_path: Path) -> None:
    wide = {"role": "ml-labs-lake-Role-1", "policy": "p", "statement": 0, "action": "s3:PutBucketAcl"}
    run = {"started": "", "on": "offline", "region": "us-east-1", "rows": 1, "labs": list(PIPELINE)}
    grants = [{**wide, "resources": ["*"], "role_arn": "", "used": 0}]
    (tmp_path / "run.json").write_text(json.dumps({**run, "steps": [], "grants": grants}))
    result = labs("iam", "unused", str(tmp_path))
    assert result.exit_code == 1
    assert "s3:PutBucketAcl: no reason is on record" in result.stdout


def test_a_run_without_grants_is_refused(tmp_path: Path) -> None:
    run = {"started": "", "on": "aws", "region": "us-east-1", "rows": 1, "labs": [], "steps": []}
    (tmp_path / "run.json").write_text(json.dumps(run))
    result = labs("iam", "unused", str(tmp_path))
    assert (result.exit_code, "has no grants" in result.output) == (2, True)
