"""What AWS no longer offers: found in templates that cfn-lint passes, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from facts import instances, retired, services
from gate.check import findings
from gate.files import read
from gate.template import Templates

DEAD = Path(__file__).parent / "data" / "dead.yaml"
TODAY = date(2026, 11, 24)
ALIVE = {"Role", "Stream"}
"""What the template needs besides, and that lives."""


def test_cfn_lint_has_no_word_on_the_dead_template() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), str(DEAD)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


def test_every_dead_resource_is_named_and_no_living_one() -> None:
    templates = read(DEAD)
    named = {finding.logical_id for finding in findings(templates)}
    assert named == {resource.logical_id for resource in templates.resources()} - ALIVE


def test_every_dead_part_is_named_with_date_successor_and_source() -> None:
    found = {(one.logical_id, one.location): one for one in findings(read(DEAD))}
    for logical_id, location, said in (
        ("SqlApplication", "", "discontinued since 2025-10-15"),
        ("Index", "", "closed-to-new-customers since 2026-07-30"),
        ("Monitor", "", "Model Monitor"),
        ("OldSpark", "GlueVersion", "1.0 is discontinued"),
        ("Ray", "Command.Name", "glueray is closed-to-new-customers"),
        ("Flink", "RuntimeEnvironment", "FLINK-1_6 is discontinued"),
        ("Graphics", "LaunchTemplateData.InstanceType", "p3.2xlarge is"),
        ("Notebook", "InstanceType", "ml.p2.xlarge is"),
        ("Notebook", "PlatformIdentifier", "notebook-al1-v1 is discontinued"),
        ("Hosting", "ProductionVariants[0].InstanceType", "ml.p3.2xlarge is in no region's price list"),
        ("Machine", "Train.ResourceConfig.InstanceType", "ml.p2.xlarge is"),
    ):
        finding = found[logical_id, location]
        assert said in finding.message
        assert finding.fix.startswith("use ")
        assert finding.source
        assert finding.line().startswith(f"dead.yaml: {logical_id} ({finding.type})")


def template(**properties: Any) -> Templates:
    kind = properties.pop("Type")
    return Templates.of({"t": {"Resources": {"R": {"Type": kind, "Properties": properties}}}})


def transforming(instance_type: str) -> dict[str, Any]:
    """A state machine that runs a transform job on an instance of this type."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {"TransformResources": {"InstanceType": instance_type, "InstanceCount": 1}},
    }
    return {"States": {"Transform": task}}


@pytest.mark.parametrize(
    "resource",
    [
        {"Type": "AWS::Lambda::Function", "Runtime": "python3.13"},
        {
            "Type": "AWS::Glue::Job",
            "GlueVersion": "5.0",
            "Command": {"Name": "glueetl", "PythonVersion": "3"},
        },
        {"Type": "AWS::SageMaker::NotebookInstance", "InstanceType": "ml.m5.xlarge"},
        {"Type": "AWS::SageMaker::NotebookInstance", "InstanceType": "ml.unheard.of"},
        {"Type": "AWS::SageMaker::NotebookInstance", "InstanceType": {"Ref": "AWS::Region"}},
        {"Type": "AWS::EMR::Cluster", "Instances": {"MasterInstanceGroup": {"InstanceType": "m5.xlarge"}}},
        {"Type": "AWS::EC2::Instance", "InstanceType": "t3.micro"},
        *(
            {"Type": "AWS::SageMaker::EndpointConfig", "ProductionVariants": [{"InstanceType": one}]}
            for one in ("ml.m8g.large", "ml.c6in.xlarge", "ml.p5e.48xlarge", "ml.m4.xlarge")
        ),
        {
            "Type": "AWS::SageMaker::ProcessingJob",
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m7i-flex.large"}},
        },
        {"Type": "AWS::StepFunctions::StateMachine", "Definition": transforming("ml.inf2.xlarge")},
        {"Type": "AWS::SageMaker::App", "AppType": "JupyterLab"},
        {"Type": "AWS::SageMaker::Domain"},
        {"Type": "AWS::CodeCommit::Repository"},
        {"Type": "Custom::Anything"},
    ],
)
def test_what_lives_is_no_finding(resource: dict[str, Any]) -> None:
    assert findings(template(**resource)) == []


@pytest.mark.parametrize(
    "row", [row for row in retired.table().values() if row.closed], ids=lambda row: row.id
)
def test_every_retired_value_is_found_where_it_stands(row: retired.Retired) -> None:
    conditions = dict(condition.split("=", 1) for condition in row.only_if)
    value = row.values[0].replace("*", "1").replace("?", "1")
    value = (
        value
        if "[" not in value
        else value.partition("[")[0] + value[value.index("[") + 1] + value.partition("]")[2]
    )
    properties: dict[str, Any] = {}
    for path, given in [(row.path, value), *conditions.items()]:
        node: Any = properties
        *names, last = path.split(".")
        for name in names:
            listed = name.endswith("[]")
            node = node.setdefault(name[:-2], [{}])[0] if listed else node.setdefault(name, {})
        node[last.removesuffix("[]")] = [given] if last.endswith("[]") else given
    found = findings(template(Type=row.cfn_type, **properties))
    assert f"lifecycle-{row.id}" in {finding.rule for finding in found}


def test_every_type_that_cfn_lint_calls_shut_or_in_maintenance_is_closed_here() -> None:
    known = services.closed_types()
    missing = [
        (cfn_type, lifecycle)
        for cfn_type in PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1")
        if (lifecycle := lifecycle_of(cfn_type)) and over(lifecycle) and cfn_type not in known
    ]
    assert missing == []


def lifecycle_of(cfn_type: str) -> dict[str, str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", cfn_type).schema
    return next((value for key, value in schema.items() if "ifecycle" in key and isinstance(value, dict)), {})


def over(lifecycle: dict[str, str]) -> bool:
    """Shut down, closed to newcomers, or past its announced end."""
    return lifecycle["status"] != "sunset" or date.fromisoformat(lifecycle.get("date", "2025-01-01")) <= TODAY


def test_every_closed_type_is_a_type_of_cloudformation() -> None:
    types = set(PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1"))
    for region in ("us-west-2", "eu-west-1", "ap-southeast-2"):
        types |= set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
    assert sorted(set(services.closed_types()) - types) == []


def test_a_type_that_is_neither_retired_nor_replaced_counts_as_sold() -> None:
    rows = [row for row in instances.table().values() if not row.successor and not row.retired]
    assert [row for row in rows if not row.sold] == []


def test_the_stated_instance_of_the_notes_is_still_sold() -> None:
    assert instances.sold("ml.m4.xlarge", "training")
