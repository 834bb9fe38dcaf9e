"""What SageMaker's API refuses before a job exists, in AWS's words.

Names, enums, lengths and ranges come from botocore's model of the API. AWS checks them on its side
too, and boto3 leaves them to it: boto3 itself checks only types and required members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import ClientError
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException, SagemakerClientError

from facts import instances


def refuse(message: str) -> AWSValidationException:
    """The error that AWS's clients know as ValidationException."""
    return AWSValidationException(message)


def in_use(message: str) -> ResourceInUseException:
    return ResourceInUseException(message)


@cache
def _api() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


def check_shape(operation: str, request: dict[str, Any]) -> None:
    """The request keeps every constraint that the API's model states for it."""
    shape = _api().operation_model(operation).input_shape
    errors = list(_violations(shape, request, ""))
    if errors:
        count = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} detected"
        raise refuse(f"{count}: {'; '.join(errors)}")


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                yield from _violations(member, value[name], f"{path}.{_camel(name)}".lstrip("."))
    elif shape.type_name == "list":
        for number, item in enumerate(value or [], start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string":
        yield from _string_violations(shape, str(value), path)
    elif shape.type_name in ("integer", "long"):
        yield from _bounds(shape, int(value), path, "value")


def _string_violations(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python_pattern(pattern), value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if not shape.enum:
        yield from _bounds(shape, len(value), path, "length", shown=value)


def _bounds(shape: Any, size: int, path: str, what: str, shown: Any = None) -> Iterator[str]:
    shown = size if shown is None else shown
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and size < lowest:
        yield _broken(shown, path, f"Member must have {what} greater than or equal to {lowest}")
    if highest is not None and size > highest:
        yield _broken(shown, path, f"Member must have {what} less than or equal to {highest}")


def _broken(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _python_pattern(pattern: str) -> str:
    # Java's character classes, as the API's model spells them.
    return pattern.replace("\\p{L}", "\\w").replace("\\p{Z}", "\\s").replace("\\p{N}", "\\d")


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


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
