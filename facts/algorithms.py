"""The SageMaker built-in algorithms: their hyperparameters, as the developer guide bounds them, and metrics.

>>> hyperparameters("xgboost")["num_round"].required
'always'
>>> hyperparameters("xgboost")["subsample"].allows("1.5")
False
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from facts.algorithm_entries import ContainerEntry, Entry, ParameterEntry, Range, Type, entries
from facts.errors import UnknownFactError

Required = Literal["always", "sometimes", "never"]
"""`sometimes`: required under a condition that `text` spells out, as num_class is for multi:softmax."""


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


def names() -> tuple[str, ...]:
    """Every built-in algorithm, by the name of its image."""
    return tuple(entries())


def _entry(algorithm: str) -> Entry:
    if algorithm not in entries():
        raise UnknownFactError.among("algorithm", algorithm, entries())
    return entries()[algorithm]


def modes(algorithm: str) -> tuple[str, ...]:
    """The modes an algorithm has hyperparameters of its own for; only BlazingText has any.

    >>> modes("blazingtext"), modes("xgboost")
    (('word2vec', 'supervised'), ())
    """
    groups = _entry(algorithm).hyperparameters
    return tuple(mode for mode in ("word2vec", "supervised") if getattr(groups, mode))


@cache
def hyperparameters(algorithm: str, mode: str = "") -> dict[str, Hyperparameter]:
    """Hyperparameters by name, required ones first; BlazingText needs its mode to tell which."""
    groups = _entry(algorithm).hyperparameters
    if mode not in (modes(algorithm) or ("",)):
        raise UnknownFactError.among(f"mode of {algorithm}", mode, modes(algorithm) or ("(none)",))
    wanted = getattr(groups, mode) if mode else (*groups.required, *groups.conditional, *groups.optional)
    found = [_hyperparameter(item) for item in wanted]
    found.sort(key=lambda parameter: ("always", "sometimes", "never").index(parameter.required))
    return {parameter.name: parameter for parameter in found}


def _hyperparameter(item: ParameterEntry) -> Hyperparameter:
    required: dict[object, Required] = {True: "always", "conditional": "sometimes", False: "never"}
    return Hyperparameter(
        name=item.name,
        type=item.type,
        required=required[item.required],
        range=item.range,
        enum=(*item.enum, *item.enum_extra),
        default=item.default,
        text=item.valid_text,
        allows_auto=item.allows_auto,
    )


@cache
def metrics(algorithm: str) -> dict[str, Metric]:
    """Objective metrics by name; PCA, which cannot be tuned, has none.

    >>> metrics("xgboost")["validation:auc"].direction
    'Maximize'
    """
    return {
        item.name: Metric(item.name, item.direction, item.regex, item.description)
        for item in _entry(algorithm).objective_metrics.items
    }


@cache
def channels(algorithm: str) -> dict[str, Channel]:
    """Input channels by name; one that only image files need counts as optional.

    >>> channels("seq2seq")["vocab"].content_types
    ('application/json',)
    """
    return {
        item.name: Channel(item.name, item.required is True, item.content_types, item.input_modes)
        for item in _entry(algorithm).channels.items
    }


def machines(algorithm: str) -> Machines:
    """The processor an algorithm needs, and whether it trains on several machines.

    >>> machines("lda")
    Machines(processor='cpu', several=False)
    """
    found = _entry(algorithm).instances
    return Machines(found.processor, found.machines == "many")


def _container() -> ContainerEntry:
    found = _entry("xgboost").hyperparameters.container
    assert found is not None  # The table's test holds it.
    return found


def xgboost_objectives() -> tuple[str, ...]:
    """The objectives that the container of sagemaker-xgboost admits; the guide's table does not list them."""
    return _container().objective_enum


def xgboost_extras() -> tuple[str, ...]:
    """Hyperparameters that the container admits although the guide's table does not list them."""
    return _container().extra_accepted


def xgboost_aliases() -> dict[str, str]:
    """Hyperparameter → the other name the container knows it by.

    >>> xgboost_aliases()["eta"]
    'learning_rate'
    """
    return dict(_container().aliases)


def default_instance(algorithm: str) -> str:
    """The instance type a lab trains the algorithm on today, unless the notes' own is asked for."""
    return _entry(algorithm).instances.lab_default_today
