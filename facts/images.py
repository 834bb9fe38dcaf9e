"""Where AWS keeps the container images of the SageMaker built-in algorithms.

>>> uri("xgboost", "us-east-1")
'683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from facts.errors import UnknownFactError
from facts.table import load


@dataclass(frozen=True, slots=True)
class Image:
    """The image of one algorithm; its repository is the same in all regions."""

    algorithm: str
    repository: str
    tag: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """The AWS account that serves an algorithm's image in one region."""

    algorithm: str
    region: str
    account: str


@cache
def table() -> dict[str, Image]:
    """Every image by algorithm."""
    return load(Image, "images.csv", key=("algorithm",))


@cache
def registries() -> dict[tuple[str, str], Registry]:
    """Every registry by algorithm and region."""
    return load(Registry, "registries.csv", key=("algorithm", "region"))


def image(algorithm: str) -> Image:
    if algorithm not in table():
        raise UnknownFactError.among("algorithm image", algorithm, table())
    return table()[algorithm]


def repository(algorithm: str) -> str:
    return image(algorithm).repository


def tag(algorithm: str) -> str:
    return image(algorithm).tag


def registry_accounts(algorithm: str) -> dict[str, str]:
    """Region → account; a region that is absent does not offer the algorithm."""
    image(algorithm)
    return {region: row.account for (name, region), row in registries().items() if name == algorithm}


def uri(algorithm: str, region: str) -> str:
    """The image as a training job names it, or an error that lists the regions that have it."""
    accounts = registry_accounts(algorithm)
    if region not in accounts:
        raise UnknownFactError.among(f"{algorithm} image in region", region, accounts)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{accounts[region]}.dkr.ecr.{region}.{suffix}/{repository(algorithm)}:{tag(algorithm)}"
