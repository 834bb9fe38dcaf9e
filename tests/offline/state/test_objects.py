"""S3's objects after a restart: versions, markers, tags, tiers, uploads in parts, and how they go on."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from offline.clock import clock
from offline.state import objects
from tests.offline.state.restarted import account

BUCKET = "things"


def made(versioned: bool = False) -> Any:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    if versioned:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return s3


def read(s3: Any, key: str, **more: Any) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read())


def test_versions_and_markers_are_as_they_were(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        s3 = made(versioned=True)
        for body in (b"one", b"two"):
            s3.put_object(Bucket=BUCKET, Key="a", Body=body)
        s3.delete_object(Bucket=BUCKET, Key="a")
        state.commit()
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"three")
        before = s3.list_object_versions(Bucket=BUCKET)
        state.commit()
    with account(tmp_path):
        s3 = boto3.client("s3")
        after = s3.list_object_versions(Bucket=BUCKET)
        assert [after["Versions"], after["DeleteMarkers"]] == [before["Versions"], before["DeleteMarkers"]]
        bodies = [read(s3, "a", VersionId=one["VersionId"]) for one in after["Versions"]]
        assert sorted(bodies) == [b"one", b"three", b"two"]
        s3.delete_object(Bucket=BUCKET, Key="a", VersionId=after["Versions"][0]["VersionId"])
    with account(tmp_path):
        assert len(boto3.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]) == 2


def test_a_change_of_an_object_is_kept_by_itself(tmp_path: Path) -> None:
    """Tags, lock and class are changed in the object: nothing is put into the bucket."""
    with account(tmp_path) as (state, _):
        s3 = made()
        s3.delete_public_access_block(Bucket=BUCKET)
        rules = [{"ObjectOwnership": "ObjectWriter"}]
        s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls={"Rules": rules})
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"a", Metadata={"of": "before"})
        state.commit()
        s3.put_object_tagging(Bucket=BUCKET, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        state.commit()
        s3.put_object_acl(Bucket=BUCKET, Key="a", ACL="public-read")
        state.commit()
    with account(tmp_path) as (state, _):
        s3 = boto3.client("s3")
        assert s3.get_object_tagging(Bucket=BUCKET, Key="a")["TagSet"] == [{"Key": "k", "Value": "v"}]
        assert len(s3.get_object_acl(Bucket=BUCKET, Key="a")["Grants"]) == 2
        assert s3.head_object(Bucket=BUCKET, Key="a")["Metadata"] == {"of": "before"}


def test_lifecycle_goes_on_where_it_was(tmp_path: Path) -> None:
    rule = {
        "ID": "cool",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        "Expiration": {"Days": 90},
    }
    with account(tmp_path) as (state, sandbox):
        s3 = made()
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"x" * 200_000)
        sandbox.advance(days=20)
        state.commit()
    with account(tmp_path) as (state, sandbox):
        s3 = boto3.client("s3")
        sandbox.advance(days=20)
        state.commit()
        assert s3.head_object(Bucket=BUCKET, Key="a")["StorageClass"] == "GLACIER"
    with account(tmp_path) as (state, sandbox):
        s3 = boto3.client("s3")
        assert s3.head_object(Bucket=BUCKET, Key="a")["StorageClass"] == "GLACIER"
        sandbox.advance(days=60)
        state.commit()
    with account(tmp_path):
        assert boto3.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_read_of_a_tiered_object_counts_after_a_restart(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        s3 = made()
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"x" * 200_000, StorageClass="INTELLIGENT_TIERING")
        tiering = {
            "Id": "cold",
            "Status": "Enabled",
            "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
        }
        s3.put_bucket_intelligent_tiering_configuration(
            Bucket=BUCKET, Id="cold", IntelligentTieringConfiguration=tiering
        )
        sandbox.advance(days=80)
        state.commit()
        read(s3, "a")
        state.commit()
    with account(tmp_path) as (state, sandbox):
        sandbox.advance(days=80)
        assert len(read(boto3.client("s3"), "a")) == 200_000


def test_an_upload_in_parts_is_completed_after_a_restart(tmp_path: Path) -> None:
    part = b"p" * 5 * 1024**2
    with account(tmp_path) as (state, _):
        s3 = made()
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="big")["UploadId"]
        first = s3.upload_part(Bucket=BUCKET, Key="big", UploadId=upload, PartNumber=1, Body=part)["ETag"]
        state.commit()
    with account(tmp_path) as (state, _):
        s3 = boto3.client("s3")
        last = s3.upload_part(Bucket=BUCKET, Key="big", UploadId=upload, PartNumber=2, Body=b"end")["ETag"]
        state.commit()
        parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": last}]
        s3.complete_multipart_upload(
            Bucket=BUCKET, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        state.commit()
    with account(tmp_path):
        s3 = boto3.client("s3")
        assert read(s3, "big") == part + b"end"
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_a_customers_key_opens_its_object_after_a_restart(tmp_path: Path) -> None:
    key = b"k" * 32
    sealed = {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": base64.b64encode(key).decode(),
        "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key).digest()).decode(),
    }
    unblocked = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    with account(tmp_path) as (state, _):
        s3 = made()
        s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [unblocked]})
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"sealed", **sealed)
        state.commit()
    with account(tmp_path):
        s3 = boto3.client("s3")
        assert read(s3, "a", **sealed) == b"sealed"
        with pytest.raises(s3.exceptions.ClientError):
            read(s3, "a")


def test_a_long_body_takes_several_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "ROW_BYTES", 1000)
    body = bytes(range(256)) * 17
    with account(tmp_path) as (state, _):
        made().put_object(Bucket=BUCKET, Key="a", Body=body)
        state.commit()
    with account(tmp_path):
        s3 = boto3.client("s3")
        assert read(s3, "a") == body
        assert read(s3, "a", Range="bytes=990-1010") == body[990:1011]


def test_a_kept_body_is_in_the_database_alone(tmp_path: Path) -> None:
    with account(tmp_path) as (state, _):
        s3 = made()
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"body")
        state.commit()
        [body] = [one for one in _bodies() if not one.closed]
        assert body._content is None
        assert read(s3, "a") == b"body"
        s3.copy_object(Bucket=BUCKET, Key="b", CopySource={"Bucket": BUCKET, "Key": "a"})
        state.commit()
        assert read(s3, "b") == b"body"


def _bodies() -> list[Any]:
    from moto.s3.models import s3_backends

    keys = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys
    return [version._value_buffer for versions in dict(keys).values() for version in versions]


def test_the_day_of_a_restore_is_kept(tmp_path: Path) -> None:
    with account(tmp_path) as (state, sandbox):
        s3 = made()
        s3.put_object(Bucket=BUCKET, Key="a", Body=b"cold", StorageClass="GLACIER")
        state.commit()
        s3.restore_object(Bucket=BUCKET, Key="a", RestoreRequest={"Days": 2})
        state.commit()
        ready = clock.now() + timedelta(hours=6)
    with account(tmp_path) as (state, sandbox):
        s3 = boto3.client("s3")
        assert 'ongoing-request="true"' in s3.head_object(Bucket=BUCKET, Key="a")["Restore"]
        sandbox.advance(hours=6)
        assert clock.now() == ready
        assert read(s3, "a") == b"cold"
