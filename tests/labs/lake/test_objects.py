"""What S3 refuses of an object, tried through the lab."""

from __future__ import annotations

from labs.context import Context
from labs.lake.objects import PREFIX, try_the_guards
from labs.objects import listed


def test_every_guard_answers_as_s3_does_and_nothing_is_left(lake: Context) -> None:
    evidence = try_the_guards(lake)
    assert evidence.passed, evidence.checks
    assert evidence.figures == {"tried": 14, "refused": 8}
    s3, bucket = lake.client("s3"), lake.output("lake", "LakeBucketName")
    assert listed(s3, bucket, PREFIX) == []
    versions = s3.list_object_versions(Bucket=bucket, Prefix=PREFIX)
    assert not {"Versions", "DeleteMarkers"} & set(versions)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
