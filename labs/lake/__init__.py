"""Lab 01, lake: what S3 does with objects, measured: layouts, formats, classes, guards, durability."""

from __future__ import annotations

from labs.evidence import Lab, Step
from labs.lake.bucket import inspect_bucket, put_reference
from labs.lake.classes import let_time_pass
from labs.lake.durability import reckon_losses
from labs.lake.formats import compare_formats
from labs.lake.layouts import compare_layouts
from labs.lake.objects import try_the_guards

LAB = Lab(
    noun="lake",
    title="A partitioned lake in S3",
    depends_on=(),
    steps=(
        Step("reference", "Put the reference tables into the lake", put_reference),
        Step("bucket", "See what the bucket promises", inspect_bucket),
        Step("layouts", "Ask two questions of two layouts", compare_layouts),
        Step("formats", "Write one table in six formats", compare_formats),
        Step("objects", "Try what S3 refuses of an object", try_the_guards),
        Step("durability", "Reckon with eleven nines", reckon_losses),
        Step("classes", "Let two years pass over every storage class", let_time_pass),
    ),
    minutes=6,
    bills=("s3-put-1000", "s3-get-1000", "s3-standard-gb-month", "kms-request-10000"),
)
