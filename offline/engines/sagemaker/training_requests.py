"""What CreateTrainingJob refuses: AWS's own rules first, then what cannot be run offline."""

from __future__ import annotations

from typing import Any

from facts import limits
from offline.engines.sagemaker import channels, containers
from offline.engines.sagemaker.requests import check_instance, check_only, check_role, check_shape, refuse

PLAYED = {
    "TrainingJobName", "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig",
    "OutputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition", "Tags", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig", "Environment",
    "RetryStrategy",
}  # fmt: skip
ALGORITHM_PLAYED = {
    "TrainingImage", "TrainingInputMode", "MetricDefinitions", "EnableSageMakerMetricsTimeSeries",
}  # fmt: skip
RESOURCES_PLAYED = {"InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId"}
OUTPUT_PLAYED = {"S3OutputPath", "KmsKeyId", "CompressionType"}


def check_training(request: dict[str, Any], region: str) -> None:
    """A job made from this request can start."""
    check_shape("CreateTrainingJob", request)
    check_only(request, PLAYED, "CreateTrainingJob")
    for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if member not in request:
            raise refuse(f"{member} is required for a training job that runs a training image")
    _check_algorithm(request["AlgorithmSpecification"], region)
    _check_resources(request["ResourceConfig"])
    _check_stopping(request)
    check_only(request["OutputDataConfig"], OUTPUT_PLAYED, "OutputDataConfig")
    if request["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
        raise refuse(
            "OutputDataConfig.CompressionType NONE: offline a model is always written as model.tar.gz"
        )
    check_role(request["RoleArn"], region)
    channels.check(request, region)


def _check_algorithm(algorithm: dict[str, Any], region: str) -> None:
    check_only(algorithm, ALGORITHM_PLAYED, "AlgorithmSpecification")
    if not algorithm.get("TrainingImage"):
        raise refuse(
            "You must specify exactly one of TrainingImage or AlgorithmName in AlgorithmSpecification."
        )
    program = containers.program_for(algorithm["TrainingImage"], region)
    if algorithm.get("MetricDefinitions") and program.metrics:
        raise refuse("You can't override the metric definitions for Amazon SageMaker algorithms.")


def _check_resources(resources: dict[str, Any]) -> None:
    check_only(resources, RESOURCES_PLAYED, "ResourceConfig")
    for member in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        if member not in resources:
            raise refuse(f"ResourceConfig.{member} is required")
    check_instance(resources["InstanceType"], "training")
    if resources["InstanceCount"] > 1:
        raise refuse(
            f"InstanceCount {resources['InstanceCount']}: offline a training job has one instance; "
            "distributed training is not imitated. Use InstanceCount 1."
        )


def _check_stopping(request: dict[str, Any]) -> None:
    stopping = request["StoppingCondition"]
    wait, runtime = stopping.get("MaxWaitTimeInSeconds"), max_runtime_seconds(request)
    if request.get("EnableManagedSpotTraining"):
        if wait is None:
            raise refuse("MaxWaitTimeInSeconds must be set when EnableManagedSpotTraining is true.")
        if wait < runtime:
            raise refuse(
                f"Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                f"MaxRuntimeInSeconds ({wait} is less than {runtime})."
            )
        longest = int(limits.value("sagemaker-spot-wait-seconds-without-checkpoints"))
        if "CheckpointConfig" not in request and wait > longest:
            raise refuse(
                f"MaxWaitTimeInSeconds {wait} is above {longest}: a managed "
                "spot training job of a built-in algorithm without CheckpointConfig may not wait longer."
            )
    elif wait is not None:
        raise refuse("MaxWaitTimeInSeconds can only be set when EnableManagedSpotTraining is true.")


def max_runtime_seconds(request: dict[str, Any]) -> int:
    return int(
        request["StoppingCondition"].get("MaxRuntimeInSeconds")
        or limits.value("sagemaker-training-seconds-default")
    )
