"""Amazon S3's lifecycle rules, as the days go by."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.clock import START
from offline.engines.s3.lifecycle import WATERFALL
from offline.sandbox import Sandbox

BIG = b"x" * 131_072


def bucket(*rules: dict[str, Any], versioned: bool = False) -> Any:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    if versioned:
        s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    configured = [{"ID": str(n), "Status": "Enabled", "Filter": {}} | rule for n, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": configured})
    return s3


def classes(s3: Any) -> dict[str, str]:
    return {one["Key"]: one["StorageClass"] for one in s3.list_objects_v2(Bucket="lake").get("Contents", [])}


def moving(*moves: tuple[str, int], **more: Any) -> dict[str, Any]:
    return {"Transitions": [{"StorageClass": to, "Days": days} for to, days in moves], **more}


def test_an_object_moves_down_at_the_midnight_after_its_days(sandbox: Sandbox) -> None:
    s3 = bucket(moving(("STANDARD_IA", 60), ("GLACIER", 180)))
    s3.put_object(Bucket="lake", Key="a", Body=BIG)
    assert s3.head_object(Bucket="lake", Key="a")["LastModified"] == START
    sandbox.advance(days=60)
    assert classes(s3) == {"a": "STANDARD"}, "noon: sixty days have passed, the midnight has not come"
    sandbox.advance(hours=12)
    assert classes(s3) == {"a": "STANDARD_IA"}
    sandbox.advance(days=120)
    assert classes(s3) == {"a": "GLACIER"}
    with pytest.raises(ClientError, match="InvalidObjectState"):
        s3.get_object(Bucket="lake", Key="a")


def test_many_days_at_once_do_what_single_days_do(sandbox: Sandbox) -> None:
    s3 = bucket(moving(("STANDARD_IA", 60), ("GLACIER", 180), Expiration={"Days": 365}))
    s3.put_object(Bucket="lake", Key="a", Body=BIG)
    sandbox.advance(days=200)
    assert classes(s3) == {"a": "GLACIER"}
    sandbox.advance(days=300)
    assert classes(s3) == {}


def test_small_objects_stay_unless_the_rule_names_a_size(sandbox: Sandbox) -> None:
    s3 = bucket(moving(("GLACIER", 1), Filter={"Prefix": "plain/"}))
    s3.put_object(Bucket="lake", Key="plain/small", Body=BIG[1:])
    s3.put_object(Bucket="lake", Key="plain/big", Body=BIG)
    sandbox.advance(days=3)
    assert classes(s3) == {"plain/small": "STANDARD", "plain/big": "GLACIER"}
    sized = moving(("GLACIER", 1), ID="sized", Status="Enabled", Filter={"ObjectSizeGreaterThan": 10})
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": [sized]})
    assert s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"] == [sized]
    sandbox.advance(days=1)
    assert classes(s3)["plain/small"] == "GLACIER"


def test_filters_by_prefix_tag_and_size_choose_objects(sandbox: Sandbox) -> None:
    both = {
        "Prefix": "logs/",
        "Tags": [{"Key": "keep", "Value": "no"}],
        "ObjectSizeGreaterThan": 1,
        "ObjectSizeLessThan": 4,
    }
    s3 = bucket({"Expiration": {"Days": 1}, "Filter": {"And": both}})
    for key, body, tags in (
        ("logs/a", b"123", "keep=no"),
        ("logs/b", b"123", "keep=yes"),
        ("logs/c", b"1", "keep=no"),
        ("logs/d", b"1234", "keep=no"),
        ("data/e", b"123", "keep=no"),
    ):
        s3.put_object(Bucket="lake", Key=key, Body=body, Tagging=tags)
    sandbox.advance(days=2)
    assert set(classes(s3)) == {"logs/b", "logs/c", "logs/d", "data/e"}


def test_in_a_versioned_bucket_expiry_hides_and_old_versions_go_later(sandbox: Sandbox) -> None:
    rule = {
        "Expiration": {"Days": 10},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 5},
    }
    cleaning = {"Expiration": {"ExpiredObjectDeleteMarker": True}}
    s3 = bucket(rule, cleaning, versioned=True)
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    s3.put_object(Bucket="lake", Key="a", Body=b"2")
    sandbox.advance(days=6)
    assert len(s3.list_object_versions(Bucket="lake")["Versions"]) == 1
    sandbox.advance(days=5)
    found = s3.list_object_versions(Bucket="lake")
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (1, 1)
    sandbox.advance(days=6)
    found = s3.list_object_versions(Bucket="lake")
    assert "Versions" not in found
    assert "DeleteMarkers" not in found


def test_the_newest_old_versions_are_kept(sandbox: Sandbox) -> None:
    expiring = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}}
    s3 = bucket(expiring, versioned=True)
    for body in (b"1", b"2", b"3", b"4", b"5"):
        s3.put_object(Bucket="lake", Key="a", Body=body)
    sandbox.advance(days=3)
    left = s3.list_object_versions(Bucket="lake")["Versions"]
    bodies = [
        s3.get_object(Bucket="lake", Key="a", VersionId=one["VersionId"])["Body"].read() for one in left
    ]
    assert sorted(bodies) == [b"3", b"4", b"5"]


def test_an_upload_that_nobody_completes_is_aborted(sandbox: Sandbox) -> None:
    s3 = bucket({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}})
    s3.create_multipart_upload(Bucket="lake", Key="big")
    sandbox.advance(days=7)
    assert len(s3.list_multipart_uploads(Bucket="lake")["Uploads"]) == 1
    sandbox.advance(days=1)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


def test_a_rule_put_on_old_objects_works_from_the_next_midnight(sandbox: Sandbox) -> None:
    s3 = bucket({"Expiration": {"Days": 999}})
    s3.put_object(Bucket="lake", Key="a", Body=BIG)
    sandbox.advance(days=100)
    rule = {"ID": "now", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": [rule]})
    sandbox.settle()
    assert classes(s3) == {"a": "STANDARD"}
    sandbox.advance(hours=12)
    assert classes(s3) == {}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (moving(("STANDARD_IA", 29)), "must be greater than or equal to 30 for storageClass 'STANDARD_IA'"),
        (moving(("GLACIER", 60), ("STANDARD_IA", 90)), "for StorageClass 'GLACIER' must be greater than"),
        (moving(("GLACIER", 60), Expiration={"Days": 60}), "must be greater than 'Days' in the Transition"),
        ({}, "At least one action"),
        (
            {
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "Filter": {"Tag": {"Key": "a", "Value": "b"}},
            },
            "cannot be specified with a tag filter",
        ),
    ],
)
def test_refuses_rules_that_s3_refuses(sandbox: Sandbox, rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said):
        bucket(rule)


def test_refuses_two_rules_of_one_name(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="must be unique"):
        bucket({"ID": "a", "Expiration": {"Days": 1}}, {"ID": "a", "Expiration": {"Days": 2}})


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(WATERFALL[4:]), st.integers(1, 400)),
        min_size=1,
        max_size=3,
        unique_by=lambda m: m[0],
    ),
    st.integers(0, 800),
)
def test_an_object_is_always_as_far_down_as_its_days_say(moves: list[tuple[str, int]], days: int) -> None:
    ordered = sorted(moves, key=lambda move: WATERFALL.index(move[0]))
    rising = [(to, after + 400 * n) for n, (to, after) in enumerate(ordered)]
    with Sandbox() as sandbox:
        s3 = bucket(moving(*rising))
        s3.put_object(Bucket="lake", Key="a", Body=BIG)
        sandbox.advance(days=days, hours=12)
        passed = [to for to, after in rising if after <= days]
        assert classes(s3)["a"] == (passed[-1] if passed else "STANDARD")
