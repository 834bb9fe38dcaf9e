"""Rows of Secrets Manager: secrets are generated as asked, follow their template, free their name."""

from __future__ import annotations

import json
import string
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.sandbox import Sandbox
from tests.offline.resources.stage import Staged, made

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
    ],
}


def value(secret: str) -> str:
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


def secret(**more: Any) -> Staged:
    settings = {
        "Name": "database",
        "Description": "the database's",
        "KmsKeyId": boto3.client("kms").create_key()["KeyMetadata"]["Arn"],
        "SecretString": "open sesame",
        "ReplicaRegions": [{"Region": "eu-west-1"}],
        "Tags": [{"Key": "lab", "Value": "stores"}],
    }
    return made("AWS::SecretsManager::Secret", **{**settings, **more})


def generated(options: dict[str, Any], name: str = "Thing") -> Staged:
    return made("AWS::SecretsManager::Secret", name=name, GenerateSecretString=options)


def test_a_secret_has_everything_its_template_says(sandbox: Sandbox) -> None:
    database = secret()
    assert value(database.id) == "open sesame"
    told = {name: one for name, one in database.properties.items() if name != "SecretString"}
    assert database.read() == told
    assert database.attribute("Id") == database.id
    replica = boto3.client("secretsmanager", region_name="eu-west-1")
    assert replica.get_secret_value(SecretId="database")["SecretString"] == "open sesame"


def test_an_updated_secret_keeps_nothing_of_the_old_template(sandbox: Sandbox) -> None:
    database = secret()
    database.update("Description", "KmsKeyId", "ReplicaRegions", "Tags", SecretString="other")
    assert database.read() == {"Name": "database"}
    assert value(database.id) == "other"
    database.update(ReplicaRegions=[{"Region": "us-west-2"}])
    assert database.in_sync()


def test_a_generated_password_goes_under_its_key(sandbox: Sandbox) -> None:
    database = generated({"SecretStringTemplate": '{"username": "ada"}', "GenerateStringKey": "password"})
    held = json.loads(value(database.id))
    assert (held["username"], len(held["password"])) == ("ada", 32)


def test_a_generated_password_changes_only_with_what_it_is_generated_from(sandbox: Sandbox) -> None:
    database = generated({"PasswordLength": 20})
    first = value(database.id)
    database.update(Description="still the same")
    assert value(database.id) == first
    database.update(GenerateSecretString={"PasswordLength": 24})
    assert len(value(database.id)) == 24


KINDS = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


@given(
    length=st.integers(8, 64),
    excluded=st.sets(st.sampled_from(sorted(KINDS)), max_size=3),
    characters=st.text('aeiouAEIOU01234!"#$', max_size=8),
    space=st.booleans(),
)
@settings(max_examples=25)
def test_a_password_is_of_the_characters_asked_for(
    length: int, excluded: set[str], characters: str, space: bool
) -> None:
    options = {"PasswordLength": length, "ExcludeCharacters": characters, "IncludeSpace": space}
    with Sandbox():
        held = value(generated({**options, **dict.fromkeys(excluded, True)}).id)
    kinds = [set(kind) - set(characters) for name, kind in KINDS.items() if name not in excluded]
    assert len(held) == length
    assert set(held) <= set().union(*kinds) | ({" "} if space else set())
    assert all(set(held) & kind for kind in kinds)


def test_what_a_hand_changed_on_a_secret_is_read(sandbox: Sandbox) -> None:
    database = secret(ReplicaRegions=[])
    boto3.client("secretsmanager").update_secret(SecretId=database.id, Description="by hand")
    assert database.read()["Description"] == "by hand"
    boto3.client("secretsmanager").delete_secret(SecretId=database.id)
    assert database.read() is None


def test_a_deleted_secret_leaves_its_name_and_its_replicas_nowhere(sandbox: Sandbox) -> None:
    database = secret()
    database.delete()
    database.delete()
    assert database.read() is None
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        boto3.client("secretsmanager", region_name="eu-west-1").describe_secret(SecretId="database")
    assert value(secret().id) == "open sesame"


def test_a_policy_of_a_secret_comes_changes_and_goes(sandbox: Sandbox) -> None:
    database = secret(ReplicaRegions=[])
    policy = made("AWS::SecretsManager::ResourcePolicy", SecretId=database.id, ResourcePolicy=DOCUMENT)
    assert policy.read() == policy.properties
    changed = {**DOCUMENT, "Statement": [{**DOCUMENT["Statement"][0], "Effect": "Deny"}]}
    policy.update(ResourcePolicy=changed)
    assert policy.read()["ResourcePolicy"] == changed
    policy.delete()
    assert policy.read() is None
    database.delete()
    policy.delete()
