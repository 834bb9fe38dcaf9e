"""What the notes say of S3 and its storage classes (sections 1.1 and 1.2)."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts import limits, prices
from gate import jobs
from gate.template import Templates
from offline.sandbox import Sandbox
from tests.assembly import templates

CAPACITY = re.compile(r"allocat|capacity|size|provision|units?$", re.IGNORECASE)
PRICE = {"STANDARD": "standard", "STANDARD_IA": "standard-ia", "GLACIER": "glacier"}


def properties(cfn_type: str) -> set[str]:
    return set(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", cfn_type).schema["properties"])


def of_type(noun: str, kind: str) -> dict[str, dict[str, Any]]:
    resources = templates()[noun]["Resources"]
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}


def lake_rules() -> list[dict[str, Any]]:
    """The enabled lifecycle rules of the bucket that holds the lake."""
    [bucket] = [p for name, p in of_type("lake", "AWS::S3::Bucket").items() if name.startswith("Lake")]
    return [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule["Status"] == "Enabled"]


def lake_moves() -> list[tuple[str, int]]:
    return [
        (m["StorageClass"], m["TransitionInDays"]) for r in lake_rules() for m in r.get("Transitions", [])
    ]


@pytest.mark.claim("c-1.1-006")
def test_an_object_has_at_most_ten_tags(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"")
    most = int(limits.number("s3-object-tags"))
    tags = [{"Key": f"k{n}", "Value": "v"} for n in range(most + 1)]
    s3.put_object_tagging(Bucket="lake", Key="a", Tagging={"TagSet": tags[:most]})
    assert len(s3.get_object_tagging(Bucket="lake", Key="a")["TagSet"]) == most == 10
    with pytest.raises(ClientError, match="cannot be greater than 10"):
        s3.put_object_tagging(Bucket="lake", Key="a", Tagging={"TagSet": tags})


@pytest.mark.claim("c-1.1-007")
def test_the_training_job_takes_its_data_from_the_lake_and_leaves_its_model_there() -> None:
    read = Templates.of(dict(templates()))
    [call] = list(jobs.calls(read, "sagemaker:createTrainingJob"))
    text = json.dumps(call.arguments)
    places = re.findall(r"s3://\$\{(\w+)\.(\w+)\.", text)
    assert len(places) == 3
    assert {(noun, name.startswith("Lake")) for noun, name in places} == {("lake", True)}


@pytest.mark.claim("c-1.1-008")
def test_a_bucket_has_no_capacity_to_provision_while_a_database_has() -> None:
    assert {name for name in properties("AWS::S3::Bucket") if CAPACITY.search(name)} == set()
    assert "AllocatedStorage" in {
        name for name in properties("AWS::RDS::DBInstance") if CAPACITY.search(name)
    }


@pytest.mark.claim("c-1.1-012")
def test_all_files_lie_in_buckets_of_one_stack() -> None:
    assert {noun for noun in templates() if of_type(noun, "AWS::S3::Bucket")} == {"lake"}


@pytest.mark.claim("c-1.1-013")
@given(st.binary(max_size=2000), st.sampled_from(["text/csv", "image/png", "application/x-anything"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_of_any_type_come_back(body: bytes, kind: str) -> None:
    with Sandbox():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="a", Body=body, ContentType=kind)
        found = s3.get_object(Bucket="lake", Key="a")
        assert (found["Body"].read(), found["ContentType"]) == (body, kind)


@pytest.mark.claim("c-1.2-001")
def test_an_object_put_without_a_class_is_standard(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"")
    s3.put_object(Bucket="lake", Key="b", Body=b"", StorageClass="STANDARD_IA")
    listed = {item["Key"]: item["StorageClass"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]}
    assert listed == {"a": "STANDARD", "b": "STANDARD_IA"}


@pytest.mark.claim("c-1.2-006")
def test_every_move_of_the_lakes_lifecycle_costs_less_to_store() -> None:
    kinds = ["STANDARD", *(kind for kind, _ in sorted(lake_moves(), key=lambda move: move[1]))]
    usd = [prices.price(f"s3-{PRICE[kind]}-gb-month", "us-east-1").usd or 0 for kind in kinds]
    assert len(usd) == 3
    assert all(0 < later < before for before, later in pairwise(usd))


@pytest.mark.claim("c-1.2-007", "c-1.2-009")
def test_the_lake_moves_to_infrequent_access_after_60_days_and_to_glacier_later() -> None:
    assert sorted(lake_moves(), key=lambda move: move[1]) == [("STANDARD_IA", 60), ("GLACIER", 180)]
    assert int(limits.number("s3-ia-transition-days-lowest")) <= 60


@pytest.mark.claim("c-1.2-008")
def test_a_transition_names_another_class_of_the_api() -> None:
    model = botocore.session.get_session().get_service_model("s3")
    classes = set(model.shape_for("TransitionStorageClass").enum)
    assert {kind for kind, _ in lake_moves()} <= classes
    assert "STANDARD" not in classes


@pytest.mark.claim("c-1.2-011")
def test_objects_expire_after_their_last_move() -> None:
    days = [rule["ExpirationInDays"] for rule in lake_rules() if "ExpirationInDays" in rule]
    assert days
    assert min(days) > max(after for _, after in lake_moves())
