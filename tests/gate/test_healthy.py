"""Templates that work as they are say nothing, and one that is edited to be wrong still does."""

from __future__ import annotations

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from facts import images
from gate.check import findings
from gate.errors import TemplateError
from gate.files import parsed, read
from gate.template import Templates
from gate.worlds import ANY, MOST, World, worlds
from tests.gate.test_rules import KEPT, places

HEALTHY = sorted((Path(__file__).parent / "data/healthy").iterdir())
NO_VALUE = {"Ref": "AWS::NoValue"}
BOTH = {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}


@pytest.mark.parametrize("file", HEALTHY, ids=lambda file: file.stem)
def test_a_healthy_template_has_no_finding(file: Path) -> None:
    assert findings(read(file)) == []


@pytest.mark.parametrize(
    ("name", "path", "value", "rule", "logical_id"),
    [
        ("branches", "Conditions.Gzip", BOTH, "firehose-buffer", "Delivery"),
        ("branches", "Conditions.Gzip", BOTH, "firehose-compression", "Delivery"),
        (
            "branches",
            "Resources.Bucket.Properties.LifecycleConfiguration.Rules.1.ExpirationInDays",
            20,
            "s3-expiry",
            "Bucket",
        ),
        (
            "branches",
            "Resources.Bucket.Properties.LifecycleConfiguration.Rules.0.Transitions.Fn::If.1.0.StorageClass",
            "STANDARD_IA",
            "",
            "Bucket",
        ),
        ("branches", "Resources.Either.Properties.Engine", "postgres", "rds-postgres-10", "Either"),
        ("branches", "Resources.Given.Condition", "Brief", "rds-postgres-10", "Given"),
        ("branches", "Resources.NeverMade.Condition", "Brief", "lambda-python", "NeverMade"),
        ("branches", "Conditions.Never", {"Fn::Equals": ["true", True]}, "lambda-python", "NeverMade"),
        ("serverless", "Resources.Apart.IgnoreGlobals", ["Timeout"], "lambda-python", "Apart"),
        ("serverless", "Resources.Chosen.Properties", {}, "lambda-python", "Chosen"),
        ("serverless", "Resources.Fn::ForEach::Readers.1", ["curated"], "glue-crawler-role", "Crawler"),
        ("keys", "Parameters.InstanceType.Default", "p3.2xlarge", "instance-p3.2xlarge", "Machine"),
    ],
)
def test_the_same_template_with_one_mistake_has_one(
    name: str, path: str, value: Any, rule: str, logical_id: str
) -> None:
    document = parsed(next(file for file in HEALTHY if file.stem == name))
    *outer, last = path.split(".")
    node = document
    for step in outer:
        node = node[int(step)] if isinstance(node, list) else node[step]
    node[int(last) if isinstance(node, list) else last] = value
    found = findings(Templates.of({"t": document}))
    assert {one.logical_id for one in found} <= {logical_id}
    assert any(rule in one.rule for one in found) == bool(rule)


def test_what_a_loop_makes_is_checked_item_by_item() -> None:
    body = {"${Name}Index": {"Type": "AWS::Kendra::Index", "Properties": {}}}
    document = {"Resources": {"Fn::ForEach::Indexes": ["Name", ["First", "Second"], body]}}
    assert [one.logical_id for one in findings(Templates.of({"t": document}))] == [
        "FirstIndex",
        "SecondIndex",
    ]


@pytest.mark.parametrize("instance", ["ml.g7e.2xlarge", "ml.p6-b200.48xlarge", "ml.p6e-gb200.36xlarge"])
def test_an_algorithm_that_wants_gpus_trains_on_the_newest(instance: str) -> None:
    def training(algorithm: str) -> list[str]:
        arguments = {
            "AlgorithmSpecification": {"TrainingImage": images.uri(algorithm, "us-east-1")},
            "ResourceConfig": {"InstanceType": instance, "InstanceCount": 1},
        }
        task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob"}
        machine = {"Definition": {"States": {"Train": {**task, "Parameters": arguments}}}}
        resources = {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}}
        return [one.message for one in findings(Templates.of({"t": {"Resources": resources}}))]

    assert training("image-classification") == []
    assert training("lda") == [f"lda: got {instance}; it trains on CPU only"]


def told(conditions: dict[str, Any], node: Any, **parameters: Any) -> list[World]:
    return list(worlds({"Conditions": conditions, "Parameters": parameters}, node))


def test_conditions_that_exclude_each_other_hold_in_no_world_together() -> None:
    is_dev = {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}
    is_prod = {"Fn::Or": [{"Fn::Equals": ["prod", {"Ref": "Stage"}]}, {"Condition": "Dev"}]}
    node = [{"Fn::If": ["Dev", 1, 2]}, {"Fn::If": ["DevOrProd", 1, 2]}, {"Fn::If": ["Not", 1, 2]}]
    found = told(
        {"Dev": is_dev, "DevOrProd": is_prod, "Not": {"Fn::Not": [{"Condition": "Dev"}]}}, {"P": node}
    )
    assert {tuple(world.conditions.values()) for world in found} == {
        (True, True, False),
        (False, True, True),
        (False, False, True),
    }


def test_a_parameter_is_one_of_its_allowed_values_and_its_default_where_nothing_says_otherwise() -> None:
    stage = {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "test"]}
    conditions = {"Dev": BOTH, "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}
    found = told(conditions, {"P": {"Fn::If": ["Dev", {"Fn::If": ["Prod", 1, 2]}, 3]}}, Stage=stage)
    assert found == [
        World({"Dev": True, "Prod": False}, {"Stage": "dev"}),
        World({"Dev": False, "Prod": False}, {"Stage": None}),
    ]
    assert told({"Prod": conditions["Prod"]}, {"Condition": "Prod"}, Stage=stage) == []


def test_what_cannot_be_read_is_independent_and_what_is_too_much_is_not_told_apart() -> None:
    circular = {"A": {"Condition": "B"}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    assert len(told(circular, {"P": {"Fn::If": ["A", 1, 2]}})) == 2
    assert (
        len(told({"M": {"Fn::Transform": {}}}, {"P": [{"Fn::If": ["M", 1, 2]}, {"Fn::If": ["N", 1, 2]}]}))
        == 4
    )
    many = {f"C{n}": {"Fn::Equals": [{"Ref": f"P{n}"}, "x"]} for n in range(MOST.bit_length())}
    assert told(many, {"P": [{"Fn::If": [name, 1, 2]} for name in many]}) == [ANY]


JUNK = [None, 7, "", [], {}, [None], True, {"Ref": 3}, {"Fn::If": 3}, {"Fn::Join": ["", 3]}, {"Fn::Sub": 3}]
SECTIONS = ("Parameters", "Mappings", "Conditions", "Outputs", "Globals", "Transform", "Metadata")


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_template_with_anything_anywhere_is_checked_or_refused(junk: Any) -> None:
    sections = [{**KEPT, section: given} for section in SECTIONS for given in (junk, {"A": junk})]
    edited = []
    for place in places(KEPT, ()):
        document = copy.deepcopy(KEPT)
        node: Any = document
        for name in place[:-1]:
            node = node[name]
        node[place[-1]] = junk
        edited.append(document)
    for document in [*sections, *edited]:
        with suppress(TemplateError):
            assert all(one.template == "t" for one in findings(Templates.of({"t": document})))
