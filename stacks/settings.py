"""The knobs of cdk.json (context keys `lab:*`), typed; the values live there, none here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Node

from facts import limits

CDK_JSON = Path(__file__).parent.parent / "cdk.json"
PREFIX = "lab:"
NAME = re.compile(r"[a-z](-?[a-z0-9])*")


class SettingError(Exception):
    """A context value that no stack can be built with."""


@dataclass(frozen=True)
class Settings:
    """Every value a reader may change; `-c lab:spot=true` changes one for one synthesis."""

    name: str
    retain_data: bool
    budget_usd: int
    budget_email: str
    log_retention_days: int
    infrequent_access_days: int
    glacier_days: int
    expiry_days: int
    noncurrent_days: int
    incomplete_upload_days: int
    vpc_cidr: str
    records_per_second: int
    record_bytes: int
    readers: int
    firehose_buffer_mib: int
    firehose_interval_seconds: int
    crawl_schedule: str
    scan_cutoff_mib: int
    training_instance: str
    instances: str
    training_seconds: int
    spot: bool

    @classmethod
    def load(cls, node: Node) -> Settings:
        """The settings of an app's context; a missing or mistyped one is named with what is allowed."""
        types = get_type_hints(cls)
        given = {key.removeprefix(PREFIX) for key in node.get_all_context() if key.startswith(PREFIX)}
        for name in sorted(given - set(types)):
            raise SettingError(f"got {PREFIX}{name}, which is no setting; there are {', '.join(types)}")
        values = {f.name: _typed(f.name, node.try_get_context(PREFIX + f.name), types) for f in fields(cls)}
        settings = cls(**values)
        settings._refuse()
        return settings

    def _refuse(self) -> None:
        if not NAME.fullmatch(self.name):
            raise SettingError(
                f"lab:name must be small letters, digits and hyphens, a letter first, got {self.name!r}; "
                "stacks, a workgroup and a database are named after it; see cdk.json"
            )
        _among("instances", self.instances, ("sold", "stated"))
        _among("log_retention_days", self.log_retention_days, sorted(RETENTIONS))
        for name in (
            "budget_usd",
            "records_per_second",
            "record_bytes",
            "readers",
            "training_seconds",
            "scan_cutoff_mib",
        ):
            if getattr(self, name) < 1:
                raise SettingError(f"lab:{name} must be at least 1, got {getattr(self, name)}; see cdk.json")
        if self.budget_email and "@" not in self.budget_email:
            raise SettingError(
                f"lab:budget_email must be an address or empty, got {self.budget_email!r}; see cdk.json"
            )
        lowest = int(limits.value("s3-ia-transition-days-lowest"))
        if self.infrequent_access_days < lowest:
            raise SettingError(
                f"lab:infrequent_access_days must be at least {lowest}, got {self.infrequent_access_days}; "
                "S3 moves nothing to Standard-IA earlier"
            )
        if not self.glacier_days < self.expiry_days:
            raise SettingError(
                "lab:infrequent_access_days < lab:glacier_days < lab:expiry_days must hold, got "
                f"{self.infrequent_access_days}, {self.glacier_days}, {self.expiry_days}; see cdk.json"
            )

    @property
    def removal(self) -> RemovalPolicy:
        """What becomes of data when its stack is destroyed."""
        return RemovalPolicy.RETAIN if self.retain_data else RemovalPolicy.DESTROY

    @property
    def retention(self) -> logs.RetentionDays:
        return RETENTIONS[self.log_retention_days]


RETENTIONS = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def context() -> dict[str, Any]:
    """The context of cdk.json, for a synthesis that the CDK CLI did not start."""
    loaded: dict[str, Any] = json.loads(CDK_JSON.read_text())["context"]
    return loaded


def _typed(name: str, value: Any, types: dict[str, Any]) -> Any:
    wanted = types[name]
    if value is None:
        raise SettingError(f"lab:{name} is missing; cdk.json gives every setting a value")
    if isinstance(value, str) and wanted is not str:
        value = {"true": True, "false": False}.get(value.lower(), value) if wanted is bool else _number(value)
    if type(value) is not wanted:
        raise SettingError(f"lab:{name} must be {wanted.__name__}, got {value!r}; see cdk.json")
    return value


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def _among(name: str, value: object, allowed: Any) -> None:
    if value not in allowed:
        raise SettingError(
            f"lab:{name} must be one of {', '.join(map(str, allowed))}, got {value!r}; see cdk.json"
        )
