"""What AWS no longer offers: found in templates that cfn-lint passes, and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from facts import instances, retired, services
from gate import places
from gate.check import findings
from gate.files import read
from gate.template import Templates
from tests.facts.test_retired import exists

DEAD = Path(__file__).parent / "data" / "dead.yaml"
TODAY = date(2026, 11, 24)
ALIVE = {"Role", "Stream", "Template"}
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
        ("Machine", "Train.DebugHookConfig", "SageMaker Debugger is closed-to-new-customers"),
        ("Pipeline", "Fit.ResourceConfig.InstanceType", "ml.p3.2xlarge is"),
        ("Scaling", "MixedInstancesPolicy.LaunchTemplate.Overrides[1].InstanceType", "p3.8xlarge is retired"),
        ("Batch", "ComputeResources.InstanceTypes[0]", "p2 is retired"),
        ("Warehouse", "NodeType", "dc2.large is closed-to-new-customers"),
        ("Classic", "AppType", "KernelGateway is closed-to-new-customers"),
        ("OldMaria", "EngineVersion", "10.3.39 is discontinued"),
        ("OldMaria", "DBInstanceClass", "db.t2.micro is discontinued since 2024-03-11"),
        ("Voice", "", "discontinued since 2026-05-20"),
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
        {"Type": "AWS::EC2::Instance", "InstanceType": "p3dn.24xlarge"},
        {"Type": "AWS::Batch::ComputeEnvironment", "ComputeResources": {"InstanceTypes": ["optimal", "p4d"]}},
        {"Type": "AWS::RDS::DBInstance", "Engine": "aurora-postgresql", "EngineVersion": "16"},
        {"Type": "AWS::RDS::DBInstance", "Engine": "postgres", "EngineVersion": {"Ref": "AWS::Region"}},
        {"Type": "AWS::RDS::DBInstance", "Engine": "oracle-ee", "DBInstanceClass": "db.t2.micro"},
        {"Type": "AWS::EMR::Cluster", "ReleaseLabel": "emr-5.36.2"},
        {"Type": "AWS::Glue::MLTransform", "GlueVersion": "1.0"},
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
    properties = put(row.path, value)
    for path, given in conditions.items():
        properties |= put(path, given.replace("*", "se"))
    found = findings(template(Type=row.cfn_type, **properties))
    assert f"lifecycle-{row.id}" in {finding.rule for finding in found}


def test_every_type_that_cfn_lint_calls_shut_or_in_maintenance_is_closed_here() -> None:
    known = services.closed_types()
    missing = [
        (cfn_type, lifecycle)
        for cfn_type, region in types().items()
        if (lifecycle := lifecycle_of(cfn_type, region)) and over(lifecycle) and cfn_type not in known
    ]
    assert missing == []


@cache
def types() -> dict[str, str]:
    """Every type that cfn-lint knows, with a region that has it."""
    return {
        cfn_type: region
        for region in reversed(REGIONS)
        for cfn_type in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    }


def lifecycle_of(cfn_type: str, region: str) -> dict[str, str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, cfn_type).schema
    return next((value for key, value in schema.items() if "ifecycle" in key and isinstance(value, dict)), {})


def over(lifecycle: dict[str, str]) -> bool:
    """Shut down, closed to newcomers, or past its announced end."""
    return lifecycle["status"] != "sunset" or date.fromisoformat(lifecycle.get("date", "2025-01-01")) <= TODAY


REMOVED = {
    "AWS::IoT1Click::Device",
    "AWS::IoT1Click::Placement",
    "AWS::IoT1Click::Project",
    "AWS::IoTFleetHub::Application",
    "AWS::LookoutMetrics::Alert",
    "AWS::LookoutMetrics::AnomalyDetector",
    "AWS::NimbleStudio::LaunchProfile",
    "AWS::NimbleStudio::StreamingImage",
    "AWS::NimbleStudio::StudioComponent",
    "AWS::OpsWorksCM::Server",
}
"""Types that CloudFormation itself has let go; templates that name them are still about."""


def test_every_closed_type_is_a_type_of_cloudformation_or_was_one() -> None:
    assert set(services.closed_types()) - set(types()) == REMOVED


def names_of(use: instances.Use) -> str:
    """A type that is dead for a use."""
    return "p3.8xlarge" if use in ("ec2", "emr") else "ml.p3.8xlarge"


def put(path: str, value: object) -> dict[str, Any]:
    """Properties in which a value stands at a path."""
    properties: dict[str, Any] = {}
    node: Any = properties
    *names, last = path.split(".")
    for name in names:
        node = node.setdefault(name.removesuffix("[]"), [{}] if name.endswith("[]") else {})
        node = node[0] if isinstance(node, list) else node
    node[last.removesuffix("[]")] = [value] if last.endswith("[]") else value
    return properties


PLACES = [(kind, path, use) for kind, found in places.RESOURCES.items() for path, use in found]


@pytest.mark.parametrize(("kind", "path", "use"), PLACES, ids=lambda value: str(value))
def test_a_dead_instance_is_found_wherever_a_resource_names_one(
    kind: str, path: str, use: instances.Use
) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    assert exists(schema, schema, path.split("."))
    dead = names_of(use).partition(".")[0] if path == "InstanceFamily" else names_of(use)
    assert f"instance-{dead}" in {one.rule for one in findings(template(Type=kind, **put(path, dead)))}


CALLS = [(api, path, use) for api, found in places.CALLS.items() for path, use in found]


@pytest.mark.parametrize(("api", "path", "use"), CALLS, ids=lambda value: str(value))
def test_a_dead_instance_is_found_wherever_a_task_names_one(api: str, path: str, use: instances.Use) -> None:
    resource = f"arn:aws:states:::{api}.sync"
    task = {"Type": "Task", "Resource": resource, "Parameters": put(path, names_of(use))}
    machine = template(Type="AWS::StepFunctions::StateMachine", Definition={"States": {"Ask": task}})
    assert [one.rule for one in findings(machine)] == [f"instance-{names_of(use)}"]


def test_what_the_globals_of_a_serverless_template_say_is_read() -> None:
    document = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Runtime": "python3.6"}},
        "Resources": {
            "Old": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}},
            "Own": {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.13"}},
        },
    }
    assert [one.logical_id for one in findings(Templates.of({"t": document}))] == ["Old"]


def test_a_parameter_that_is_a_list_is_read_item_by_item() -> None:
    document = {
        "Parameters": {"Types": {"Type": "CommaDelimitedList", "Default": "m5.large, p3.2xlarge"}},
        "Resources": {
            "Nodes": {"Type": "AWS::EKS::Nodegroup", "Properties": {"InstanceTypes": {"Ref": "Types"}}}
        },
    }
    assert [one.location for one in findings(Templates.of({"t": document}))] == ["InstanceTypes[1]"]


def test_a_pipelines_parameter_is_its_default_and_a_branch_is_walked() -> None:
    step = {
        "Type": "Training",
        "Name": "Fit",
        "Arguments": put("ResourceConfig.InstanceType", {"Get": "Parameters.T"}),
    }
    body = {
        "Parameters": [{"Name": "T", "Type": "String", "DefaultValue": "ml.p3.2xlarge"}],
        "Steps": [{"Type": "Condition", "Name": "If", "Arguments": {"IfSteps": [step]}}],
    }
    definition = {"PipelineDefinitionBody": json.dumps(body)}
    found = findings(template(Type="AWS::SageMaker::Pipeline", PipelineDefinition=definition))
    assert [(one.rule, one.location) for one in found] == [
        ("instance-ml.p3.2xlarge", "Fit.ResourceConfig.InstanceType")
    ]


def test_a_type_that_is_neither_retired_nor_replaced_counts_as_sold() -> None:
    rows = [row for row in instances.table().values() if not row.successor and not row.retired]
    assert [row for row in rows if not row.sold] == []


def test_the_stated_instance_of_the_notes_is_still_sold() -> None:
    assert instances.sold("ml.m4.xlarge", "training")
