"""What an update would change: each resource's properties as they are against as they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offline.cloudformation.intrinsic import Scope, resolve
from offline.cloudformation.schema import schema_of
from offline.cloudformation.stack import Deployed, Revision, Stack, wanted
from offline.errors import TemplateError
from offline.resources import row_of
from offline.resources.row import Physical, Resource

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What CloudFormation shows for a value that exists only once the change is made."""


class Unknown(Mapping[str, Any]):
    """The attributes of a resource that is to be made or changed: any, unknown where it has none yet."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._known = known or {}

    def __getitem__(self, name: str) -> Any:
        return self._known.get(name, UNKNOWN)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Change:
    """One resource that an update adds, modifies, replaces or removes."""

    action: str
    """`Add`, `Modify`, `Remove`, or `Import` where it exists already."""
    logical_id: str
    type: str
    physical_id: str = ""
    properties: tuple[str, ...] = ()
    """The top-level properties that differ."""
    replacing: tuple[str, ...] = ()
    """Those of them that CloudFormation cannot change in place."""
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None

    @property
    def replaces(self) -> bool:
        return bool(self.replacing)


def change_of(old: Deployed, new: Resource) -> Change | None:
    """How a resource that exists has to change; None where nothing differs."""
    before, after = old.resource.properties.values, new.properties.values
    schema = schema_of(new.type)
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if old.resource.stack_tags != new.stack_tags and schema.taggable():
        differing.add("Tags")
    if not differing:
        return None
    replacing = schema.replaces(before, after)
    if not replacing and not schema.updates():
        replacing = sorted(differing)
    return Change(
        "Modify",
        new.logical_id,
        new.type,
        old.physical.id,
        tuple(sorted(differing)),
        tuple(replacing),
        before,
        after,
    )


def refuse_other_types(stack: Stack, revision: Revision) -> None:
    """A logical id keeps its type from one revision to the next."""
    other = [
        logical_id
        for logical_id, deployed in stack.resources.items()
        if logical_id in revision.template.resources
        and revision.template.resources[logical_id]["Type"] != deployed.resource.type
    ]
    if other:
        raise TemplateError(
            "Update of resource type is not permitted. The new template modifies resource type of the "
            f"following resources: [{', '.join(sorted(other))}]"
        )


def existing(resource: Resource) -> tuple[Physical, dict[str, Any]] | None:
    """The resource of a custom name that is in the account already, with its properties."""
    row, name = row_of(resource.type), schema_of(resource.type).custom_name(resource.properties.values)
    if not name or UNKNOWN in name or row.read is None or row.update is None:
        return None
    physical = Physical(name)
    found = row.read(resource, physical)
    return None if found is None else (physical, found)


def planned(stack: Stack, revision: Revision, *, import_existing: bool = False) -> list[Change]:
    """What deploying the revision would change, in the order it would happen."""
    scope = stack.scope(revision)
    found, kept = [], set()
    for logical_id in revision.template.order:
        definition = revision.template.resources[logical_id]
        if wanted(definition, scope):
            kept.add(logical_id)
            change = _planned(stack, logical_id, definition, scope, revision.tags)
            if change and change.action == "Add" and import_existing:
                change = _imported(stack, change, revision.tags)
            if change is not None:
                found.append(change)
    return [*found, *_removed(stack, kept)]


def _planned(
    stack: Stack, logical_id: str, definition: dict[str, Any], scope: Scope, tags: dict[str, str]
) -> Change | None:
    kind = definition["Type"]
    resource = stack.resource(logical_id, kind, resolve(definition.get("Properties") or {}, scope), tags)
    old = stack.resources.get(logical_id)
    unknown = Physical(UNKNOWN, Unknown())
    if old is None:
        row_of(kind)
        scope.resources[logical_id] = unknown
        return Change("Add", logical_id, kind, new=resource.properties.values)
    change = change_of(old, resource)
    if change is None:
        scope.resources[logical_id] = old.physical
    elif change.replaces:
        scope.resources[logical_id] = unknown
    else:
        scope.resources[logical_id] = replace(old.physical, attributes=Unknown(old.physical.attributes))
    return change


def _imported(stack: Stack, change: Change, tags: dict[str, str]) -> Change:
    resource = stack.resource(change.logical_id, change.type, dict(change.new or {}), tags)
    found = existing(resource)
    return change if found is None else replace(change, action="Import", physical_id=found[0].id)


def _removed(stack: Stack, kept: set[str]) -> Iterator[Change]:
    for logical_id, deployed in reversed(list(stack.resources.items())):
        if logical_id not in kept:
            properties = deployed.resource.properties.values
            yield Change("Remove", logical_id, deployed.resource.type, deployed.physical.id, old=properties)
