"""What rows of Glue share: the catalog's id, parameters as text, names, and tags by ARN."""

from __future__ import annotations

from typing import Any

from offline.resources.change import retag, told_tags
from offline.resources.row import Properties, Resource

GONE = "EntityNotFoundException"


def catalog(resource: Resource) -> dict[str, str]:
    return {"CatalogId": resource.properties.take("CatalogId") or resource.account_id}


def lower_name(resource: Resource) -> str:
    """A name as Hive allows it: small letters, digits and underscores."""
    return resource.name(lower=True).replace("-", "_")


def text(value: object) -> str:
    """A parameter as CloudFormation writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts(values: dict[str, Any] | None) -> dict[str, str]:
    """Parameters, all of them text.

    >>> texts({"projection.enabled": True, "skip.header.line.count": 1})
    {'projection.enabled': 'true', 'skip.header.line.count': '1'}
    """
    return {name: text(value) for name, value in (values or {}).items()}


def follow_tags(resource: Resource, kind: str, name: str, old: Properties) -> None:
    """The thing has the tags of its template, without those it had before."""
    glue, arn = resource.client("glue"), resource.arn("glue", f"{kind}/{name}")
    retag(
        resource,
        old,
        lambda tags: glue.tag_resource(ResourceArn=arn, TagsToAdd=resource.tags()),
        lambda keys: glue.untag_resource(ResourceArn=arn, TagsToRemove=keys),
    )


def tags_of(resource: Resource, kind: str, name: str) -> dict[str, str]:
    """The thing's tags that are not the stack's."""
    arn = resource.arn("glue", f"{kind}/{name}")
    found = resource.client("glue").get_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in told_tags(resource, found)}
