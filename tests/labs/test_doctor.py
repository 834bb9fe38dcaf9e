"""`labs doctor` over accounts that are ready, that are not, and that do not answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from labs import doctor
from labs.account import configured_region
from labs.cli import app
from labs.doctor import needed_quotas
from labs.synth import synthesize
from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly, templates, write

OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
SOMEBODY = [{**OPEN[0], "Principal": {"DataLakePrincipalIdentifier": "arn:aws:iam::123456789012:role/a"}}]
BOTH = ["ml.m4.xlarge for training job usage", "ml.m4.xlarge for transform job usage"]
Found = dict[str, list[dict[str, str]]]


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def examined(*nouns: str, folder: Path | None = None) -> tuple[int, Found]:
    result = labs("doctor", *nouns, "--assembly", str(folder or assembly().directory), "--json")
    found: Found = {}
    for finding in json.loads(result.stdout):
        found.setdefault(finding["check"], []).append(finding)
    return result.exit_code, found


def settings(databases: Any = OPEN, tables: Any = OPEN) -> None:
    kept = {"CreateDatabaseDefaultPermissions": databases, "CreateTableDefaultPermissions": tables}
    boto3.client("lakeformation").put_data_lake_settings(DataLakeSettings=kept)


def ready() -> None:
    boto3.client("ssm").put_parameter(Name=doctor.BOOTSTRAP, Value="30", Type="String")
    settings()


def answer(monkeypatch: pytest.MonkeyPatch, operation: str, answered: dict[str, Any] | str) -> None:
    """From here on AWS answers one operation like this, or with this error, and all others as before."""
    real = BaseClient._make_api_call

    def call(client: Any, name: str, arguments: Any) -> Any:
        if name != operation:
            return real(client, name, arguments)
        if isinstance(answered, str):
            refusal = client.exceptions.from_code(answered)
            raise refusal({"Error": {"Code": answered, "Message": "not allowed"}}, name)
        return answered

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_an_account_that_is_ready_has_no_problem(sandbox: Sandbox) -> None:
    ready()
    code, found = examined("lake", "catalog")
    assert code == 0
    assert list(found) == ["credentials", "bootstrap", "CDK", "Node", "Lake Formation", "leftovers"]
    for findings in found.values():
        assert [finding["level"] for finding in findings] == ["ok"], findings


def test_an_account_without_bootstrap_is_a_problem_with_its_command(sandbox: Sandbox) -> None:
    code, found = examined("lake")
    [finding] = found["bootstrap"]
    assert code == 1
    assert (finding["level"], finding["advice"]) == ("problem", "npx aws-cdk@2.1148.1 bootstrap")


def test_an_old_bootstrap_is_a_problem(sandbox: Sandbox) -> None:
    boto3.client("ssm").put_parameter(Name=doctor.BOOTSTRAP, Value="5", Type="String")
    code, found = examined("lake")
    assert code == 1
    assert found["bootstrap"][0]["found"] == "version 5; the stacks need 6"


LAKE = {
    "type": "aws:cloudformation:stack",
    "properties": {"templateFile": "ml-labs-lake.template.json", "tags": {"lab": "lake"}},
}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda manifest: {**manifest, "version": "99.0.0"}, "cloud assembly schema 99.0.0; aws-cdk@"),
        (lambda manifest: {**manifest, "artifacts": {"ml-labs-lake": LAKE}}, ""),
    ],
    ids=["newer", "no version of the bootstrap"],
)
def test_an_assembly_newer_than_the_command_line_is_a_problem(
    sandbox: Sandbox, tmp_path: Path, edit: Any, said: str
) -> None:
    ready()
    for file in assembly().directory.glob("*-lake.template.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((assembly().directory / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(edit(manifest)))
    code, found = examined("lake", folder=tmp_path)
    assert code == (1 if said else 0)
    assert found["CDK"][0]["found"].startswith(said)


def test_a_machine_without_node_has_a_problem(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ready()
    monkeypatch.setattr("labs.synth.find_spec", lambda name: None)
    code, found = examined("lake")
    assert code == 1
    assert found["Node"][0]["advice"] == "pip install -r requirements.txt"


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        ({"tables": []}, "new tables are closed to IAM principals"),
        ({"databases": [], "tables": []}, "new databases and tables are closed"),
        ({"databases": SOMEBODY}, "new databases are closed"),
    ],
    ids=["tables", "both", "another principal"],
)
def test_lake_formation_that_closes_what_is_new_is_a_problem(
    sandbox: Sandbox, closed: dict[str, Any], said: str
) -> None:
    ready()
    settings(**closed)
    code, found = examined("catalog")
    assert code == 1
    assert said in found["Lake Formation"][0]["found"]
    assert "Lake Formation" not in examined("lake")[1], "a lab without a catalog does not care"


def quotas(monkeypatch: pytest.MonkeyPatch, applied: dict[str, float], default: dict[str, float]) -> None:
    real, values = (
        doctor.pages,
        {
            "list_service_quotas": applied,
            "list_aws_default_service_quotas": default,
        },
    )

    def pages(client: Any, operation: str, key: str, **arguments: Any) -> Any:
        if operation not in values:
            return real(client, operation, key, **arguments)
        return [{"QuotaName": name, "Value": value} for name, value in values[operation].items()]

    monkeypatch.setattr(doctor, "pages", pages)


@pytest.mark.parametrize(
    ("applied", "default", "level"),
    [
        (dict.fromkeys(BOTH, 0.0), {}, "problem"),
        (dict.fromkeys(BOTH, 2.0), dict.fromkeys(BOTH, 0.0), "ok"),
        ({}, dict.fromkeys(BOTH, 0.0), "problem"),
        ({}, dict.fromkeys(BOTH, 1.0), "ok"),
        ({}, {}, "not checked"),
    ],
    ids=["none", "raised", "default of none", "default", "unlisted"],
)
def test_the_quota_of_every_instance_type_is_looked_up(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    applied: dict[str, float],
    default: dict[str, float],
    level: str,
) -> None:
    ready()
    quotas(monkeypatch, applied, default)
    code, found = examined("training")
    findings = found["service quotas"]
    assert code == (1 if level == "problem" else 0)
    assert [finding["level"] for finding in findings] == [level, level]
    assert ["training" in findings[0]["found"], "transform" in findings[1]["found"]] == [True, True]


def test_spot_training_has_a_quota_of_its_own(tmp_path: Path) -> None:
    folder = synthesize(tmp_path / "out", {"lab:spot": "true"})
    (file,) = folder.glob("*-training.template.json")
    assert list(needed_quotas([json.loads(file.read_text())])) == [
        "ml.m4.xlarge for spot training job usage",
        "ml.m4.xlarge for transform job usage",
    ]
    assert list(needed_quotas(list(templates().values()))) == BOTH


def test_endpoints_notebooks_and_processing_jobs_have_quotas_too() -> None:
    variants = [{"InstanceType": "ml.c5.large", "InitialInstanceCount": 3}]
    job = {"States": {"Go": {"Parameters": {"ClusterConfig": {"InstanceType": "ml.t3.large"}}}}}
    machine = {"DefinitionString": json.dumps(job)}
    resources = {
        "E": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": variants}},
        "N": {"Type": "AWS::SageMaker::NotebookInstance", "Properties": {"InstanceType": "ml.t3.medium"}},
        "S": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
    }
    assert needed_quotas([{"Resources": resources}]) == {
        "ml.c5.large for endpoint usage": 3,
        "ml.t3.large for processing job usage": 1,
        "ml.t3.medium for notebook instance usage": 1,
    }


@pytest.mark.parametrize(
    ("operation", "check", "nouns"),
    [
        ("GetParameter", "bootstrap", ["lake"]),
        ("GetDataLakeSettings", "Lake Formation", ["catalog"]),
        ("ListAWSDefaultServiceQuotas", "service quotas", ["training"]),
        ("GetResources", "leftovers", ["lake"]),
    ],
)
def test_a_refused_call_is_told_and_never_counts_as_ok(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, check: str, nouns: list[str]
) -> None:
    ready()
    answer(monkeypatch, operation, "AccessDenied")
    code, found = examined(*nouns)
    [finding] = found[check]
    assert (code, finding["level"]) == (0, "not checked")
    assert "AccessDenied: not allowed" in finding["found"]


def test_an_identity_that_has_expired_is_the_only_finding(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "GetCallerIdentity", "ExpiredToken")
    code, found = examined("lake")
    assert (code, list(found)) == (1, ["credentials"])
    assert found["credentials"][0]["found"] == "ExpiredToken: not allowed"


def test_an_endpoint_that_does_not_know_a_call_is_told(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready()
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint())
    code, found = examined("lake")
    assert (code, found["bootstrap"][0]["level"]) == (0, "ok")
    error = ClientError({"Error": {"Code": "500", "Message": "<html lang=en>"}}, "ListServiceQuotas")
    assert doctor.reason(error) == "the endpoint does not know ListServiceQuotas (HTTP 500)"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which nothing of AWS is configured."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE", "REGION", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    return monkeypatch


def only_finding() -> dict[str, str]:
    result = labs("doctor", "--json")
    assert result.exit_code == 1
    [finding] = json.loads(result.stdout)
    assert isinstance(finding, dict)
    return finding


def test_without_credentials_there_is_one_clear_finding(bare: pytest.MonkeyPatch) -> None:
    finding = only_finding()
    assert (finding["check"], finding["level"]) == ("credentials", "problem")
    assert "set AWS_PROFILE" in finding["advice"]


def test_a_profile_that_does_not_exist_is_named(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_PROFILE", "nope")
    assert only_finding()["found"] == "The config profile (nope) could not be found"


def test_credentials_without_a_region_are_not_enough(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_ACCESS_KEY_ID", "a")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert only_finding()["advice"] == "set AWS_REGION"


def test_a_region_counts_under_the_name_that_other_sdks_read(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_REGION", "sa-east-1")
    bare.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert configured_region() == "sa-east-1"
    bare.delenv("AWS_REGION")
    assert configured_region() == "eu-west-1"
    bare.setenv("AWS_PROFILE", "nope")
    assert configured_region() == ""


@pytest.mark.parametrize(
    "command",
    ["leftovers", "destroy --on aws", "run lake --on aws", "deploy lake --yes --assembly {assembly}"],
)
def test_no_command_breaks_on_a_profile_that_does_not_exist(bare: pytest.MonkeyPatch, command: str) -> None:
    bare.setenv("AWS_PROFILE", "nope")
    result = labs(*command.format(assembly=assembly().directory).split())
    assert result.exit_code == 2
    assert "(nope) could not be found; set AWS_PROFILE to a profile that exists" in result.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("leftovers", 5),
        ("destroy --on aws", 5),
        ("run lake --on aws", 5),
        ("deploy lake --yes --assembly {assembly}", 4),
    ],
)
def test_no_command_breaks_on_an_account_that_refuses(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    answer(monkeypatch, "ListStacks", "ExpiredToken")
    result = labs(*command.format(assembly=assembly().directory).split())
    assert result.exit_code == code
    assert "ExpiredToken" in result.stderr
    assert "Traceback" not in result.output


def test_what_stands_already_is_a_warning(sandbox: Sandbox) -> None:
    deploy(assembly(), sandbox)
    settings()
    code, found = examined("lake")
    [finding] = found["leftovers"]
    assert (code, finding["level"]) == (0, "warning")
    assert "more" in finding["found"]


@pytest.mark.parametrize(
    ("answered", "level"),
    [
        (None, "not checked"),
        ("ResourceNotFoundException", "problem"),
        ({"AccountInfo": {"Edition": "STANDARD", "AccountSubscriptionStatus": "ACCOUNT_CREATED"}}, "ok"),
    ],
    ids=["an endpoint without it", "no subscription", "subscribed"],
)
def test_dashboards_need_a_subscription(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answered: Any, level: str
) -> None:
    ready()
    dashboards = {"Resources": {"D": {"Type": "AWS::QuickSight::Dashboard", "Properties": {}}}}
    write(tmp_path, "ml-labs-lake", dashboards, lab="lake")
    if answered is not None:
        answer(monkeypatch, "DescribeAccountSubscription", answered)
    _, found = examined("lake", folder=tmp_path)
    assert [finding["level"] for finding in found["Quick Sight"]] == [level]


def test_the_table_says_level_finding_and_advice(sandbox: Sandbox) -> None:
    result = labs("doctor", "lake", "--assembly", str(assembly().directory))
    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("bootstrap")]
    assert "problem" in line
    assert "npx aws-cdk" in result.stdout


def test_refuses_what_is_no_assembly(sandbox: Sandbox, tmp_path: Path) -> None:
    result = labs("doctor", "--assembly", str(tmp_path))
    assert (result.exit_code, "is no cloud assembly" in result.stderr) == (3, True)
    write(tmp_path, "ml-labs-lake", {}, lab="lake")
    (tmp_path / "manifest.json").write_text("[]")
    result = labs("doctor", "lake", "--assembly", str(tmp_path))
    assert (result.exit_code, "is no cloud assembly" in result.stderr) == (3, True)
