"""`labs doctor` and `labs leftovers` over accounts that are ready, and over some that are not."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from labs import doctor
from labs.cli import app
from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly

OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def examined(*nouns: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    result = labs("doctor", *nouns, "--assembly", str(assembly().directory), "--json")
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(result.stdout):
        found.setdefault(finding["check"], []).append(finding)
    return result.exit_code, found


def ready() -> None:
    boto3.client("ssm").put_parameter(Name=doctor.BOOTSTRAP, Value="30", Type="String")
    settings = {"CreateDatabaseDefaultPermissions": OPEN, "CreateTableDefaultPermissions": OPEN}
    boto3.client("lakeformation").put_data_lake_settings(DataLakeSettings=settings)


def test_an_account_that_is_ready_has_no_problem(sandbox: Sandbox) -> None:
    ready()
    code, found = examined("lake", "catalog")
    assert code == 0
    for check in ("credentials", "bootstrap", "CDK", "Node", "Lake Formation", "leftovers"):
        assert [finding["level"] for finding in found[check]] == ["ok"], found[check]


def test_an_account_without_bootstrap_is_a_problem_with_its_command(sandbox: Sandbox) -> None:
    code, found = examined("lake")
    [finding] = found["bootstrap"]
    assert code == 1
    assert (finding["level"], finding["advice"]) == ("problem", "npx aws-cdk@2.1148.1 bootstrap")


def test_an_old_bootstrap_is_a_problem(sandbox: Sandbox) -> None:
    boto3.client("ssm").put_parameter(Name=doctor.BOOTSTRAP, Value="5", Type="String")
    assert "version 5; the stacks need" in examined("lake")[1]["bootstrap"][0]["found"]


def test_lake_formation_that_closes_new_tables_is_a_problem(sandbox: Sandbox) -> None:
    ready()
    settings = {"CreateDatabaseDefaultPermissions": OPEN, "CreateTableDefaultPermissions": []}
    boto3.client("lakeformation").put_data_lake_settings(DataLakeSettings=settings)
    code, found = examined("catalog")
    [finding] = found["Lake Formation"]
    assert code == 1
    assert "new tables are closed to IAM principals" in finding["found"]


def quotas(monkeypatch: pytest.MonkeyPatch, value: float | None) -> None:
    names = [f"ml.m4.xlarge {end}" for end in doctor.QUOTAS.values()]
    listed = [{"QuotaName": name, "Value": value} for name in names] if value is not None else []
    real = doctor.pages

    def pages(client: Any, operation: str, key: str, **arguments: Any) -> Any:
        return listed if operation == "list_service_quotas" else real(client, operation, key, **arguments)

    monkeypatch.setattr(doctor, "pages", pages)


@pytest.mark.parametrize(("value", "level"), [(0, "problem"), (2, "ok"), (None, "not checked")])
def test_the_quota_of_every_instance_type_is_looked_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, value: float | None, level: str
) -> None:
    ready()
    quotas(monkeypatch, value)
    findings = examined("training")[1]["service quotas"]
    assert [finding["level"] for finding in findings] == [level, level]
    assert {"training" in findings[0]["found"], "transform" in findings[1]["found"]} == {True}


def test_a_refused_call_is_told_and_never_counts_as_ok() -> None:
    def refused() -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetDataLakeSettings")
        yield

    [finding] = doctor.made("Lake Formation", refused)
    assert (finding.level, "AccessDenied" in finding.found) == ("not checked", True)


def test_without_credentials_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    result = labs("doctor")
    assert result.exit_code == 2
    assert "needs credentials and a region" in result.stderr


def test_the_table_reads_well(sandbox: Sandbox) -> None:
    ready()
    result = labs("doctor", "lake", "--assembly", str(assembly().directory))
    assert result.exit_code == 0
    assert "credentials" in result.stdout


def test_what_is_deployed_is_left_over_until_it_is_destroyed(sandbox: Sandbox) -> None:
    assert labs("leftovers").exit_code == 0
    deploy(assembly(), sandbox)
    result = labs("leftovers", "lake", "streaming", "--json")
    assert result.exit_code == 6
    found = json.loads(result.stdout)
    assert "stack ml-labs-lake (CREATE_COMPLETE)" in found
    assert any(":firehose:" in one for one in found)
    assert len(found) == len({one.rpartition(":")[2] for one in found})
    assert not any("ml-labs-query" in one for one in found)
    assert examined("lake")[1]["leftovers"][0]["level"] == "warning"
    assert labs("destroy", "--on", "aws", "--yes").exit_code == 0
    gone = labs("leftovers")
    assert (gone.exit_code, "nothing is left of lake" in gone.stdout) == (0, True), gone.stderr
