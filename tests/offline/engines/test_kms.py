"""Keys go when their waiting period is over, with their aliases, and not before."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox


def test_a_key_and_its_aliases_are_gone_after_the_waiting_period(sandbox: Sandbox) -> None:
    kms = boto3.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "lab", "TagValue": "security"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/lake", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    sandbox.advance(days=6.9)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    sandbox.advance(days=0.2)
    for name in (key, "alias/lake"):
        with pytest.raises(ClientError, match="NotFoundException"):
            kms.describe_key(KeyId=name)
    assert "alias/lake" not in {alias["AliasName"] for alias in kms.list_aliases()["Aliases"]}


def test_a_deletion_that_is_cancelled_does_not_happen(sandbox: Sandbox) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)
    sandbox.advance(days=60)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_what_a_key_that_is_gone_sealed_stays_sealed(sandbox: Sandbox) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"late")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    sandbox.advance(days=8)
    with pytest.raises(ClientError):
        kms.decrypt(CiphertextBlob=sealed)
