"""Play AWS KMS: moto's keys, which are really gone when their waiting period is over.

"After the waiting period ends, AWS KMS deletes the KMS key and all AWS KMS data associated with it, including
all aliases that refer to it" (ScheduleKeyDeletion, AWS KMS API reference).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse
from moto.kms.urls import url_bases

from offline.clock import clock
from offline.engine import Engine
from offline.iam import gatekeeper
from offline.iam.document import written

__all__ = ["KmsEngine", "url_bases", "url_paths"]


class KmsApi(KmsResponse):
    """moto's responses, without its own look at a key's policy: the gate has decided by that before."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """A key has one policy, which need not be named."""
        return super()._get_param(param_name, "default" if param_name == "PolicyName" else if_none)

    def _validate_key_policy(self, key_id: str, action: str) -> None:
        """moto knows one form of policy, and breaks on a statement that is no list."""


url_paths = {"{0}/$": KmsApi.dispatch}


class MalformedPolicyDocumentError(JsonRESTError):
    """A key policy that KMS does not keep."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocumentException", message)


class KmsEngine(Engine, KmsBackend):
    """The keys of one region."""

    service = "kms"

    @property
    def _url_module(self) -> Any:
        return sys.modules[__name__]

    def create_key(self, policy: str | None, *rest: Any, **named: Any) -> Key:
        if policy:
            written(policy, principals=True, resources=True, refusal=MalformedPolicyDocumentError)
        return super().create_key(policy, *rest, **named)

    def put_key_policy(self, key_id: str, policy: str) -> None:
        written(policy, principals=True, resources=True, refusal=MalformedPolicyDocumentError)
        super().put_key_policy(key_id, policy)

    def due(self) -> datetime | None:
        """When the next key goes."""
        return min((moment for _, moment in self._leaving()), default=None)

    def settle(self) -> bool:
        """Delete the keys whose waiting period is over."""
        over = [key for key, moment in self._leaving() if moment <= clock.now()]
        for key in over:
            del self.keys[key.id]
            self.tagger.delete_all_tags_for_resource(key.id)
        if over:
            gatekeeper.changed()
        return bool(over)

    def _leaving(self) -> Iterator[tuple[Key, datetime]]:
        """Keys that wait for their deletion, with its moment."""
        for key in self.keys.values():
            if key.deletion_date is not None:
                yield key, key.deletion_date.replace(tzinfo=UTC)
