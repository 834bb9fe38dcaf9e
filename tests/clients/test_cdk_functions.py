"""The CDK's own functions really run: they fill a bucket and empty it, and answer for a custom resource."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from labs.synth import node_folder
from offline.engine import ACCOUNT_ID
from tests.clients.conftest import CommandLine
from tests.served import client

SITE = """
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
PROVIDER = '''
import aws_cdk as cdk
from aws_cdk import aws_lambda, custom_resources

CODE = """
def handler(event, context):
    print(event["RequestType"])
    flight = event["ResourceProperties"]["Flight"]
    if flight == "0":
        raise ValueError("no such flight")
    return {"PhysicalResourceId": "flight", "Data": {"Gate": "C" + flight}}
"""

app = cdk.App()
stack = cdk.Stack(app, "gates")
answers = aws_lambda.Function(
    stack,
    "Answers",
    function_name="answers",
    runtime=aws_lambda.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=aws_lambda.Code.from_inline(CODE),
)
provider = custom_resources.Provider(stack, "Provider", on_event_handler=answers)
flight = cdk.CustomResource(
    stack,
    "Flight",
    service_token=provider.service_token,
    properties={"Flight": app.node.get_context("flight")},
)
cdk.CfnOutput(stack, "Gate", value=flight.get_att_string("Gate"))
app.synth()
'''
APP = ("--app", f"{sys.executable} app.py", "--require-approval", "never")


@pytest.fixture(scope="module")
def bootstrapped(cdk: CommandLine) -> CommandLine:
    """The command line, and an account that is ready for its apps."""
    cdk("bootstrap", f"aws://{ACCOUNT_ID}/us-east-1")
    return replace(cdk, environment={**cdk.environment, "JSII_NODE": str(node_folder() / "node")})


def test_a_bucket_is_filled_at_its_deployment_and_emptied_before_its_end(
    bootstrapped: CommandLine, url: str, tmp_path: Path
) -> None:
    app = replace(bootstrapped, folder=tmp_path)
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/index.html").write_text("<h1>Flights</h1>")
    app("deploy", *APP)
    s3 = client(url, "s3")
    page = s3.get_object(Bucket="the-site", Key="web/index.html")
    assert (page["Body"].read(), page["ContentType"]) == (b"<h1>Flights</h1>", "text/html")
    config = s3.get_object(Bucket="the-site", Key="web/config.json")["Body"].read()
    assert config == b'{"bucket":"arn:aws:s3:::the-site"}'

    Path(app.folder / "files/index.html").rename(app.folder / "files/flights.html")
    app("deploy", *APP)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="the-site")["Contents"]]
    assert keys == ["web/config.json", "web/flights.html"]

    s3.put_object(Bucket="the-site", Key="by/hand", Body=b"x")
    app("destroy", "--force", *APP)
    assert "the-site" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def test_a_provider_answers_for_its_resource(bootstrapped: CommandLine, url: str, tmp_path: Path) -> None:
    app = replace(bootstrapped, folder=tmp_path)
    (tmp_path / "app.py").write_text(PROVIDER)

    def given(flight: int) -> tuple[str, ...]:
        return (*APP, "--context", f"flight={flight}")

    def gate() -> str:
        (told,) = client(url, "cloudformation").describe_stacks(StackName="gates")["Stacks"][0]["Outputs"]
        return str(told["OutputValue"])

    app("deploy", *given(7))
    assert gate() == "C7"
    assert "No drift detected" in app("drift", *given(7))
    app("deploy", *given(8))
    assert gate() == "C8"
    refused = app.ends("deploy", *given(0))
    assert refused.code == 1
    assert "no such flight" in refused.out + refused.err
    assert gate() == "C8"

    found = client(url, "lambda").list_functions()["Functions"]
    (framework,) = [one for one in found if "Environment" in one]
    assert framework["LoggingConfig"]["ApplicationLogLevel"] == "FATAL"
    told = [json.loads(line)["type"] for line in messages(url, framework["LoggingConfig"]["LogGroup"])]
    assert told[:4] == ["platform.start", "platform.report"] * 2
    app("destroy", "--force", *given(8))
    requests = [
        line for line in messages(url, "/aws/lambda/answers") if line in ("Create", "Update", "Delete")
    ]
    assert (requests[:2], requests[-1]) == (["Create", "Update"], "Delete")


def messages(url: str, group: str) -> list[str]:
    events = client(url, "logs").filter_log_events(logGroupName=group)["events"]
    return [one["message"] for one in events]
