"""Tags as EC2 has them: given when a thing is created, and changed by operations of their own."""

from __future__ import annotations

from typing import Any

from offline.resources.change import present, retag, told_tags
from offline.resources.row import Properties, Resource


def specifications(resource: Resource, kind: str) -> dict[str, Any]:
    """The TagSpecifications of a creation."""
    tags = resource.tag_list()
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def follow(resource: Resource, id: str, old: Properties) -> None:
    """The thing has the tags of its template, without those it had before."""
    ec2 = resource.client("ec2")
    retag(
        resource,
        old,
        lambda tags: ec2.create_tags(Resources=[id], Tags=tags),
        lambda keys: ec2.delete_tags(Resources=[id], Tags=[{"Key": key} for key in keys]),
    )


def told(resource: Resource, found: dict[str, Any]) -> dict[str, Any]:
    """The Tags of what EC2 describes, as a template has them."""
    return present(Tags=told_tags(resource, found.get("Tags") or []))
