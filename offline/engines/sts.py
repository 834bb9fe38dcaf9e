"""Play AWS STS: moto's sessions, and a root user, who is whoever signs with a key that nobody was given.

Source: AWS STS API Reference, "GetCallerIdentity"; IAM User Guide, "Information available in all requests".
"""

from __future__ import annotations

from typing import Any

from moto.sts.exceptions import STSClientError
from moto.sts.models import AssumedRole, STSBackend

from offline.engine import Engine
from offline.iam.callers import current_caller
from offline.iam.document import written


class MalformedPolicyDocumentError(STSClientError):
    """A session policy that STS does not take."""

    code = "MalformedPolicyDocument"


class StsEngine(Engine, STSBackend):
    """Sessions of one partition."""

    service = "sts"

    def assume_role(self, *arguments: Any, **named: Any) -> AssumedRole:
        if policy := named.get("policy"):
            written(policy, principals=False, resources=True, refusal=MalformedPolicyDocumentError)
        return super().assume_role(*arguments, **named)

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        caller = current_caller()
        if caller is not None and caller.principal.kind == "root":
            return self.account_id, caller.principal.arn, self.account_id
        return super().get_caller_identity(access_key_id, region)
