"""What still exists in an account after everything was destroyed: our stacks, and what carries our tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labs.context import PREFIX, Context, pages

TAG = "lab"


def leftovers(context: Context, nouns: Iterable[str]) -> list[str]:
    """Every stack, tagged resource, log group and bucket of these labs, each once."""
    wanted = list(nouns)
    return sorted({*_stacks(context, wanted), *_tagged(context, wanted), *_named(context, wanted)})


def _stacks(context: Context, nouns: list[str]) -> Iterator[str]:
    names = {f"{PREFIX}-{noun}" for noun in nouns}
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
    described = context.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    return str(described["KeyState"]) in ("PendingDeletion", "PendingReplicaDeletion")


def _named(context: Context, nouns: list[str]) -> Iterator[str]:
    """Log groups and buckets with a stack's name: functions and logging make some without a tag."""
    prefixes = tuple(f"{PREFIX}-{noun}-" for noun in nouns)
    for group in pages(context.client("logs"), "describe_log_groups", "logGroups"):
        name: str = group["logGroupName"]
        if name.startswith(prefixes) or name.removeprefix("/aws/lambda/").startswith(prefixes):
            yield str(group["arn"]).removesuffix(":*")
    for bucket in context.client("s3").list_buckets()["Buckets"]:
        if bucket["Name"].startswith(prefixes):
            yield f"arn:aws:s3:::{bucket['Name']}"
