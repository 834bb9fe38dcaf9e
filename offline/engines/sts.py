"""Play AWS STS: moto's sessions, and a root user, who is whoever signs with a key that nobody was given.

Source: AWS STS API Reference, "GetCallerIdentity"; IAM User Guide, "Information available in all requests".
"""

from __future__ import annotations

from moto.sts.models import STSBackend

from offline.engine import Engine
from offline.iam.callers import current_caller


class StsEngine(Engine, STSBackend):
    """Sessions of one partition."""

    service = "sts"

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        caller = current_caller()
        if caller is not None and caller.principal.kind == "root":
            return self.account_id, caller.principal.arn, self.account_id
        return super().get_caller_identity(access_key_id, region)
