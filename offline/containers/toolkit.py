"""What every container program shares: its folders, its errors, and how a failure is told.

The errors keep the names and the wording of aws/sagemaker-xgboost-container's toolkit, because a
training job's FailureReason quotes them.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
MODEL = BASE / "model"
CHECKPOINTS = BASE / "checkpoints"

FAILED = 1
"""The exit code of a program that wrote output/failure."""


class ToolkitError(Exception):
    """The program cannot do its work."""

    name = "sagemaker_algorithm_toolkit.exceptions.BaseToolkitError"


class UserError(ToolkitError):
    """The data or the hyperparameters are at fault."""

    name = "sagemaker_algorithm_toolkit.exceptions.UserError"


class AlgorithmError(ToolkitError):
    """The algorithm itself is at fault."""

    name = "sagemaker_algorithm_toolkit.exceptions.AlgorithmError"


def config(name: str) -> dict[str, Any]:
    """One of the files of input/config; a job without that file has an empty one."""
    path = BASE / "input" / "config" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def channel(name: str) -> Path | None:
    """The folder of an input channel, or None where the job has no such channel."""
    path = BASE / "input" / "data" / name
    return path if path.is_dir() else None


def say(message: str, level: str = "INFO") -> None:
    """Write a log line as SageMaker's toolkits do."""
    print(f"[{datetime.now(UTC):%Y-%m-%d:%H:%M:%S}:{level}] {message}", flush=True)


def run(train: Callable[[], None], serve: Callable[[], None]) -> None:
    """Do what the first argument says, `train` or `serve`."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word not in ("train", "serve"):
        sys.exit(f"usage: {Path(sys.argv[0]).parent.name} train|serve, got {word!r}")
    if word == "serve":
        serve()
        return
    try:
        train()
    except ToolkitError as error:
        _fail(f"{type(error).name}: {error}")


def _fail(text: str) -> None:
    say(f"Reporting training FAILURE\n{traceback.format_exc()}", "ERROR")
    (BASE / "output").mkdir(parents=True, exist_ok=True)
    (BASE / "output" / "failure").write_text(f"framework error: \n{text}")
    sys.exit(FAILED)
