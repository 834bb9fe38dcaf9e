"""What stacks cost: arithmetic by hand, prices that are not known, and what would surprise on a bill."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from labs import costs, idle_costs, run_costs
from labs.cli import app, stack_record
from tests.assembly import assembly, write

IDLE_A_MONTH = 25.0
"""What the pipeline may cost in us-east-1 while nobody uses it: one key, two shards."""
ALWAYS_ON = [
    "AWS::EC2::NatGateway",
    "AWS::EMR::Cluster",
    "AWS::Redshift::Cluster",
    "AWS::RDS::DBInstance",
    "AWS::OpenSearchService::Domain",
    "AWS::OpenSearchServerless::Collection",
    "AWS::MSK::Cluster",
    "AWS::EKS::Cluster",
    "AWS::DAX::Cluster",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::DocDB::DBCluster",
    "AWS::AmazonMQ::Broker",
    "AWS::DMS::ReplicationInstance",
    "AWS::Kendra::Index",
    "AWS::Personalize::Campaign",
    "AWS::Comprehend::DocumentClassifierEndpoint",
    "AWS::SageMaker::MlflowTrackingServer",
    "AWS::SageMaker::InferenceComponent",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::NotebookInstance",
]


def stacks() -> list[dict[str, Any]]:
    return [stack_record(stack) for stack in assembly().stacks]


def labs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def cost(*arguments: str) -> dict[str, Any]:
    result = labs("cost", "--assembly", str(assembly().directory), "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def surprises(found: list[dict[str, Any]]) -> list[str]:
    """What keeps the pipeline from being cheap while it stands."""
    lines = idle_costs.idle(found, "us-east-1")
    dear = [] if costs.total(lines) < IDLE_A_MONTH else [f"${costs.total(lines):.2f} a month"]
    kinds = [*idle_costs.always_on(found), *idle_costs.unclassified(found)]
    return [*dear, *kinds, *(line.what for line in costs.unknown(lines))]


def test_the_pipeline_is_cheap_while_it_stands() -> None:
    assert surprises(stacks()) == []


def added(kind: str, **properties: Any) -> list[dict[str, Any]]:
    """The pipeline and one resource more."""
    found = copy.deepcopy(stacks())
    found[0]["template"]["Resources"]["Added"] = {"Type": kind, "Properties": properties}
    return found


@pytest.mark.parametrize("kind", ALWAYS_ON)
def test_what_runs_until_it_is_deleted_is_a_surprise(kind: str) -> None:
    assert f"lake Added ({kind})" in idle_costs.always_on(added(kind))
    assert any("Added" in line.what for line in idle_costs.idle(added(kind), "us-east-1"))


def test_a_type_that_nobody_has_classified_is_listed_and_not_free() -> None:
    found = added("AWS::New::Thing")
    assert idle_costs.unclassified(found) == ["AWS::New::Thing"]
    [line] = costs.unknown(idle_costs.idle(found, "us-east-1"))
    assert (line.what, line.usd) == ("Added (AWS::New::Thing)", None)
    assert "no row of billing.csv names the type" in line.basis


@pytest.mark.parametrize(
    ("kind", "properties", "lines"),
    [
        ("AWS::Lambda::Version", {}, 0),
        ("AWS::Lambda::Version", {"ProvisionedConcurrencyConfig": {}}, 1),
        ("AWS::DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST"}, 0),
        ("AWS::DynamoDB::Table", {}, 1),
        ("AWS::EC2::VPCEndpoint", {}, 0),
        ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}, 1),
        ("AWS::Kinesis::Stream", {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, 1),
        ("AWS::S3::Bucket", {}, 0),
    ],
)
def test_what_bills_depends_on_the_properties(kind: str, properties: dict[str, Any], lines: int) -> None:
    found = idle_costs.idle(added(kind, **properties), "us-east-1")
    assert sum("Added" in line.what for line in found) == lines


@pytest.mark.parametrize(
    ("kind", "usd"),
    [
        ("AWS::EC2::NatGateway", 730 * 0.045),
        ("AWS::CloudWatch::Alarm", 0.1),
        ("AWS::SecretsManager::Secret", 0.4),
        ("AWS::KMS::Key", 1),
    ],
)
def test_a_month_of_one_by_hand(kind: str, usd: float) -> None:
    [line] = [line for line in idle_costs.idle(added(kind), "us-east-1") if "Added" in line.what]
    assert line.usd == pytest.approx(usd)


def test_every_type_of_the_pipeline_is_classified() -> None:
    assert idle_costs.unclassified(stacks()) == []


def test_ten_shards_are_a_surprise() -> None:
    found = copy.deepcopy(stacks())
    for stack in found:
        for resource in stack["template"]["Resources"].values():
            if resource["Type"] == "AWS::Kinesis::Stream":
                resource["Properties"]["ShardCount"] = 10
    assert surprises(found) == [f"${1 + 10 * 730 * 0.015:.2f} a month"]


def test_idle_hours_by_hand() -> None:
    lines = {line.price.id: line for line in idle_costs.idle(stacks(), "us-east-1", hours=100)}
    assert lines["kinesis-shard-hour"].usd == pytest.approx(2 * 100 * 0.015)
    assert lines["kms-key-month"].usd == pytest.approx(100 / 730)
    assert len(lines) == 2


def test_one_run_by_hand() -> None:
    lines = {(line.noun, line.price.id): line for line in run_costs.one_run(stacks(), "us-east-1", 336_776)}
    # Every record of 500 bytes is one unit of 25 KB and counts as 5 KB in Firehose.
    assert lines["streaming", "kinesis-put-payload-unit"].usd == pytest.approx(0.336776 * 0.014)
    assert lines["streaming", "firehose-ingest-gb"].units == pytest.approx(336_776 * 5120 / 1e9)
    # 168,388,000 bytes in batches of 1 MiB, half a GB of memory.
    assert lines["streaming", "lambda-request"].units == 161
    assert lines["streaming", "lambda-gb-second"].units == pytest.approx(0.5 * 168_388_000 / 1024**2)
    assert lines["catalog", "glue-crawler-dpu-hour"].usd == pytest.approx(2 * 10 / 60 * 0.44)


@given(st.integers(1, 336_776), st.integers(1, 336_776))
def test_more_flights_never_cost_less(one: int, other: int) -> None:
    fewer, more = sorted((one, other))
    found = stacks()
    assert costs.total(run_costs.one_run(found, "us-east-1", fewer)) <= costs.total(
        run_costs.one_run(found, "us-east-1", more)
    )


def test_a_price_that_is_not_known_is_listed_and_left_out_of_the_sum() -> None:
    found = cost("--region", "eu-west-1")
    unknown = [line for line in found["run"] if line["usd"] is None]
    assert unknown
    assert all(line["units"] > 0 and line["price"]["usd"] is None for line in unknown)
    assert found["known_usd"]["run"] == pytest.approx(sum(line["usd"] or 0 for line in found["run"]))


def test_every_line_names_the_price_it_used() -> None:
    for line in [*cost()["idle"], *cost()["run"]]:
        assert {"id", "region", "usd", "unit", "as_of", "source", "confidence"} == set(line["price"])


def test_one_lab_alone_and_for_some_hours() -> None:
    found = cost("streaming", "--hours", "3")
    assert {line["noun"] for line in [*found["idle"], *found["run"]]} == {"streaming"}
    assert found["known_usd"]["idle"] == pytest.approx(3 * 2 * 0.015)


def test_the_table_says_known_and_unknown() -> None:
    result = labs("cost", "--assembly", str(assembly().directory))
    assert result.exit_code == 0
    assert "not known" in result.stdout
    assert "$22.90, that is $0.0314 an hour" in result.stdout
    assert "known, and 3 prices not known" in result.stdout


def test_an_hour_of_which_a_price_is_not_known_is_no_sum() -> None:
    result = labs("cost", "streaming", "--region", "sa-east-1", "--assembly", str(assembly().directory))
    assert "$0.00 known, $0.0000 an hour, and 1 price not known" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--region", "mars-north-1"], "there are eu-west-1, sa-east-1, us-east-1"),
        (["qury"], "did you mean 'query'?"),
        (["--hours", "-1"], "hours"),
        (["--hours", "inf"], "hours"),
    ],
)
def test_refuses_what_has_no_cost(arguments: list[str], said: str) -> None:
    result = labs("cost", "--assembly", str(assembly().directory), *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_refuses_a_folder_that_is_no_assembly_and_another_projects(tmp_path: Path) -> None:
    assert "no cloud assembly" in labs("cost", "--assembly", str(tmp_path)).stderr
    write(tmp_path, "shop-web", {})
    write(tmp_path, "shop-lake", {}, team="shop")
    for command in (["cost"], ["policy", "lake"]):
        other = labs(*command, "--assembly", str(tmp_path))
        assert (other.exit_code, "holds shop-web, shop-lake; none has the tag" in other.stderr) == (2, True)


@pytest.mark.parametrize("text", ["{", "[]", '{"Resources": {"A": {}}}', '{"Resources": []}'])
def test_refuses_a_stack_whose_template_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, "ml-labs-lake", {}, lab="lake")
    (tmp_path / "ml-labs-lake.template.json").write_text(text)
    broken = labs("cost", "--assembly", str(tmp_path))
    assert (broken.exit_code, "is no template" in broken.stderr) == (3, True)


def test_a_number_that_only_the_stack_knows_is_listed_and_left_out_of_the_sum() -> None:
    found = copy.deepcopy(stacks())
    for stack in found:
        for resource in stack["template"]["Resources"].values():
            if resource["Type"] == "AWS::Kinesis::Stream":
                resource["Properties"]["ShardCount"] = {"Ref": "Shards"}
            if resource["Type"] == "AWS::Lambda::Function":
                resource["Properties"]["MemorySize"] = {"Ref": "Memory"}
    [line] = costs.unknown(idle_costs.idle(found, "us-east-1"))
    assert "only the deployed stack knows" in line.basis
    assert line.units is None
    [run] = [one for one in run_costs.one_run(found, "us-east-1", 10) if one.units is None]
    assert run.price.id == "lambda-gb-second"
