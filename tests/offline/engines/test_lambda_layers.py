"""AWS Lambda layers: what functions share is there when they run."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from facts import limits
from offline.sandbox import Sandbox
from tests.offline.engines.test_lambda_ import call, deploy

SOURCE = """
import os, shutil, subprocess

def echo(event, context):
    import shared
    return shared.NAME

def both(event, context):
    import deep, shared
    return [deep.NAME, shared.NAME]

def tool(event, context):
    return subprocess.run(["greet"], capture_output=True, text=True).stdout

def places(event, context):
    import shared
    here = open("/var/task/handler.py").readline()
    return [here, shared.PLACE, subprocess.run(["/opt/greet"], capture_output=True, text=True).stdout]
"""


def packed(*files: tuple[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def code() -> dict[str, bytes]:
    return {"ZipFile": packed(("handler.py", SOURCE))}


def layer(name: str = "shared", *files: tuple[str, str]) -> str:
    files = files or (("python/shared.py", f"NAME = {name!r}"),)
    answer = boto3.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": packed(*files)})
    return str(answer["LayerVersionArn"])


def test_modules_of_layers_are_found_and_the_last_layer_wins(sandbox: Sandbox) -> None:
    deep = layer("deep", ("python/lib/python3.13/site-packages/deep.py", "NAME = 'deep'"))
    functions = deploy("both", Code=code(), Layers=[layer("first"), deep, layer("second")])
    assert call(functions, "both")[0] == ["deep", "second"]


def test_programs_of_layers_are_found(sandbox: Sandbox) -> None:
    functions = deploy("tool", Code=code(), Layers=[layer("tools", ("bin/greet", "#!/bin/sh\necho hello\n"))])
    assert call(functions, "tool")[0] == "hello\n"


def test_what_python_names_by_its_place_on_aws_is_found(sandbox: Sandbox) -> None:
    tools = layer(
        "tools",
        ("python/shared.py", "import os\nPLACE = os.path.exists('/opt/greet')"),
        ("greet", "#!/var/lang/bin/python3 -s\nimport sys; print('hello', sys.flags.no_user_site)"),
    )
    functions = deploy("places", Code=code(), Layers=[tools])
    assert call(functions, "places")[0] == ["\n", True, "hello 1\n"]


def test_a_function_keeps_a_layer_that_is_deleted(sandbox: Sandbox) -> None:
    arn = layer()
    functions = deploy("echo", Code=code(), Layers=[arn])
    functions.delete_layer_version(LayerName="shared", VersionNumber=1)
    assert call(functions, "echo")[0] == "shared"
    with pytest.raises(ClientError, match="LayerVersion does not exist"):
        functions.update_function_configuration(FunctionName="echo", Layers=[arn])
    assert call(functions, "echo")[0] == "shared"
    assert layer().endswith(":layer:shared:2")


def test_another_version_of_a_layer_is_run_from_then_on(sandbox: Sandbox) -> None:
    functions = deploy("echo", Code=code(), Layers=[layer()])
    assert call(functions, "echo")[0] == "shared"
    newer = layer("shared", ("python/shared.py", "NAME = 'newer'"))
    functions.update_function_configuration(FunctionName="echo", Layers=[newer])
    assert call(functions, "echo")[0] == "newer"


def test_a_layer_comes_from_the_version_of_an_object(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="assets", Key="l.zip", Body=packed(("python/shared.py", "NAME = 'old'")))
    s3.put_object(Bucket="assets", Key="l.zip", Body=packed(("python/shared.py", "NAME = 'new'")))
    content = {"S3Bucket": "assets", "S3Key": "l.zip", "S3ObjectVersion": first["VersionId"]}
    functions = boto3.client("lambda")
    arn = functions.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    assert call(deploy("echo", Code=code(), Layers=[arn]), "echo")[0] == "old"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"ZipFile": b"no archive"}, "Could not unzip"),
        ({"S3Bucket": "none", "S3Key": "l.zip"}, "NoSuchBucket"),
        ({"S3Bucket": "none", "S3Key": "l.zip", "S3ObjectStorageMode": "REFERENCE"}, "S3ObjectStorageMode"),
    ],
)
def test_refuses_content_that_is_no_layer(sandbox: Sandbox, content: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        boto3.client("lambda").publish_layer_version(LayerName="l", Content=content)


def test_refuses_more_layers_than_a_function_may_have(sandbox: Sandbox) -> None:
    layers = [layer(f"l{number}") for number in range(int(limits.value("lambda-layers")) + 1)]
    functions = deploy("echo", Code=code(), Layers=layers[1:])
    with pytest.raises(ClientError, match="Cannot reference more than 5 layers"):
        functions.update_function_configuration(FunctionName="echo", Layers=layers, Description="new")
    assert functions.get_function_configuration(FunctionName="echo")["Description"] == ""


def test_refuses_two_versions_of_one_layer_and_layers_of_others(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="Two different versions of the same layer"):
        deploy("echo", Code=code(), Layers=[layer(), layer()])
    other = "arn:aws:lambda:us-east-1:336392948345:layer:AWSSDKPandas-Python313:1"
    with pytest.raises(ClientError, match="publish its archive as a layer of your own"):
        deploy("both", Code=code(), Layers=[other])


def test_refuses_code_and_layers_that_are_too_large_together(sandbox: Sandbox) -> None:
    half = "x" * (int(limits.value("lambda-unzipped-bytes")) // 2)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", half)
    functions = boto3.client("lambda")
    layers = [
        functions.publish_layer_version(LayerName=name, Content={"ZipFile": buffer.getvalue()})
        for name in ("one", "two")
    ]
    arns = [one["LayerVersionArn"] for one in layers]
    with pytest.raises(ClientError, match="exceeds the maximum allowed size of 262144000 bytes"):
        deploy("echo", Code=code(), Layers=arns)
    deployed = deploy("both", Code=code(), Layers=arns[:1])
    with pytest.raises(ClientError, match="exceeds the maximum allowed size"):
        deployed.update_function_configuration(FunctionName="both", Layers=arns)
    assert json.dumps(deployed.get_function_configuration(FunctionName="both")["Layers"]).count("Arn") == 1
