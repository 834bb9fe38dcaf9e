"""What SageMaker's API refuses before a job exists, in AWS's words."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException, SagemakerClientError

from facts import instances
from offline.engines.shapes import complaint


def refuse(message: str) -> AWSValidationException:
    """The error that AWS's clients know as ValidationException."""
    return AWSValidationException(message)


def in_use(message: str) -> ResourceInUseException:
    return ResourceInUseException(message)


def check_shape(operation: str, request: dict[str, Any]) -> None:
    """The request keeps every constraint that the API's model states for it."""
    if told := complaint("sagemaker", operation, request):
        raise refuse(told)


def check_role(role_arn: str, region: str) -> None:
    """The role exists and lets SageMaker assume it."""
    try:
        role = boto3.client("iam", region_name=region).get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError:
        role = None
    if role is None or not _trusts_sagemaker(role["AssumeRolePolicyDocument"]):
        raise refuse(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )


def _trusts_sagemaker(policy: dict[str, Any]) -> bool:
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    services = [s.get("Principal", {}).get("Service", []) for s in statements if s["Effect"] == "Allow"]
    return any("sagemaker.amazonaws.com" in ([s] if isinstance(s, str) else s) for s in services)


class ResourceLimitExceededError(SagemakerClientError):
    """The account may not have what was asked for."""

    code = "ResourceLimitExceeded"


def check_instance(instance_type: str, use: instances.Use) -> None:
    """AWS still sells the type; the API's enumeration alone names many that it does not."""
    if (use, instance_type) in instances.table() and not instances.sold(instance_type, use):
        raise ResourceLimitExceededError(
            f"The account-level service limit '{instance_type} for {use} job usage' is 0 Instances, with "
            f"current utilization of 0 Instances and a request delta of 1 Instances. AWS no longer sells "
            f"{instance_type} for {use}; use {instances.successor(instance_type, use)}."
        )


def check_only(request: dict[str, Any], played: set[str], what: str) -> None:
    """No member is present that this sandbox would have to ignore."""
    unplayed = sorted(name for name, value in request.items() if name not in played and value)
    if unplayed:
        raise refuse(
            f"{what}: {', '.join(unplayed)} cannot be done offline; "
            f"what is run is: {', '.join(sorted(played))}."
        )
