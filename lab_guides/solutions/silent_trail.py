"""Stop the trail, as an intruder would, and run the lab's own step again: which check notices?"""

from pathlib import Path

import boto3

from labs.context import Context
from labs.security.inspection import inspect_trail
from offline.assembly import Assembly
from offline.deploy import deploy
from offline.sandbox import Sandbox

with Sandbox() as sandbox:
    deploy(Assembly.load(Path("cdk.out")).only(["security"]), sandbox)
    context = Context(boto3.client, sleep=lambda seconds: None, region=sandbox.region, rows=1)
    boto3.client("cloudtrail").stop_logging(Name=context.output("security", "TrailName"))
    for check in inspect_trail(context).checks:
        print("✓" if check.passed else "✗", check.statement)
