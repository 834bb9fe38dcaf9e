"""The SageMaker built-in algorithms: their hyperparameters, as the developer guide bounds them, and metrics.

>>> hyperparameters("xgboost")["num_round"].required
'always'
>>> hyperparameters("xgboost")["subsample"].allows("1.5")
False
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from facts.errors import UnknownFactError
from facts.table import DATA

Type = Literal["int", "float", "str", "bool", "csv-list", "json", "tuple"]

Required = Literal["always", "sometimes", "never"]
"""`sometimes`: required under a condition that `text` spells out, as num_class is for multi:softmax."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be; a bound that is None is open."""

    min: float | None = None
    max: float | None = None
    min_exclusive: bool = False
    max_exclusive: bool = False

    def __contains__(self, number: float) -> bool:
        if self.min is not None and (number < self.min or (self.min_exclusive and number == self.min)):
            return False
        return self.max is None or (number < self.max or (not self.max_exclusive and number == self.max))


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter; `text` is the guide's own wording of what is valid."""

    name: str
    type: Type
    required: Required
    range: Range | None = None
    enum: tuple[str, ...] = ()
    default: str | None = None
    text: str = ""
    allows_auto: bool = False

    def allows(self, value: str) -> bool:
        """Whether the guide's table admits a value, which a training job always passes as text."""
        if (self.allows_auto and value == "auto") or value in self.enum:
            return True
        if self.type in ("int", "float"):
            return (self.range is not None or not self.enum) and self._is_number_in_range(value)
        return not self.enum or self.type == "tuple"

    def _is_number_in_range(self, value: str) -> bool:
        try:
            number = int(value) if self.type == "int" else float(value)
        except ValueError:
            return False
        return self.range is None or number in self.range


@dataclass(frozen=True, slots=True)
class Metric:
    """One objective metric, and the expression that finds it in the training log."""

    name: str
    direction: Literal["Maximize", "Minimize"]
    regex: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One input channel, and what it may be fed."""

    name: str
    required: bool
    content_types: tuple[str, ...]
    input_modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Machines:
    """What an algorithm trains on."""

    processor: Literal["any", "cpu", "gpu"]
    several: bool


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / "algorithms.json").read_text(encoding="utf-8"))
    return document["algorithms"]


def names() -> tuple[str, ...]:
    """Every built-in algorithm, by the name of its image."""
    return tuple(_document())


def _entry(algorithm: str) -> dict[str, Any]:
    if algorithm not in _document():
        raise UnknownFactError.among("algorithm", algorithm, _document())
    return _document()[algorithm]


def modes(algorithm: str) -> tuple[str, ...]:
    """The modes an algorithm has hyperparameters of its own for; only BlazingText has any.

    >>> modes("blazingtext"), modes("xgboost")
    (('word2vec', 'supervised'), ())
    """
    groups = _entry(algorithm)["hyperparameters"]
    return tuple(mode for mode in ("word2vec", "supervised") if mode in groups)


@cache
def hyperparameters(algorithm: str, mode: str = "") -> dict[str, Hyperparameter]:
    """Hyperparameters by name, required ones first; BlazingText needs its mode to tell which."""
    groups = _entry(algorithm)["hyperparameters"]
    if mode not in (modes(algorithm) or ("",)):
        raise UnknownFactError.among(f"mode of {algorithm}", mode, modes(algorithm) or ("(none)",))
    wanted = (mode,) if mode else ("required", "conditional", "optional")
    found = [_hyperparameter(item) for group in wanted for item in groups[group]]
    found.sort(key=lambda parameter: ("always", "sometimes", "never").index(parameter.required))
    return {parameter.name: parameter for parameter in found}


def _hyperparameter(item: dict[str, Any]) -> Hyperparameter:
    required: dict[object, Required] = {True: "always", "conditional": "sometimes", False: "never"}
    return Hyperparameter(
        name=item["name"],
        type=item["type"],
        required=required[item["required"]],
        range=Range(**item["range"]) if item.get("range") else None,
        enum=(*item.get("enum", ()), *item.get("enum_extra", ())),
        default=item["default"],
        text=item["valid_text"],
        allows_auto=item.get("allows_auto", False),
    )


@cache
def metrics(algorithm: str) -> dict[str, Metric]:
    """Objective metrics by name; PCA, which cannot be tuned, has none.

    >>> metrics("xgboost")["validation:auc"].direction
    'Maximize'
    """
    items = _entry(algorithm)["objective_metrics"]["items"]
    return {
        item["name"]: Metric(item["name"], item["direction"], item["regex"], item["description"])
        for item in items
    }


@cache
def channels(algorithm: str) -> dict[str, Channel]:
    """Input channels by name; one that only image files need counts as optional.

    >>> channels("seq2seq")["vocab"].content_types
    ('application/json',)
    """
    return {
        item["name"]: Channel(
            item["name"],
            item["required"] is True,
            tuple(item["content_types"]),
            tuple(item["input_modes"]),
        )
        for item in _entry(algorithm)["channels"]["items"]
    }


def machines(algorithm: str) -> Machines:
    """The processor an algorithm needs, and whether it trains on several machines.

    >>> machines("lda")
    Machines(processor='cpu', several=False)
    """
    found = _entry(algorithm)["instances"]
    return Machines(found["processor"], found["machines"] == "many")


def xgboost_objectives() -> tuple[str, ...]:
    """The objectives that the container of sagemaker-xgboost admits; the guide's table does not list them."""
    return tuple(_entry("xgboost")["hyperparameters"]["container"]["objective_enum"])


def xgboost_extras() -> tuple[str, ...]:
    """Hyperparameters that the container admits although the guide's table does not list them."""
    return tuple(_entry("xgboost")["hyperparameters"]["container"]["extra_accepted"])


def xgboost_aliases() -> dict[str, str]:
    """Hyperparameter → the other name the container knows it by.

    >>> xgboost_aliases()["eta"]
    'learning_rate'
    """
    return dict(_entry("xgboost")["hyperparameters"]["container"]["aliases"])


def default_instance(algorithm: str) -> str:
    """The instance type a lab trains the algorithm on today, unless the notes' own is asked for."""
    return str(_entry(algorithm)["instances"]["lab_default_today"])
