"""One daily pass of S3's lifecycle rules over more and more objects: the time per object stays the same.

    python -m benchmarks.lifecycle --objects 250000 500000 1000000

Rules choose by prefix, by tag and by size. A pass that moves nothing, and one that moves every object.
The objects are put into the engine's store without their requests, which are not what is measured.
"""

from __future__ import annotations

import argparse
import gc
from datetime import timedelta
from typing import Any

import boto3
from moto.s3.models import FakeKey, s3_backends

from benchmarks.measure import seconds, show
from offline.engine import ACCOUNT_ID
from offline.engines.s3.archive import Key
from offline.engines.s3.lifecycle import Pass
from offline.sandbox import Sandbox

BUCKET = "benchmark"
SIZE = 131_072
RULES: list[dict[str, Any]] = [
    {
        "ID": "cool",
        "Status": "Enabled",
        "Filter": {},
        "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}],
    },
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 90}},
    {
        "ID": "tagged",
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "keep", "Value": "no"}},
        "Expiration": {"Days": 365},
    },
    {
        "ID": "huge",
        "Status": "Enabled",
        "Filter": {"ObjectSizeGreaterThan": 10**9},
        "Expiration": {"Days": 900},
    },
]


def filled(count: int) -> tuple[Any, Any]:
    """The engine, and a bucket with rules and so many objects."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": RULES})
    engine = s3_backends[ACCOUNT_ID]["aws"]
    bucket = engine.buckets[BUCKET]
    for number in range(count):
        key = Key.of(FakeKey(f"data/{number:07}", b"", ACCOUNT_ID, "us-east-1", bucket_name=BUCKET))
        key.contentsize = SIZE
        bucket.keys.setlist(key.name, [key])
    return engine, bucket


def passes(count: int) -> tuple[float, float]:
    """Seconds of a pass that moves nothing, and of one that moves every object."""
    with Sandbox() as sandbox:
        engine, bucket = filled(count)
        gc.collect()
        idle = Pass(bucket, bucket.lifecycle, sandbox.clock.now(), engine._tags_of)
        moving = Pass(bucket, bucket.lifecycle, sandbox.clock.now() + timedelta(days=61), engine._tags_of)
        found = seconds(idle.run), seconds(moving.run)
        if (idle.done, moving.done) != (0, count):
            raise SystemExit(f"of {count:,} objects {idle.done:,} and {moving.done:,} were moved")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--objects",
        type=int,
        nargs="+",
        default=[250_000, 500_000, 1_000_000],
        help="how many objects (default %(default)s)",
    )
    first: tuple[float, float] | None = None
    for count in parser.parse_args().objects:
        each = tuple(1e6 * one / count for one in passes(count))
        first = first or (each[0], each[1])
        for name, now, before in zip(("nothing due", "all moved"), each, first, strict=True):
            what = f"lifecycle, {count:,} objects, {name}"
            show(what, f"{now:.1f} us each", f"fewest {before:.1f} us each", now / before, "about 1")


if __name__ == "__main__":
    main()
