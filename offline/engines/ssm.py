"""Play Parameter Store: a value that does not match its parameter's AllowedPattern is refused.

Source: Systems Manager API Reference, "PutParameter", AllowedPattern and ParameterPatternMismatchException.
"""

from __future__ import annotations

import re
from typing import Any

from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend

from offline.engine import Engine


class SsmEngine(Engine, SimpleSystemManagerBackend):
    """moto's Systems Manager, which keeps the pattern and never asks it."""

    service = "ssm"
    clocks = ("moto.ssm.models.utcnow",)

    def put_parameter(
        self,
        name: str,
        description: str,
        value: str,
        kind: str,
        pattern: str | None,
        *rest: Any,
        **named: Any,
    ) -> Any:
        former = self._parameters[name]
        asked = former[-1].allowed_pattern if pattern is None and former else pattern
        if asked and not re.search(asked, value):
            raise SSMException(
                "ParameterPatternMismatchException",
                f"Parameter value, cannot be validated against allowedPattern: {asked}",
            )
        return super().put_parameter(name, description, value, kind, pattern, *rest, **named)
