"""Train: the channels as matrices, boosting with a watch list, the model as `xgboost-model`."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import xgboost

from offline.containers import toolkit
from offline.containers.toolkit import AlgorithmError, UserError, say
from offline.containers.xgboost import data, hyperparameters

MODEL_NAME = "xgboost-model"
CHECKPOINT_NAME = "xgboost-checkpoint"
CUSTOMER_ERRORS = (
    "label must be in [0,1] for logistic regression",
    "label must be in [0, num_class)",
    "label must be nonnegative",
    "base_score must be in (0,1)",
    "the dataset only contains pos or neg samples",
    "Parameter reg_lambda should be greater equal to 0",
)
"""What XGBoost says of data and hyperparameters that cannot be trained on: the user's errors."""

INPUT_MODES = ("File",)


def train() -> None:
    """model/xgboost-model holds the booster."""
    parameters = hyperparameters.validate(toolkit.config("hyperparameters"))
    matrices = _matrices(toolkit.config("inputdataconfig"), weights=parameters.pop("csv_weights", 0) == 1)
    try:
        booster = _boost(parameters, matrices)
    except xgboost.core.XGBoostError as error:
        if any(known in str(error) for known in CUSTOMER_ERRORS):
            raise UserError(str(error)) from error
        raise AlgorithmError(f"XGB train call failed with exception:\n {error}") from error
    _save(booster, toolkit.MODEL / MODEL_NAME)


def _matrices(channels: dict[str, Any], weights: bool) -> dict[str, xgboost.DMatrix]:
    """The watch list, in the order of the log's columns: train, then validation."""
    _check_channels(channels)
    matrices = {}
    for name in ("train", "validation"):
        folder = toolkit.channel(name)
        if folder is not None:
            if not data.files(folder):
                raise UserError(f"No data in {name} channel path {folder}")
            matrices[name] = data.load(folder, channels[name].get("ContentType"), weights)
    say("Single node training.")
    say(f"Train matrix has {matrices['train'].num_row()} rows and {matrices['train'].num_col()} columns")
    if "validation" in matrices:
        say(f"Validation matrix has {matrices['validation'].num_row()} rows")
    return matrices


def _check_channels(channels: dict[str, Any]) -> None:
    if "train" not in channels:
        raise UserError("Missing required channel: train")
    for name, value in channels.items():
        if name not in ("train", "validation"):
            raise UserError(f"Extraneous channel found: {name}")
        if value["TrainingInputMode"] not in INPUT_MODES:
            raise UserError(f"Channel configuration for '{name}' channel is not supported: {value}")


def _boost(parameters: dict[str, Any], matrices: dict[str, xgboost.DMatrix]) -> xgboost.Booster:
    rounds, patience = parameters.pop("num_round"), parameters.pop("early_stopping_rounds", None)
    parameters.pop("save_model_on_termination", None)
    start, resumed = _checkpoint()
    callbacks: list[Any] = [xgboost.callback.EvaluationMonitor()]
    if toolkit.config("checkpointconfig") or resumed:
        callbacks.append(
            xgboost.callback.TrainingCheckPoint(toolkit.CHECKPOINTS, name=CHECKPOINT_NAME, interval=1)
        )
    metrics = parameters.get("eval_metric")
    if patience and metrics and "validation" in matrices:
        callbacks.append(
            xgboost.callback.EarlyStopping(
                patience, data_name="validation", metric_name=metrics[-1], save_best=True,
                maximize=metrics[-1].split("@")[0] in hyperparameters.MAXIMIZE,
            )
        )  # fmt: skip
    return xgboost.train(
        parameters,
        matrices["train"],
        num_boost_round=rounds - start,
        evals=[(matrix, name) for name, matrix in matrices.items()],
        callbacks=callbacks,
        xgb_model=resumed,
        verbose_eval=False,
    )


def _checkpoint() -> tuple[int, str | None]:
    """Rounds already trained, and the file that holds them."""
    found = {
        int(match[1]): path
        for path in toolkit.CHECKPOINTS.glob(f"{CHECKPOINT_NAME}_*")
        if (match := re.search(r"_(\d+)\.", path.name))
    }
    if not found:
        return 0, None
    last = max(found)
    say(f"Checkpoint loaded from {found[last]}")
    say(f"Resuming from iteration {last + 1}")
    return last + 1, str(found[last])


def _save(booster: xgboost.Booster, path: Path) -> None:
    # The image's file has no extension; XGBoost would warn, and writes UBJSON all the same.
    with tempfile.TemporaryDirectory() as folder:
        booster.save_model(Path(folder) / "model.ubj")
        shutil.move(Path(folder) / "model.ubj", path)
