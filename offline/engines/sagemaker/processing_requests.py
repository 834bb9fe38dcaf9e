"""What CreateProcessingJob refuses: AWS's own rules first, then what cannot be run offline."""

from __future__ import annotations

import re
from typing import Any

from offline.engines.sagemaker.containers import SCRIPTED, algorithm_of
from offline.engines.sagemaker.processing import ROOT, outputs
from offline.engines.sagemaker.requests import check_instance, check_only, check_role, check_shape, refuse

PLAYED = {
    "ProcessingJobName", "ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "RoleArn",
    "AppSpecification", "StoppingCondition", "Environment", "NetworkConfig", "Tags",
}  # fmt: skip
CLUSTER_PLAYED = {"InstanceCount", "InstanceType", "VolumeSizeInGB", "VolumeKmsKeyId"}
INPUT_PLAYED = {"InputName", "S3Input"}
OUTPUT_PLAYED = {"OutputName", "S3Output"}
PLACE = f"{ROOT}/processing/"
SCRIPT = re.compile(rf"{PLACE}.+\.py")


def check_processing(request: dict[str, Any], region: str) -> None:
    """A job made from this request can start."""
    check_shape("CreateProcessingJob", request)
    check_only(request, PLAYED, "CreateProcessingJob")
    _check_application(request["AppSpecification"], region)
    _check_cluster(request["ProcessingResources"]["ClusterConfig"])
    for given in request.get("ProcessingInputs", []):
        _check_input(given)
    for output in outputs(request):
        _check_output(output)
    for kind, name in (("input", "InputName"), ("output", "OutputName")):
        listed = request.get("ProcessingInputs", []) if kind == "input" else outputs(request)
        names = [one[name] for one in listed]
        if len(set(names)) < len(names):
            raise refuse(f"{name} must be unique among the job's {kind}s, got {', '.join(names)}.")
    check_role(request["RoleArn"], region)


def _check_application(application: dict[str, Any], region: str) -> None:
    algorithm_of(application["ImageUri"], region, SCRIPTED)
    words = application.get("ContainerEntrypoint") or []
    if len(words) < 2 or words[0] not in ("python", "python3") or not SCRIPT.fullmatch(words[1]):
        raise refuse(
            f"AppSpecification.ContainerEntrypoint {words} cannot be run offline; what is run is python3 and "
            f"a script that is an input of the job, such as ['python3', '{PLACE}input/code/clean.py']."
        )


def _check_cluster(cluster: dict[str, Any]) -> None:
    check_only(cluster, CLUSTER_PLAYED, "ClusterConfig")
    for member in ("InstanceType", "InstanceCount"):
        if member not in cluster:
            raise refuse(f"ProcessingResources.ClusterConfig.{member} is required")
    check_instance(cluster["InstanceType"], "processing")
    if cluster["InstanceCount"] > 1:
        raise refuse(
            f"InstanceCount {cluster['InstanceCount']}: offline a processing job has one instance; "
            "distributed processing is not imitated. Use InstanceCount 1."
        )


def _check_input(given: dict[str, Any]) -> None:
    what = f"input {given['InputName']}"
    check_only(given, INPUT_PLAYED, what)
    if "S3Input" not in given:
        raise refuse(f"{what}: S3Input is required.")
    source = given["S3Input"]
    _check_place(source.get("LocalPath", ""), what)
    if not source["S3Uri"].startswith("s3://"):
        raise refuse(f"{what}: S3Uri {source['S3Uri']} is not run offline; write s3://bucket/prefix.")
    played = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3CompressionType": "None"}
    for member, value in played.items():
        if source.get(member, value) != value:
            raise refuse(f"{what}: {member} {source[member]} is not run offline; use {value}.")


def _check_output(output: dict[str, Any]) -> None:
    what = f"output {output['OutputName']}"
    check_only(output, OUTPUT_PLAYED, what)
    if "S3Output" not in output:
        raise refuse(f"{what}: S3Output is required.")
    _check_place(output["S3Output"].get("LocalPath", ""), what)


def _check_place(place: str, what: str) -> None:
    if not place.startswith(PLACE) or ".." in place:
        raise refuse(f"{what}: LocalPath {place!r} must be an absolute path that begins with {PLACE}.")
