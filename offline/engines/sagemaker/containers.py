"""Which SageMaker image is stood for by which program, and how that program is started.

A program keeps the contract of SageMaker's containers: it is started with the word `train` or
`serve`, finds its files below /opt/ml, writes output/failure and exits non-zero when it fails. Offline
SAGEMAKER_BASE_DIR, as in SageMaker's own toolkits, says what stands for /opt/ml.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import offline
from facts import images
from offline.engines.sagemaker.requests import refuse

IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<path>.+)"
)


@dataclass(frozen=True)
class Program:
    """The program that runs in place of one algorithm's image."""

    algorithm: str
    module: str
    metrics: str = ""
    """Of a built-in algorithm: expression over the log with groups `channel`, `metric` and `value`."""


PROGRAMS = (
    Program(
        "xgboost",
        "offline.containers.xgboost",
        metrics=r"#011(?P<channel>train|validation)-(?P<metric>[^:#\s]+):(?P<value>[-+0-9.eE]+|nan|inf)",
    ),
)


SCRIPTED = ("scikit-learn", "xgboost")
"""Images whose Python this interpreter stands for, where a processing job brings its script."""


def program_for(image: str, region: str) -> Program:
    """The program that stands for an image of AWS's own registry."""
    programs = {program.algorithm: program for program in PROGRAMS}
    return programs[algorithm_of(image, region, tuple(programs))]


def algorithm_of(image: str, region: str, known: tuple[str, ...]) -> str:
    """Which of the algorithms that are known an image of AWS's own registry is of."""
    match = IMAGE.fullmatch(image)
    for algorithm in known:
        if match and re.split("[:@]", match["path"])[0] == images.repository(algorithm):
            _check_registry(algorithm, match["account"], match["region"], region, image)
            return algorithm
    uris = ", ".join(images.uri(algorithm, region) for algorithm in known)
    raise refuse(f"Image '{image}' cannot be run offline: nothing stands for it. Images that run: {uris}.")


def _check_registry(algorithm: str, account: str, image_region: str, region: str, image: str) -> None:
    accounts = images.registry_accounts(algorithm)
    if image_region != region or accounts.get(region) != account:
        raise refuse(
            f"Cannot find repository of image '{image}' for {region}: there {algorithm} is served "
            f"by {images.uri(algorithm, region)}."
        )


def start(program: Program, word: str, base: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    """Start the program on the files below `base`; both of its outputs arrive on stdout."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    root = str(Path(offline.__file__).parent.parent)
    environment = {
        **inherited, **variables, "SAGEMAKER_BASE_DIR": str(base), "PYTHONPATH": root,
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", program.module, word],
        cwd=base,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
