"""What still exists in an account after everything was destroyed: stacks, tagged resources, and by name.

The tagging API lists neither untagged log groups and buckets nor any role, so those are looked up by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from labs.context import Context, pages

TAG = "lab"


@dataclass
class Left:
    """What was found, and where nobody could look, with the reason."""

    found: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)


def leftovers(context: Context, nouns: Iterable[str]) -> Left:
    """Every stack, then every tagged resource, log group, bucket and role of these labs, each once."""
    wanted, left, found = list(nouns), Left(), set[str]()
    for name, look in LOOKS.items():
        try:
            found.update(look(context, wanted))
        except refusals() as error:
            left.not_checked.append(f"{name}: {reason(error)}")
    left.found = sorted(found, key=lambda one: (not one.startswith("stack "), one))
    return left


def refusals() -> tuple[type[Exception], ...]:
    """How a call ends that the account refuses, that never arrives, or that the endpoint does not know."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (ClientError, BotoCoreError, ResponseParserError, NotImplementedError)


def reason(error: Exception) -> str:
    """What a refusal says, in one line: code and message as AWS has them, or what an endpoint answered."""
    response = getattr(error, "response", {})
    code, message = (response.get("Error", {}).get(name, "") for name in ("Code", "Message"))
    if "<html" in message:
        return f"the endpoint does not know {getattr(error, 'operation_name', 'the call')} (HTTP {code})"
    return f"{code}: {message}" if code else " ".join(str(error).split()) or type(error).__name__


def _stacks(context: Context, nouns: list[str]) -> Iterator[str]:
    names = {f"{context.prefix}-{noun}" for noun in nouns}
    for stack in pages(context.client("cloudformation"), "list_stacks", "StackSummaries"):
        if stack["StackName"] in names and stack["StackStatus"] != "DELETE_COMPLETE":
            yield f"stack {stack['StackName']} ({stack['StackStatus']})"


def _tagged(context: Context, nouns: list[str]) -> Iterator[str]:
    """What the tagging API lists; a key that waits for its deletion bills nothing and does not count."""
    filters = [{"Key": TAG, "Values": nouns}]
    api = context.client("resourcegroupstaggingapi")
    for found in pages(api, "get_resources", "ResourceTagMappingList", TagFilters=filters):
        arn: str = found["ResourceARN"]
        if not (":kms:" in arn and _waits_for_deletion(context, arn)) and ":stack/" not in arn:
            yield arn


def _waits_for_deletion(context: Context, key: str) -> bool:
    """Also of a key that is gone: the tagging API may still list it."""
    kms = context.client("kms")
    try:
        state = str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    except kms.exceptions.NotFoundException:
        return True
    return state in ("PendingDeletion", "PendingReplicaDeletion")


def _log_groups(context: Context, nouns: list[str]) -> Iterator[str]:
    """Those with a stack's name at any place of theirs: `ml-labs-lake-…`, `/aws/lambda/ml-labs-lake-…`."""
    for group in pages(context.client("logs"), "describe_log_groups", "logGroups"):
        if any(_ours(part, context.prefix, nouns) for part in group["logGroupName"].split("/")):
            yield str(group["arn"]).removesuffix(":*")


def _buckets(context: Context, nouns: list[str]) -> Iterator[str]:
    for bucket in context.client("s3").list_buckets()["Buckets"]:
        if _ours(bucket["Name"], context.prefix, nouns):
            yield f"arn:aws:s3:::{bucket['Name']}"


def _roles(context: Context, nouns: list[str]) -> Iterator[str]:
    for role in pages(context.client("iam"), "list_roles", "Roles"):
        if _ours(role["RoleName"], context.prefix, nouns):
            yield str(role["Arn"])


def _ours(name: str, prefix: str, nouns: list[str]) -> bool:
    """Whether a name is a stack's, or one that CloudFormation made from it.

    >>> [_ours(name, "ml-labs", ["lake"]) for name in ("ml-labs-lake-logs6819bb44-1a2b", "ml-labs-lakehouse")]
    [True, False]
    """
    return any(f"{name}-".startswith(f"{prefix}-{noun}-") for noun in nouns)


LOOKS: dict[str, Callable[[Context, list[str]], Iterator[str]]] = {
    "stacks": _stacks,
    "tagged resources": _tagged,
    "log groups": _log_groups,
    "buckets": _buckets,
    "roles": _roles,
}
