"""Archived objects and Intelligent-Tiering, as hours and days go by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from offline.clock import START
from offline.engines.s3.archive import tier
from offline.sandbox import Sandbox

BIG = b"x" * 131_072
ORDER = ("FREQUENT", "INFREQUENT", "ARCHIVE_INSTANT", "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS")


def put(storage_class: str, body: bytes = BIG, **more: Any) -> Any:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=body, StorageClass=storage_class, **more)
    return s3


def head(s3: Any, name: str) -> Any:
    return s3.head_object(Bucket="lake", Key="a").get(name)


def restore(s3: Any, days: int | None, speed: str = "Standard") -> int:
    request: dict[str, Any] = {"GlacierJobParameters": {"Tier": speed}} | ({"Days": days} if days else {})
    answer = s3.restore_object(Bucket="lake", Key="a", RestoreRequest=request)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def read(s3: Any) -> bytes:
    body: bytes = s3.get_object(Bucket="lake", Key="a")["Body"].read()
    return body


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("storage_class", "speed", "hours"),
    [
        ("GLACIER", "Expedited", 5 / 60),
        ("GLACIER", "Standard", 5),
        ("GLACIER", "Bulk", 12),
        ("DEEP_ARCHIVE", "Standard", 12),
        ("DEEP_ARCHIVE", "Bulk", 48),
    ],
)
def test_an_archived_object_opens_after_the_hours_of_its_restore(
    sandbox: Sandbox, storage_class: str, speed: str, hours: float
) -> None:
    s3 = put(storage_class)
    assert code_of(lambda: read(s3)) == "InvalidObjectState"
    assert restore(s3, 2, speed) == 202
    assert head(s3, "Restore") == 'ongoing-request="true"'
    sandbox.advance(hours=hours, seconds=-1)
    assert code_of(lambda: read(s3)) == "InvalidObjectState"
    sandbox.advance(seconds=1)
    assert read(s3) == BIG
    assert head(s3, "StorageClass") == storage_class


def test_a_restored_copy_goes_at_the_midnight_after_its_days(sandbox: Sandbox) -> None:
    s3 = put("GLACIER")
    restore(s3, 2)
    sandbox.advance(hours=5)
    assert 'expiry-date="Thu, 08 Jan 2026 00:00:00 GMT"' in head(s3, "Restore"), "from 5 January, 17:00"
    sandbox.advance(days=2, hours=6)
    assert read(s3) == BIG
    sandbox.advance(hours=1)
    assert code_of(lambda: read(s3)) == "InvalidObjectState"
    assert head(s3, "Restore") is None


def test_a_second_restore_waits_for_the_first_and_then_prolongs_it(sandbox: Sandbox) -> None:
    s3 = put("GLACIER")
    restore(s3, 1)
    assert code_of(lambda: restore(s3, 1)) == "RestoreAlreadyInProgress"
    sandbox.advance(hours=5)
    assert restore(s3, 10) == 200
    sandbox.advance(days=9)
    assert read(s3) == BIG


def test_only_reading_the_contents_needs_a_restore(sandbox: Sandbox) -> None:
    s3 = put("DEEP_ARCHIVE", Tagging="a=b")
    assert head(s3, "ContentLength") == len(BIG)
    assert s3.get_object_tagging(Bucket="lake", Key="a")["TagSet"] == [{"Key": "a", "Value": "b"}]
    copying = {"Bucket": "lake", "Key": "b", "CopySource": "lake/a"}
    assert code_of(lambda: s3.copy_object(**copying)) == "ObjectNotInActiveTierError"


@pytest.mark.parametrize(
    ("storage_class", "days", "speed", "code"),
    [
        ("STANDARD", 1, "Standard", "InvalidObjectState"),
        ("GLACIER_IR", 1, "Standard", "InvalidObjectState"),
        ("DEEP_ARCHIVE", 1, "Expedited", "InvalidArgument"),
        ("GLACIER", 1, "Fast", "InvalidArgument"),
        ("GLACIER", None, "Standard", "MalformedXML"),
    ],
)
def test_refuses_restores_that_s3_refuses(
    sandbox: Sandbox, storage_class: str, days: int | None, speed: str, code: str
) -> None:
    s3 = put(storage_class)
    assert code_of(lambda: restore(s3, days, speed)) == code


def test_glacier_instant_retrieval_is_read_at_once(sandbox: Sandbox) -> None:
    assert read(put("GLACIER_IR")) == BIG


# -- Intelligent-Tiering -------------------------------------------------------------------------------


def tiered(*days: tuple[str, int], body: bytes = BIG, **chosen: Any) -> Any:
    s3 = put("INTELLIGENT_TIERING", body)
    configure(s3, *days, **chosen)
    return s3


def configure(s3: Any, *days: tuple[str, int], **chosen: Any) -> None:
    tierings = [{"AccessTier": name, "Days": after} for name, after in days]
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket="lake",
        Id="cold",
        IntelligentTieringConfiguration={"Id": "cold", "Status": "Enabled", "Tierings": tierings, **chosen},
    )


def test_optional_tiers_archive_what_nobody_reads_and_a_restore_brings_it_back(sandbox: Sandbox) -> None:
    s3 = tiered(("ARCHIVE_ACCESS", 90), ("DEEP_ARCHIVE_ACCESS", 180))
    sandbox.advance(days=90)
    assert head(s3, "ArchiveStatus") is None, "noon: the day has not ended"
    sandbox.advance(hours=12)
    assert (head(s3, "ArchiveStatus"), head(s3, "StorageClass")) == ("ARCHIVE_ACCESS", "INTELLIGENT_TIERING")
    sandbox.advance(days=90)
    assert head(s3, "ArchiveStatus") == "DEEP_ARCHIVE_ACCESS"
    assert code_of(lambda: read(s3)) == "InvalidObjectState"
    assert code_of(lambda: restore(s3, 3)) == "MalformedXML", "what is restored stays: there are no days"
    assert restore(s3, None) == 202
    sandbox.advance(hours=12)
    assert read(s3) == BIG
    assert head(s3, "ArchiveStatus") is None
    sandbox.advance(days=89)
    assert read(s3) == BIG


def test_a_read_counts_as_access_and_a_look_does_not(sandbox: Sandbox) -> None:
    s3 = tiered(("ARCHIVE_ACCESS", 90))
    sandbox.advance(days=80)
    read(s3)
    sandbox.advance(days=80)
    head(s3, "ETag")
    assert head(s3, "ArchiveStatus") is None
    sandbox.advance(days=11)
    assert head(s3, "ArchiveStatus") == "ARCHIVE_ACCESS"


def test_small_objects_and_those_a_filter_leaves_out_are_never_archived(sandbox: Sandbox) -> None:
    small = tiered(("ARCHIVE_ACCESS", 90), body=BIG[1:])
    small.put_object(Bucket="lake", Key="big", Body=BIG, StorageClass="INTELLIGENT_TIERING")
    sandbox.advance(days=100)
    assert head(small, "ArchiveStatus") is None
    assert small.head_object(Bucket="lake", Key="big")["ArchiveStatus"] == "ARCHIVE_ACCESS"
    configure(small, ("ARCHIVE_ACCESS", 90), Filter={"Prefix": "other/"})
    assert "ArchiveStatus" not in small.head_object(Bucket="lake", Key="big")


def test_a_configuration_comes_back_as_it_was_put_and_goes(sandbox: Sandbox) -> None:
    both = {"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "no"}]}}
    s3 = tiered(("ARCHIVE_ACCESS", 125), Filter=both)
    asked = {"Bucket": "lake", "Id": "cold"}
    expected = {
        "Id": "cold",
        "Status": "Enabled",
        "Filter": both,
        "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 125}],
    }
    found = s3.get_bucket_intelligent_tiering_configuration(**asked)["IntelligentTieringConfiguration"]
    assert found == expected
    listed = s3.list_bucket_intelligent_tiering_configurations(Bucket="lake")
    assert listed["IntelligentTieringConfigurationList"] == [expected]
    s3.delete_bucket_intelligent_tiering_configuration(**asked)
    assert code_of(lambda: s3.get_bucket_intelligent_tiering_configuration(**asked)) == "NoSuchConfiguration"


@pytest.mark.parametrize(("name", "days"), [("ARCHIVE_ACCESS", 89), ("DEEP_ARCHIVE_ACCESS", 731)])
def test_refuses_tiers_sooner_or_later_than_s3_has_them(sandbox: Sandbox, name: str, days: int) -> None:
    assert code_of(lambda: tiered((name, days))) == "InvalidArgument"


@given(st.integers(0, 800), st.integers(0, 800), st.integers(90, 730), st.integers(180, 730))
def test_a_tier_is_never_warmer_the_longer_nobody_reads(one: int, two: int, archive: int, deep: int) -> None:
    days = {"ARCHIVE_ACCESS": archive, "DEEP_ARCHIVE_ACCESS": max(deep, archive)}
    sooner, later = (
        ORDER.index(tier(START, START + timedelta(days=n), len(BIG), days)) for n in sorted((one, two))
    )
    assert sooner <= later
