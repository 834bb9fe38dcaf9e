"""SageMaker's built-in algorithms: machines, input modes and content types that a training job fails on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from facts import algorithms, images, instances
from gate import jobs
from gate.finding import Finding
from gate.template import Templates

SOURCE = "https://docs.aws.amazon.com/sagemaker/latest/dg/common-info-all-im-models.html"


def built_in_algorithm(templates: Templates) -> Iterator[Finding]:
    """A training job gives its algorithm the machines, channels and formats it works with."""
    for call in jobs.calls(templates, "sagemaker:createTrainingJob"):
        algorithm = _algorithm(call.arguments)
        if algorithm is None:
            continue
        for location, message, fix in [
            *_machines(algorithm, call.arguments),
            *_channels(algorithm, call.arguments),
        ]:
            yield Finding(
                call.resource.template.name,
                call.resource.logical_id,
                "sagemaker-built-in-algorithm",
                call.resource.type,
                f"{call.state}.{location}",
                f"{algorithm}: {message}",
                fix,
                SOURCE,
            )


def _algorithm(arguments: dict[str, Any]) -> str | None:
    """The algorithm of the image; the registry's account may be anything."""
    specification = arguments.get("AlgorithmSpecification")
    image = specification.get("TrainingImage") if isinstance(specification, dict) else None
    if not isinstance(image, str) or "/" not in image:
        return None
    repository = image.rpartition("/")[2].partition(":")[0]
    found = next((row.algorithm for row in images.table().values() if row.repository == repository), None)
    return found if found in algorithms.names() else None


def _machines(algorithm: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    resources = arguments.get("ResourceConfig")
    if not isinstance(resources, dict):
        return
    needs = algorithms.machines(algorithm)
    instance, count = resources.get("InstanceType"), resources.get("InstanceCount")
    if isinstance(count, int) and count > 1 and not needs.several:
        yield "ResourceConfig.InstanceCount", f"got {count} instances; it trains on one", "set 1"
    if not isinstance(instance, str) or not instance.startswith("ml."):
        return
    gpu = instances.has_gpu(instance)
    if needs.processor == "gpu" and not gpu:
        yield (
            "ResourceConfig.InstanceType",
            f"got {instance}; it trains on GPU only",
            "use such as ml.g5.xlarge",
        )
    if needs.processor == "cpu" and gpu:
        yield (
            "ResourceConfig.InstanceType",
            f"got {instance}; it trains on CPU only",
            "use such as ml.m5.xlarge",
        )


def _channels(algorithm: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    given = arguments.get("InputDataConfig")
    if not isinstance(given, list):
        return
    known = algorithms.channels(algorithm)
    names = [channel.get("ChannelName") for channel in given if isinstance(channel, dict)]
    for channel in known.values():
        if channel.required and channel.name not in names and all(isinstance(n, str) for n in names):
            yield "InputDataConfig", f"channel {channel.name} is missing", f"add channel {channel.name}"
    default = arguments.get("AlgorithmSpecification", {}).get("TrainingInputMode")
    for index, one in enumerate(given):
        if isinstance(one, dict) and (named := str(one.get("ChannelName"))) in known:
            yield from _format(known[named], one, default, f"InputDataConfig[{index}]")


def _format(
    channel: algorithms.Channel, given: dict[str, Any], default: object, at: str
) -> Iterator[tuple[str, str, str]]:
    content = given.get("ContentType")
    if isinstance(content, str) and jobs.known(content) and _bare(content) not in channel.content_types:
        allowed = ", ".join(channel.content_types)
        yield f"{at}.ContentType", f"channel {channel.name} got {content}", f"use one of {allowed}"
    mode = given.get("InputMode", default)
    # FastFile streams files as File mode sees them.
    if mode == "Pipe" and "Pipe" not in channel.input_modes:
        yield f"{at}.InputMode", f"channel {channel.name} got Pipe", f"use {', '.join(channel.input_modes)}"


def _bare(content: str) -> str:
    """The type without parameters such as `;label_size=0`."""
    return content.partition(";")[0].strip().lower()


RULES = (built_in_algorithm,)
