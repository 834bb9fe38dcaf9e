"""What the container accepts as hyperparameters: names and ranges from facts, rules from its source."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

from facts import algorithms
from facts.algorithm_entries import Range
from facts.algorithms import Hyperparameter
from offline.containers.toolkit import UserError

MAXIMIZE = ("auc", "aucpr", "map", "ndcg")
MINIMIZE = (
    "aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy",
    "logloss", "mae", "mape", "merror", "mlogloss", "mphe", "poisson-nloglik", "rmse", "rmsle",
    "tweedie-nloglik",
)  # fmt: skip
COMPUTED_BY_THE_IMAGE = (
    "accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "mse", "precision", "precision_macro",
    "precision_micro", "r2", "recall", "recall_macro", "recall_micro",
)  # fmt: skip
# Which of the image's extra hyperparameters this program plays, and how they are read.
EXTRAS = {
    "num_parallel_tree": int,
    "save_model_on_termination": str,
    "aft_loss_distribution": str,
    "aft_loss_distribution_scale": float,
    "sampling_method": str,
}
WITH_THRESHOLD = ("error", "ndcg", "map")


def validate(given: dict[str, str]) -> dict[str, Any]:
    """The hyperparameters as XGBoost takes them, or the container's error for the first one that is wrong."""
    known = algorithms.hyperparameters("xgboost")
    named = {alias: name for name, alias in algorithms.xgboost_aliases().items()}
    given = {named.get(name, name): value for name, value in given.items()}
    for name, row in known.items():
        if row.required == "always" and name not in given:
            raise UserError(f"Missing required hyperparameter: {name}")
    values = {name: _parsed(name, known.get(name), value) for name, value in given.items()}
    for name, value in values.items():
        if name in known:
            _check_range(known[name], given[name], value)
    _check_rules(values)
    return values


def _parsed(name: str, row: Hyperparameter | None, value: str) -> Any:
    if row is None and name not in EXTRAS:
        if name in algorithms.xgboost_extras():
            raise UserError(
                f"Hyperparameter {name}: the image knows it, but it is not played offline; leave it out"
            )
        raise UserError(f"Extraneous hyperparameter found: {name}")
    try:
        return READERS[row.type](value) if row else EXTRAS[name](value)
    except (ValueError, SyntaxError) as error:
        raise UserError(
            f"Hyperparameter {name}: could not parse value (caused by {type(error).__name__})"
        ) from error


READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": str,
    "csv-list": lambda value: [part.strip() for part in value.split(",")],
    "json": json.loads,
    "tuple": ast.literal_eval,
}


def _check_range(row: Hyperparameter, given: str, value: Any) -> None:
    if row.name == "objective":
        allowed = value in algorithms.xgboost_objectives()
        described = str(list(algorithms.xgboost_objectives()))
    elif row.type == "tuple":
        allowed, described = all(str(part) in row.enum for part in value), str(list(row.enum))
    else:
        allowed, described = row.allows(given), _interval(row.range) if row.range else str(list(row.enum))
    if not allowed:
        raise UserError(f"Hyperparameter {row.name}: {value} is not in {described}")


def _interval(range: Range) -> str:
    """
    >>> _interval(Range(min=0, max=1, min_exclusive=True)), _interval(Range(min=1))
    ('(0, 1]', '[1, +inf)')
    """
    lowest = "(-inf" if range.min is None else f"{'(' if range.min_exclusive else '['}{range.min}"
    highest = "+inf)" if range.max is None else f"{range.max}{')' if range.max_exclusive else ']'}"
    return f"{lowest}, {highest}"


def _check_rules(values: dict[str, Any]) -> None:
    """Rules that look at more than one hyperparameter."""
    objective, tree_method = values.get("objective", "reg:squarederror"), values.get("tree_method")
    if objective in ("multi:softmax", "multi:softprob") and "num_class" not in values:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    for metric in values.get("eval_metric", []):
        _check_metric(metric)
    if "auc" in values.get("eval_metric", []) and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if tree_method == "gpu_hist":
        raise UserError("Hyperparameter tree_method: gpu_hist needs a GPU; offline use hist")
    if "monotone_constraints" in values and tree_method not in ("exact", "hist"):
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to "
            "either 'exact' or 'hist'."
        )
    if "interaction_constraints" in values and tree_method not in ("exact", "hist", "approx"):
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to "
            "either 'exact', 'hist' or 'approx'."
        )


def _check_metric(metric: str) -> None:
    name, _, threshold = metric.partition("@")
    if threshold and name not in WITH_THRESHOLD:
        raise UserError(
            f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized threshold should "
            "be one of these options: 'error', 'ndcg', 'map'."
        )
    if name in COMPUTED_BY_THE_IMAGE:
        raise UserError(f"Hyperparameter eval_metric: {name} is computed by the image, not by XGBoost, "
                        f"and is not played offline; use {', '.join(MAXIMIZE + MINIMIZE)}")  # fmt: skip
    if name not in MAXIMIZE + MINIMIZE:
        raise UserError(
            f"Hyperparameter eval_metric: value ['{metric}'] not in range {list(MAXIMIZE + MINIMIZE)}"
        )
