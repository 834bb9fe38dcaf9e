"""Play AWS KMS: moto's keys, which are really gone when their waiting period is over.

"After the waiting period ends, AWS KMS deletes the KMS key and all AWS KMS data associated with it, including
all aliases that refer to it" (ScheduleKeyDeletion, AWS KMS API reference).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse
from moto.kms.urls import url_bases

from offline.clock import clock
from offline.engine import Engine
from offline.iam import gatekeeper

__all__ = ["KmsEngine", "url_bases", "url_paths"]


class KmsApi(KmsResponse):
    """moto's responses, without its own look at a key's policy: the gate has decided by that before."""

    def _validate_key_policy(self, key_id: str, action: str) -> None:
        """moto knows one form of policy, and breaks on a statement that is no list."""


url_paths = {"{0}/$": KmsApi.dispatch}


class KmsEngine(Engine, KmsBackend):
    """The keys of one region."""

    service = "kms"

    @property
    def _url_module(self) -> Any:
        return sys.modules[__name__]

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
