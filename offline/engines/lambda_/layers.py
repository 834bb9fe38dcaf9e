"""Layers: archives that functions share, unpacked below /opt.

Source: AWS Lambda Developer Guide, "Managing Lambda dependencies with layers" and "Lambda quotas".
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LayerVersion

from facts import limits
from offline.engine import client_of_caller
from offline.engines.shapes import complaint
from offline.iam.callers import current_caller


class Layers(LambdaBackend):
    """moto's layers, whose archives are archives, and come from S3 in the version that was asked for."""

    def publish_layer_version(self, spec: dict[str, Any]) -> LayerVersion:
        if told := complaint("lambda", "PublishLayerVersion", spec):
            raise LambdaClientError("ValidationException", told)
        content = spec.get("Content") or {}
        if "S3ObjectStorageMode" in content:
            raise InvalidParameterValueException(
                "Content.S3ObjectStorageMode: offline a layer is always copied from S3; leave it out"
            )
        if "S3Bucket" in content:
            content = {"ZipFile": base64.b64encode(_object(content, self.region_name)).decode()}
        name = spec["LayerName"].rpartition(":")[2]
        _check_archive(base64.b64decode(content.get("ZipFile", "")))
        return super().publish_layer_version({**spec, "LayerName": name, "Content": content})


def _object(content: dict[str, str], region: str) -> bytes:
    """What lies in S3, read in the name of whoever publishes it."""
    caller = current_caller()
    assert caller is not None
    s3 = client_of_caller("s3", caller.access_key, caller.token, region)
    version = {"VersionId": content["S3ObjectVersion"]} if "S3ObjectVersion" in content else {}
    try:
        found = s3.get_object(Bucket=content["S3Bucket"], Key=content["S3Key"], **version)
    except ClientError as error:
        told = error.response["Error"]
        raise InvalidParameterValueException(
            f"Error occurred while GetObject. S3 Error Code: {told['Code']}. "
            f"S3 Error Message: {told['Message']}"
        ) from None
    return bytes(found["Body"].read())


def _check_archive(archive: bytes) -> None:
    if not zipfile.is_zipfile(io.BytesIO(archive)):
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )
    most = int(limits.value("lambda-unzipped-bytes"))
    if unzipped_bytes(archive) >= most:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {most} bytes")


def unzipped_bytes(archive: bytes) -> int:
    return sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(archive)).infolist())


def check_layers(arns: Sequence[str], account_id: str) -> None:
    """A function can name these layer versions together."""
    most = int(limits.value("lambda-layers"))
    if len(arns) > most:
        raise InvalidParameterValueException(f"Cannot reference more than {most} layers.")
    if len({arn.rpartition(":")[0] for arn in arns}) < len(arns):
        raise InvalidParameterValueException(
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"LayerVersion {', '.join(arns)}"
        )
    for arn in arns:
        if arn.split(":")[4:5] != [account_id]:
            raise InvalidParameterValueException(
                f"Layer version {arn} is not of this account, {account_id}, and layers of other accounts are "
                "not here; publish its archive as a layer of your own"
            )


def check_size(code: bytes, layers: Sequence[bytes]) -> None:
    """Code and layers fit into a function."""
    most = int(limits.value("lambda-unzipped-bytes"))
    size = sum(map(unzipped_bytes, (code, *layers)))
    if size >= most:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {most} bytes. "
            f"The actual size is {size} bytes."
        )
