"""Every version that RDS lists as deprecated is dead here, and none that it lists as available."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint.data.schemas.extensions
import pytest

from facts import engine_versions, retired

KINDS = ("dbcluster", "dbinstance")
EXTENSIONS = Path(cfnlint.data.schemas.extensions.__file__).parent
OLD = {"mariadb": ("10.0.", "10.1.", "10.2.", "10.3.", "10.4."), "sqlserver": ("11.00.", "12.00.")}
"""Majors that the CDK, or the age of younger ones, calls gone while RDS still lists them."""


def listed(kind: str, file: str) -> dict[str, list[str]]:
    """Versions by engine, of a file that cfn-lint writes from the RDS API."""
    document: dict[str, Any] = json.loads((EXTENSIONS / f"aws_rds_{kind}" / file).read_text())
    rules = [rule for rule in document["allOf"] if "const" in rule["if"]["properties"].get("Engine", {})]
    return {rule["if"]["properties"]["Engine"]["const"]: versions(rule) for rule in rules}


def versions(rule: dict[str, Any]) -> list[str]:
    then = rule["then"]["properties"] if isinstance(rule["then"], dict) else rule["if"]["properties"]
    found: list[str] = then["EngineVersion"].get("enum", [])
    return found


def dead(kind: str, engine: str, version: str) -> bool:
    rows = retired.of_type(f"AWS::RDS::DB{kind.removeprefix('db').capitalize()}")
    return engine_versions.deprecated(engine, version) is not None or any(
        row.closed
        and row.path == "EngineVersion"
        and fnmatchcase(engine, row.only_if[0].partition("=")[2])
        and retired.matches(row, version)
        for row in rows
    )


def major(version: str, of: list[str]) -> bool:
    """Whether a version is only the beginning of others, such as 16 or 8.0: RDS chooses the rest."""
    return any(other.startswith(f"{version}.") for other in of)


@pytest.mark.parametrize("kind", KINDS)
def test_every_deprecated_version_is_dead(kind: str) -> None:
    alive = [
        (engine, version)
        for engine, found in listed(kind, "engine_version_deprecated.json").items()
        for version in found
        if not dead(kind, engine, version) and not major(version, listed(kind, "engine_version.json")[engine])
    ]
    assert alive == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_available_version_is_dead(kind: str) -> None:
    deprecated = listed(kind, "engine_version_deprecated.json")
    wrong = [
        (engine, version)
        for engine, found in listed(kind, "engine_version.json").items()
        for version in found
        if version not in deprecated.get(engine, ())
        and not major(version, found)
        and not no_longer_supported(engine, version)
        and dead(kind, engine, version)
    ]
    assert wrong == []


def no_longer_supported(engine: str, version: str) -> bool:
    """By the CDK, where cfn-lint reads no status: MariaDB and SQL Server."""
    row = engine_versions.deprecated(engine, version)
    majors = next((found for name, found in OLD.items() if engine.startswith(name)), ())
    return (row is not None and row.source.startswith("aws-cdk-lib")) or version.startswith(majors or ("?",))


@pytest.mark.parametrize("engine", ["mysql", "postgres", "aurora-postgresql"])
def test_a_major_that_lives_is_no_version_of_the_table(engine: str) -> None:
    majors = ("16", "17", "8.0", "8.4")
    assert [version for version in majors if engine_versions.deprecated(engine, version)] == []


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        ("postgres", "10.17"),
        ("postgres", "11.22"),
        ("mysql", "5.6.51"),
        ("aurora-mysql", "5.7.mysql_aurora.2.07.1"),
        ("mariadb", "10.3.39"),
        ("oracle-ee", "12.1.0.2.v1"),
        ("sqlserver-se", "12.00.6449.1.v1"),
    ],
)
def test_a_version_that_people_still_write_is_dead(engine: str, version: str) -> None:
    assert dead("dbinstance", engine, version)


@pytest.mark.parametrize(
    ("engine", "version"),
    [("mariadb", "10.11.18"), ("oracle-ee", "19.0.0.0.ru-2024-10.rur-2024-10.r1"), ("mysql", "8.4.9")],
)
def test_a_version_of_today_lives(engine: str, version: str) -> None:
    assert not dead("dbinstance", engine, version)
