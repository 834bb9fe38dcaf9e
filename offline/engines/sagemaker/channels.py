"""A training job's input: from S3 into input/data/<channel>, as the job's role."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from offline.engine import client_of_role
from offline.engines.sagemaker import network
from offline.engines.sagemaker.requests import check_only, refuse

CHANNEL_PLAYED = {
    "ChannelName",
    "DataSource",
    "ContentType",
    "CompressionType",
    "InputMode",
    "RecordWrapperType",
}
SOURCE_PLAYED = {"S3DataType", "S3Uri", "S3DataDistributionType"}


def bucket_and_key(uri: str) -> tuple[str, str]:
    """
    >>> bucket_and_key("s3://lake/train/part-0.csv")
    ('lake', 'train/part-0.csv')
    """
    parts = urlsplit(uri, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")


def objects(s3: Any, uri: str) -> Iterator[tuple[str, str]]:
    """Key and name relative to the prefix of every object that an S3Prefix stands for, in key order.

    A prefix that does not end at a slash also takes in keys that merely start like it, as in AWS.
    """
    bucket, prefix = bucket_and_key(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for found in (item for page in pages for item in page.get("Contents", [])):
        if not found["Key"].endswith("/"):
            yield found["Key"], found["Key"][prefix.rfind("/") + 1 :]


def input_mode(channel: dict[str, Any], request: dict[str, Any]) -> str:
    return str(channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"])


def check(request: dict[str, Any], region: str) -> None:
    """Every channel can be downloaded, and there is something to download."""
    s3 = client_of_role("s3", request["RoleArn"], region)
    for channel in request.get("InputDataConfig", []):
        _check_channel(channel, request)
        _check_found(s3, channel["DataSource"]["S3DataSource"]["S3Uri"], request["RoleArn"], region)


def _check_channel(channel: dict[str, Any], request: dict[str, Any]) -> None:
    name, source = channel["ChannelName"], channel["DataSource"]
    check_only(channel, CHANNEL_PLAYED, f"channel {name}")
    check_only(source, {"S3DataSource"}, f"channel {name}: DataSource")
    check_only(source["S3DataSource"], SOURCE_PLAYED, f"channel {name}: S3DataSource")
    if source["S3DataSource"]["S3DataType"] != "S3Prefix":
        raise refuse(
            f"channel {name}: S3DataType {source['S3DataSource']['S3DataType']} is not run offline; "
            "use S3Prefix."
        )
    if input_mode(channel, request) == "Pipe":
        raise refuse(f"channel {name}: Pipe mode is not run offline; use File or FastFile.")
    if channel.get("RecordWrapperType", "None") != "None":
        raise refuse(
            f"channel {name}: RecordWrapperType {channel['RecordWrapperType']} is not run offline; use None."
        )


def _check_found(s3: Any, uri: str, role_arn: str, region: str) -> None:
    try:
        found = next(objects(s3, uri), None)
    except ClientError:
        found = None
    if found is None:
        raise refuse(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
            f"bucket exists in the selected region ({region}), that "
            f"objects exist under that S3 prefix, and that "
            f'the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket_and_key(uri)[0]}".'
        )


def download(request: dict[str, Any], base: Path, region: str) -> None:
    """Each channel's objects lie below input/data/<channel>; gzip channels are unpacked."""
    s3 = network.s3(request, region)
    for channel in request.get("InputDataConfig", []):
        folder = base / "input" / "data" / channel["ChannelName"]
        folder.mkdir(parents=True)
        unpack = channel.get("CompressionType", "None") == "Gzip"
        for key, name in objects(s3, channel["DataSource"]["S3DataSource"]["S3Uri"]):
            save(
                s3,
                bucket_and_key(channel["DataSource"]["S3DataSource"]["S3Uri"])[0],
                key,
                folder / name,
                unpack,
            )


def save(s3: Any, bucket: str, key: str, path: Path, unpack: bool) -> None:
    path = path.with_suffix("") if unpack and path.suffix == ".gz" else path
    path.parent.mkdir(parents=True, exist_ok=True)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    path.write_bytes(gzip.decompress(body) if unpack else body)


def write_config(request: dict[str, Any], base: Path) -> None:
    """The three files of input/config, as SageMaker writes them."""
    config = base / "input" / "config"
    config.mkdir(parents=True)
    inputs = {
        channel["ChannelName"]: _described(channel, request) for channel in request.get("InputDataConfig", [])
    }
    resources = {
        "current_host": "algo-1",
        "current_instance_type": request["ResourceConfig"]["InstanceType"],
        "hosts": ["algo-1"],
        "network_interface_name": "eth0",
    }
    (config / "hyperparameters.json").write_text(json.dumps(request.get("HyperParameters", {})))
    (config / "inputdataconfig.json").write_text(json.dumps(inputs))
    if "CheckpointConfig" in request:
        (config / "checkpointconfig.json").write_text(json.dumps({"LocalPath": str(base / "checkpoints")}))
    (config / "resourceconfig.json").write_text(json.dumps(resources))


def _described(channel: dict[str, Any], request: dict[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": input_mode(channel, request),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
    }
    if "ContentType" in channel:
        described["ContentType"] = channel["ContentType"]
    return described
