"""Instance types: which ones the APIs name, which ones AWS still sells, and what replaces the others.

That an API's enumeration names a type does not make it launchable: `ml.p3.*` is in every one of
SageMaker's and sold in no region. `regions` counts the regions whose price list has the type. There
is no price list for training and notebooks: theirs is that of processing, else of hosting, and it is
None (not known) for a type that neither has and that nobody has called retired. The newest types stand in
no price list yet, so an empty one says that a type is gone only where something replaces it.

>>> choose("ml.p3.2xlarge", "training")
'ml.g5.2xlarge'
>>> choose("ml.p3.2xlarge", "training", forced=True)
'ml.p3.2xlarge'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal, get_args

from facts.errors import UnknownFactError
from facts.table import Confidence, load

Use = Literal["training", "hosting", "processing", "transform", "notebook", "emr", "ec2", "app", "cluster"]
"""What an instance is for; each use has an enumeration and a price list of its own. `app` is what a Studio
space stands on, `cluster` a HyperPod; of these two only families are recorded."""

GPU = re.compile(r"[gp]\d")
SOURCES: dict[str, str] = {
    "training": "botocore 1.44.5 sagemaker TrainingInstanceType; cfn-lint 1.58.0 processing, else hosting",
    "hosting": "botocore 1.44.5 sagemaker ProductionVariantInstanceType; cfn-lint 1.58.0 hosting",
    "processing": "botocore 1.44.5 sagemaker ProcessingInstanceType; cfn-lint 1.58.0 processing",
    "transform": "botocore 1.44.5 sagemaker TransformInstanceType; cfn-lint 1.58.0 transform",
    "notebook": "botocore 1.44.5 sagemaker InstanceType; cfn-lint 1.58.0 processing, else hosting",
    "emr": "cfn-lint 1.58.0 EMR cluster; the EMR API itself takes any name",
    "ec2": "botocore 1.44.5 ec2 InstanceType; cfn-lint 1.58.0 EC2 instance",
}
"""Where `exists` and `regions` of each use come from, read on 2026-11-22."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance type for one use; `stated` where the notes of 2022 name it."""

    use: Use
    instance_type: str
    exists: bool
    regions: int | None = None
    retired: date | None = None
    stated: bool = False
    successor: str = ""
    note: str = ""

    @property
    def sold(self) -> bool:
        """The API names it, and it is neither retired nor replaced and in no price list."""
        return self.exists and self.retired is None and not (self.regions == 0 and self.successor)


@dataclass(frozen=True, slots=True)
class Family:
    """Every size of a family that AWS retired, as a glob such as `p3.*`; `p3dn.24xlarge` is none of these."""

    use: Use
    family: str
    retired: date
    successor: str
    source: str
    confidence: Confidence


@cache
def families() -> dict[tuple[Use, str], Family]:
    """Every retired family by use and glob."""
    return load(Family, "families.csv", key=("use", "family"))


def retired_family(instance_type: str, use: Use) -> Family | None:
    """The retired family of a type, or of a family that stands alone as AWS Batch takes it.

    >>> retired_family("p3.8xlarge", "ec2").retired.isoformat()
    '2026-05-25'
    >>> retired_family("p3", "ec2") is None, retired_family("p3dn.24xlarge", "ec2") is None
    (False, True)
    """
    name = instance_type if "." in instance_type else f"{instance_type}."
    return next(
        (row for (of, glob), row in families().items() if of == use and fnmatchcase(name, glob)), None
    )


@cache
def table() -> dict[tuple[Use, str], Instance]:
    """Every instance type by use and name."""
    return load(Instance, "instances.csv", key=("use", "instance_type"))


def row(instance_type: str, use: Use) -> Instance:
    """What is known of a type for a use; a type that nobody has heard of is refused."""
    if use not in get_args(Use):
        raise UnknownFactError.among("use of instances", use, get_args(Use))
    if (use, instance_type) not in table():
        known = (name for of, name in table() if of == use)
        raise UnknownFactError.among(f"instance type for {use}", instance_type, known)
    return table()[use, instance_type]


def has_gpu(instance_type: str) -> bool:
    """Whether a type computes on GPUs: the families g and p do, of every generation.

    Source: DescribeInstanceTypes, as moto 5.2.5 has its answers.

    >>> has_gpu("ml.p6-b200.48xlarge"), has_gpu("ml.trn1.2xlarge"), has_gpu("g5.xlarge")
    (True, False, True)
    """
    return GPU.match(instance_type.removeprefix("ml.")) is not None


def sold(instance_type: str, use: Use) -> bool:
    """Whether AWS sells the type for this use somewhere, as far as its price lists say.

    >>> sold("ml.m4.xlarge", "training"), sold("ml.p2.xlarge", "training")
    (True, False)
    """
    return row(instance_type, use).sold


def successor(instance_type: str, use: Use = "training") -> str:
    """What to use instead of a type; the type itself where nothing replaces it.

    >>> successor("ml.c5.xl", "hosting"), successor("ml.m5.xlarge")
    ('ml.c5.xlarge', 'ml.m5.xlarge')
    """
    return row(instance_type, use).successor or instance_type


def choose(stated: str, use: Use, *, forced: bool = False) -> str:
    """The stated type where AWS sells it, else its successor; always the stated one when forced."""
    if forced or sold(stated, use):
        return stated
    found = row(stated, use)
    if not found.successor:
        raise UnknownFactError(f"{stated} is not sold for {use} and has no successor; name another type")
    return found.successor
