"""A change set: a revision of a stack with what deploying it would change, kept until it is executed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from offline.clock import clock
from offline.cloudformation.changes import Change
from offline.cloudformation.stack import Revision, Stack
from offline.resources.row import Actor

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@dataclass
class ChangeSet:
    """One change set of one stack."""

    name: str
    id: str
    stack: Stack
    kind: str
    """`CREATE` or `UPDATE`."""
    revision: Revision
    actor: Actor
    description: str = ""
    capabilities: list[str] = field(default_factory=list)
    on_failure: str = ""
    import_existing: bool = False
    changes: list[Change] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution_status: str = "AVAILABLE"
    created: datetime = field(default_factory=clock.now)
    operation_id: str = ""

    def fail(self, reason: str) -> None:
        """The change set cannot be executed."""
        self.status, self.reason, self.execution_status = "FAILED", reason, "UNAVAILABLE"


def on_the_wire(change: Change, *, values: bool) -> dict[str, Any]:
    """A change as DescribeChangeSet tells it, with the properties' values where they are asked for."""
    found: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
    }
    if change.physical_id:
        found["PhysicalResourceId"] = change.physical_id
    if change.action == "Modify":
        found["Replacement"] = "True" if change.replaces else "False"
        found["Scope"] = _scopes(change)
        found["Details"] = [_detail(change, name) for name in change.properties]
    if change.action == "Remove":
        found["PolicyAction"] = "Delete"
    elif change.replaces:
        found["PolicyAction"] = "ReplaceAndDelete"
    if values:
        found |= _contexts(change)
    return {"Type": "Resource", "ResourceChange": found}


def _scopes(change: Change) -> list[str]:
    names = set(change.properties)
    found = (["Tags"] if "Tags" in names else []) + (["Properties"] if names - {"Tags"} else [])
    return found or ["Metadata"]


def _detail(change: Change, name: str) -> dict[str, Any]:
    attribute = "Tags" if name == "Tags" else "Properties"
    replaced = any(path.partition(".")[0] == name for path in change.replacing)
    target: dict[str, Any] = {
        "Attribute": attribute,
        "RequiresRecreation": "Always" if replaced else "Never",
        "Path": f"/Properties/{name}",
        **_before_and_after(change, name),
    }
    if attribute == "Properties":
        target["Name"] = name
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _before_and_after(change: Change, name: str) -> dict[str, str]:
    old, new = change.old or {}, change.new or {}
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (("BeforeValue", old.get(name)), ("AfterValue", new.get(name)))
        if value is not None
    }
    kind = "Modify" if len(texts) == 2 else "Add" if "AfterValue" in texts else "Remove"
    return {**texts, "AttributeChangeType": kind}


def _contexts(change: Change) -> dict[str, str]:
    return {
        key: json.dumps({"Properties": dict(properties)})
        for key, properties in (("BeforeContext", change.old), ("AfterContext", change.new))
        if properties is not None
    }
