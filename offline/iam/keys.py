"""KMS keys as resources: their ARNs, and who their policies and grants let in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.kms.models import kms_backends

from offline.iam.document import Document, document
from offline.iam.needs import Place

AWS_MANAGED = "alias/aws/"


def arn_of(id: str, place: Place) -> str:
    """The ARN of a key named by id, ARN or alias; one that AWS manages is known by its alias alone."""
    alias = f"alias/{id.partition('alias/')[2]}" if "alias/" in id else ""
    if alias.startswith(AWS_MANAGED):
        return place.arn("kms", alias)
    if id.startswith("arn:") and ":key/" in id:
        return id
    found = kms_backends[place.account][place.region].get_key_id_from_alias(alias) if alias else id
    return place.arn("kms", f"key/{found or id}")


def key_at(arn: str) -> Any:
    """moto's key of an ARN; None where there is none."""
    _, _, _, region, account, resource = arn.split(":", 5)
    return kms_backends[account][region].keys.get(resource.removeprefix("key/"))


def is_gone(arn: str) -> bool:
    """Whether no key is at a key's ARN."""
    return ":key/" in arn and key_at(arn) is None


def policy_of(arn: str) -> Document | None:
    """A key's policy with its grants as further statements."""
    if f":{AWS_MANAGED}" in arn:
        return document(_managed(arn.split(":")[4]), f"key policy of {arn}")
    key = key_at(arn)
    if key is None:
        return None
    written = document(key.policy, f"key policy of {arn}")
    if not key.grants:
        return written
    granted = json.dumps([_grant(one) for one in key.grants.values()])
    return Document(written.name, written.statements + _granted(granted).statements)


@lru_cache(maxsize=256)
def _granted(statements: str) -> Document:
    return document(f'{{"Version": "2012-10-17", "Statement": {statements}}}', "grants")


def _grant(grant: Any) -> dict[str, Any]:
    """A grant as a statement of a key policy: its principal may do its operations, within its constraints."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": grant.grantee_principal},
        "Action": [f"kms:{operation}" for operation in grant.operations],
        "Resource": "*",
        "Condition": _constraints(grant.constraints or {}),
    }


def _constraints(given: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    wanted = given.get("EncryptionContextEquals") or given.get("EncryptionContextSubset") or {}
    found: dict[str, Any] = {}
    if wanted:
        found["StringEquals"] = {f"kms:EncryptionContext:{key}": value for key, value in wanted.items()}
    if given.get("EncryptionContextEquals"):
        found["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(wanted)}
    return found


def _managed(account: str) -> str:
    """The policy AWS gives the keys it manages: everyone of the account, through the key's service."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": account}, "Null": {"kms:ViaService": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
