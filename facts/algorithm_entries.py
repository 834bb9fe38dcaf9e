"""What algorithms.json holds of each algorithm, object by object; what nothing reads yet may be anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from facts.document import load

Type = Literal["int", "float", "str", "bool", "csv-list", "json", "tuple"]


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class ParameterEntry:
    """A row of the guide's table; `enum_extra` is what the container takes besides."""

    name: str
    type: Type
    required: bool | Literal["conditional"]
    default: str | None
    valid_text: str
    range: Range | None = None
    enum: tuple[str, ...] = ()
    enum_extra: tuple[str, ...] = ()
    allows_auto: bool = False
    suggested_range: str = ""
    pattern: str = ""
    note: str = ""


@dataclass(frozen=True)
class ContainerEntry:
    """What the source of XGBoost's container admits beyond the guide."""

    aliases: dict[str, str]
    extra_accepted: tuple[str, ...]
    required: tuple[str, ...]
    objective_enum: tuple[str, ...]
    rules: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ParameterEntries:
    """Hyperparameters by how far they are required, or by BlazingText's mode."""

    source: str
    required: tuple[ParameterEntry, ...] = ()
    conditional: tuple[ParameterEntry, ...] = ()
    optional: tuple[ParameterEntry, ...] = ()
    word2vec: tuple[ParameterEntry, ...] = ()
    supervised: tuple[ParameterEntry, ...] = ()
    container: ContainerEntry | None = None
    note: str = ""
    only_in_docs: tuple[str, ...] = ()
    only_in_sdk_v2: tuple[str, ...] = ()
    sdk_v2_validation: object = None


@dataclass(frozen=True)
class MetricEntry:
    name: str
    description: str
    direction: Literal["Maximize", "Minimize"]
    regex: str
    regex_source: str


@dataclass(frozen=True)
class MetricEntries:
    items: tuple[MetricEntry, ...]
    source: str


@dataclass(frozen=True)
class ChannelEntry:
    """`required` is a text where only some kind of input needs the channel."""

    name: str
    required: bool | str
    content_types: tuple[str, ...]
    input_modes: tuple[Literal["File", "Pipe", "FastFile"], ...]
    s3_distribution: tuple[Literal["FullyReplicated", "ShardedByS3Key"], ...]
    note: str = ""


@dataclass(frozen=True)
class ChannelEntries:
    items: tuple[ChannelEntry, ...]
    source: str


@dataclass(frozen=True)
class MachineEntry:
    processor: Literal["any", "cpu", "gpu"]
    machines: Literal["one", "many"]
    lab_default_today: str
    lab_default_source: str
    aws_docs: str
    aws_docs_source: str
    notes: str
    notes_source: str
    hardware: object


@dataclass(frozen=True)
class Entry:
    """One algorithm."""

    title: str
    hyperparameters: ParameterEntries
    objective_metrics: MetricEntries
    channels: ChannelEntries
    instances: MachineEntry
    parallelizable_table: str
    incremental_training: bool
    checkpoints: bool | str
    model_artifact: str
    model_artifact_source: str
    image: object
    tunable: object
    inference: object
    note: str = ""


@cache
def entries() -> dict[str, Entry]:
    """Every built-in algorithm by the name of its image."""
    return load(Entry, "algorithms.json", section="algorithms")
