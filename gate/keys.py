"""KMS keys that stand behind resources of a template, and whether a role may use them."""

from __future__ import annotations

from gate.policies import policies_of, statements
from gate.template import Resource, Templates

KEY = "AWS::KMS::Key"
NAMED_BY = {
    "AWS::S3::Bucket": (
        "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID"
    ),
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::Kinesis::Stream": "StreamEncryption.KeyId",
    "AWS::CloudTrail::Trail": "KMSKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
}
"""Type → the property that names the key it encrypts with."""


def key_of(templates: Templates, resource: Resource | None) -> Resource | None:
    """The key that a resource encrypts with, where it is one of the templates'."""
    path = NAMED_BY.get(resource.type) if resource else None
    return templates.at(resource.refers(path), KEY) if resource and path else None


def role_may_use(templates: Templates, role: Resource, key: Resource, action: str, *known: str) -> bool:
    """Whether a role's policies or the key's let it; AWS's managed policies that are `known` give nothing."""
    own = (one.may_reach_key(key) for one in policies_of(templates, role, *known) if one.may_allow(action))
    shared = statements(templates, key.template, key.properties.get("KeyPolicy"))
    return any(own) or any(one.may_be_for_role(role) for one in shared if one.may_allow(action))
