"""What is tagged archive=yes and larger than 1 MiB goes to Deep Archive after 90 days; all else stays."""

import boto3

from offline.sandbox import Sandbox

MIB = 1024**2
RULE = {
    "ID": "ArchiveByTag",
    "Status": "Enabled",
    "Filter": {"And": {"Tags": [{"Key": "archive", "Value": "yes"}], "ObjectSizeGreaterThan": MIB}},
    "Transitions": [{"Days": 90, "StorageClass": "DEEP_ARCHIVE"}],
}
OBJECTS = {
    "large and tagged": (2 * MIB, "archive=yes"),
    "small and tagged": (MIB // 2, "archive=yes"),
    "large, not tagged": (2 * MIB, ""),
}

with Sandbox() as sandbox:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="exercise")
    s3.put_bucket_lifecycle_configuration(Bucket="exercise", LifecycleConfiguration={"Rules": [RULE]})
    for key, (size, tags) in OBJECTS.items():
        s3.put_object(Bucket="exercise", Key=key, Body=bytes(size), Tagging=tags)
    day = 0
    for more in (0, 90, 1):
        sandbox.advance(days=more)
        day += more
        for key in OBJECTS:
            stored = s3.head_object(Bucket="exercise", Key=key).get("StorageClass", "STANDARD")
            print(f"day {day:>2}  {key:<17}  {stored}")
