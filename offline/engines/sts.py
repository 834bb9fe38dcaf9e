"""Play AWS STS: whoever asks is told who policies take them for; moto names a user of its own making."""

from __future__ import annotations

from moto.sts.models import STSBackend

from offline.engine import Engine
from offline.iam.callers import current_caller, unique_id


class StsEngine(Engine, STSBackend):
    """moto's sessions."""

    service = "sts"

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        """Unique id, ARN and account of the caller."""
        caller = current_caller()
        if caller is None or not caller.principal.arn:
            identity: tuple[str, str, str] = super().get_caller_identity(access_key_id, region)
            return identity
        return unique_id(caller.principal), caller.principal.arn, caller.principal.account
