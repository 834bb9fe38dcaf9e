"""Dynamic references: `{{resolve:service:key}}` in a template, looked up when a stack is deployed.

Source: AWS CloudFormation User Guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import json

import boto3

from offline.errors import TemplateError


def value(reference: str, region: str) -> str:
    """What a reference stands for, such as `ssm:/lab/name:2` or `secretsmanager:id:SecretString:key`."""
    service, _, key = reference.partition(":")
    if service == "ssm":
        return _parameter(key, region, decrypt=False)
    if service == "ssm-secure":
        return _parameter(key, region, decrypt=True)
    if service == "secretsmanager":
        return _secret(key, region)
    raise TemplateError(
        f"{{{{resolve:{reference}}}}}: got the service {service!r}; allowed: ssm, ssm-secure, secretsmanager"
    )


def _parameter(name: str, region: str, *, decrypt: bool) -> str:
    found = boto3.client("ssm", region_name=region).get_parameter(Name=name, WithDecryption=decrypt)
    parameter = found["Parameter"]
    if parameter["Type"] == "SecureString" and not decrypt:
        raise TemplateError(f"SSM Secure reference is not supported in: {name}; use ssm-secure")
    return str(parameter["Value"])


def _secret(key: str, region: str) -> str:
    """`id:SecretString:json-key:version-stage:version-id`; an ARN counts as one part."""
    parts = key.split(":")
    id, rest = (":".join(parts[:7]), parts[7:]) if key.startswith("arn:") else (parts[0], parts[1:])
    kind, json_key, stage, version = ([*rest, "", "", "", ""])[:4]
    if kind not in ("", "SecretString"):
        raise TemplateError(f"secretsmanager:{key}: got {kind!r}; allowed: SecretString")
    wanted = {name: text for name, text in (("VersionStage", stage), ("VersionId", version)) if text}
    client = boto3.client("secretsmanager", region_name=region)
    secret = str(client.get_secret_value(SecretId=id, **wanted)["SecretString"])
    if not json_key:
        return secret
    found = json.loads(secret)
    if json_key not in found:
        raise TemplateError(f"Could not find a value associated with JSONKey {json_key} in SecretString")
    return str(found[json_key])
