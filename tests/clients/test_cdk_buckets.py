"""A bucket that the CDK fills and empties: `BucketDeployment` and `auto_delete_objects` really run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from labs.synth import node_folder
from offline.engine import ACCOUNT_ID
from tests.clients.conftest import CommandLine
from tests.served import client

APP = """
import aws_cdk as cdk
from aws_cdk import aws_s3, aws_s3_deployment as deployment

app = cdk.App()
stack = cdk.Stack(app, "site")
gone = cdk.RemovalPolicy.DESTROY
bucket = aws_s3.Bucket(
    stack, "Bucket", bucket_name="the-site", auto_delete_objects=True, removal_policy=gone
)
deployment.BucketDeployment(
    stack,
    "Files",
    destination_bucket=bucket,
    destination_key_prefix="web",
    sources=[
        deployment.Source.asset("files"),
        deployment.Source.json_data("config.json", {"bucket": bucket.bucket_arn}),
    ],
)
app.synth()
"""


@pytest.fixture
def app(cdk: CommandLine) -> CommandLine:
    """The command line in the folder of an app."""
    (cdk.folder / "app.py").write_text(APP)
    (cdk.folder / "files").mkdir()
    (cdk.folder / "files/index.html").write_text("<h1>Flights</h1>")
    return replace(cdk, environment={**cdk.environment, "JSII_NODE": str(node_folder() / "node")})


def test_a_bucket_is_filled_at_its_deployment_and_emptied_before_its_end(app: CommandLine, url: str) -> None:
    given = ("--app", f"{sys.executable} app.py", "--require-approval", "never")
    app("bootstrap", f"aws://{ACCOUNT_ID}/us-east-1")
    app("deploy", *given)
    s3 = client(url, "s3")
    page = s3.get_object(Bucket="the-site", Key="web/index.html")
    assert (page["Body"].read(), page["ContentType"]) == (b"<h1>Flights</h1>", "text/html")
    config = s3.get_object(Bucket="the-site", Key="web/config.json")["Body"].read()
    assert config == b'{"bucket":"arn:aws:s3:::the-site"}'

    Path(app.folder / "files/index.html").rename(app.folder / "files/flights.html")
    app("deploy", *given)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="the-site")["Contents"]]
    assert keys == ["web/config.json", "web/flights.html"]

    s3.put_object(Bucket="the-site", Key="by/hand", Body=b"x")
    app("destroy", "--force", *given)
    assert "the-site" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
