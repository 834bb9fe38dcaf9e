"""What rows share when a resource changes or is gone: lists, tags, and what a hand deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from offline.resources.row import Properties, Resource


@contextmanager
def unless_gone(*codes: str) -> Iterator[None]:
    """Around a deletion or a reading (also as its decorator): what is gone by hand is no error.

    `codes` are the service's own for a resource that does not exist; a reading then answers None.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def given(properties: Properties, *names: str, **renamed: str) -> dict[str, Any]:
    """Those of the properties that have a value, as keyword arguments; `apiName="PropertyName"` renames."""
    wanted = {name: name for name in names} | renamed
    found = {argument: properties.take(name) for argument, name in wanted.items()}
    return {argument: value for argument, value in found.items() if value is not None}


def present(**values: Any) -> dict[str, Any]:
    """What the account told, without what it does not have.

    >>> present(Description="", Tags=[], State="ENABLED", Retries=0)
    {'State': 'ENABLED', 'Retries': 0}
    """
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def only_in(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """What the first list has and the second has not.

    >>> only_in(["a", "b"], ["b", "c"])
    ['a']
    """
    other = list(second)
    return [item for item in first if item not in other]


def retag(
    resource: Resource,
    old: Properties,
    tag: Callable[[list[dict[str, str]]], Any],
    untag: Callable[[list[str]], Any],
) -> None:
    """The tags of the template, without those it had before; tags made by hand are left alone."""
    if tags := resource.tag_list():
        tag(tags)
    if keys := only_in({**resource.former_stack_tags, **_tags(old)}, resource.tags()):
        untag(keys)


def told_tags(resource: Resource, found: Iterable[dict[str, str]] | dict[str, str]) -> list[dict[str, str]]:
    """The tags that are not the stack's, in the template's order: a list has one, tags have none."""
    own, now = _tags(resource.properties), _as_map(found)
    stack = {key for key, value in resource.stack_tags.items() if key not in own and now.get(key) == value}
    ordered = [*(key for key in own if key in now), *(key for key in now if key not in own)]
    return [{"Key": key, "Value": now[key]} for key in ordered if key not in stack]


def _tags(properties: Properties) -> dict[str, str]:
    return _as_map(properties.take("Tags") or {})


def _as_map(tags: Iterable[dict[str, str]] | dict[str, str]) -> dict[str, str]:
    return dict(tags) if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
