"""The form of a resource row: how one CloudFormation type is created, updated and deleted with boto3.

A row's functions receive a `Resource`, whose `properties` are resolved (no intrinsic function is
left) and remember what was read. A property that a row does not read fails the deployment, so
that nothing a template asks for is dropped in silence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import boto3

from offline.engine import client_of_caller, client_of_role


class Properties:
    """A resource's properties, noting what is read.

    >>> p = Properties({"Name": "flights", "Encryption": {"Type": "KMS", "Key": "k"}})
    >>> p.take("Name"), p.at("Encryption").take("Type")
    ('flights', 'KMS')
    >>> list(p.unread())
    ['Encryption.Key']
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self._taken: set[str] = set()
        self.asked: set[str] = set()
        """Names that were asked for, whether or not they are there."""
        self._nested: dict[str, Properties] = {}

    def __contains__(self, name: str) -> bool:
        self.asked.add(name)
        return name in self._values

    @property
    def values(self) -> dict[str, Any]:
        """Everything as plain data; nothing counts as read."""
        return self._values

    def names(self) -> list[str]:
        return list(self._values)

    def take(self, name: str, default: Any = None) -> Any:
        """The value as plain data, everything below it counted as read."""
        self.asked.add(name)
        self._taken.add(name)
        return self._values.get(name, default)

    def only(self, *names: str) -> dict[str, Any]:
        """Those of the named properties that are present, as keyword arguments for boto3."""
        return {name: self.take(name) for name in names if name in self._values}

    def at(self, name: str) -> Properties:
        """The object below a name, still noting what is read of it; empty where there is none."""
        self.asked.add(name)
        if name not in self._nested:
            self._nested[name] = Properties(self._values.get(name) or {})
        return self._nested[name]

    def unread(self, prefix: str = "") -> Iterator[str]:
        """Dotted paths of what nobody has read."""
        for name in self._values:
            if name in self._taken:
                continue
            if name in self._nested:
                yield from self._nested[name].unread(f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}"


@lru_cache(maxsize=64)
def _client(service: str, region: str) -> Any:
    """Making a client reads its service's whole model: once per service is enough."""
    return boto3.client(service, region_name=region)


@dataclass(frozen=True)
class Physical:
    """What came into being: `Ref` answers `id`, `Fn::GetAtt` answers from `attributes`."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Awaited:
    """Signals that must come before a resource is complete."""

    count: int
    timeout: timedelta
    handle: str = ""
    """The address where they are PUT; empty where they are sent to the resource itself."""


@dataclass(frozen=True)
class Actor:
    """In whose name CloudFormation calls: a service role's, a caller's, or the account's own."""

    role_arn: str = ""
    access_key: str = ""
    token: str = ""


@dataclass(frozen=True)
class Resource:
    """One resource of one stack, as its row sees it."""

    type: str
    logical_id: str
    stack_name: str
    stack_id: str
    account_id: str
    region: str
    properties: Properties
    stack_tags: dict[str, str] = field(default_factory=dict)
    former_stack_tags: dict[str, str] = field(default_factory=dict)
    """Of an update: what the stack's tags were before."""
    replacements: int = 0
    """How often an update has replaced it: what replaces has another name, since both exist for a while."""
    actor: Actor = field(default_factory=Actor)
    begun: list[Physical] = field(default_factory=list, compare=False)
    """What `begin` was told."""
    awaited: list[Awaited] = field(default_factory=list, compare=False)
    """What the resource, once its row has created it, still waits for."""
    nested: list[str] = field(default_factory=list, compare=False)
    """The id of the stack that its row began to create or to update: it is complete once that stands."""

    @property
    def partition(self) -> str:
        return "aws-cn" if self.region.startswith("cn-") else "aws"

    def client(self, service: str) -> Any:
        """A boto3 client in the stack's region, which calls in the name of the stack's actor."""
        if self.actor.role_arn:
            return client_of_role(service, self.actor.role_arn, self.region)
        if self.actor.access_key:
            return client_of_caller(service, self.actor.access_key, self.actor.token, self.region)
        return _client(service, self.region)

    def begin(self, physical: Physical) -> Physical:
        """Say that the resource exists although calls still follow: should one fail, it is deleted."""
        self.begun.append(physical)
        return physical

    def arn(self, service: str, resource: str, *, regional: bool = True, account: bool = True) -> str:
        region = self.region if regional else ""
        owner = self.account_id if account else ""
        return f"arn:{self.partition}:{service}:{region}:{owner}:{resource}"

    def name(self, *, longest: int = 64, lower: bool = False) -> str:
        """A physical name as CloudFormation makes one: stack, logical id and a unique tail."""
        replaced = f"/{self.replacements}" if self.replacements else ""
        identity = f"{self.stack_id}/{self.logical_id}{replaced}"
        tail = hashlib.sha256(identity.encode()).hexdigest()[:12]
        stem = re.sub(r"[^A-Za-z0-9-]", "-", f"{self.stack_name}-{self.logical_id}")
        name = f"{stem[: longest - 13]}-{tail}"
        return name.lower() if lower else name

    def tags(self) -> dict[str, str]:
        """The resource's own tags (list or map form) over the stack's."""
        own = self.properties.take("Tags") or {}
        if isinstance(own, list):
            own = {tag["Key"]: tag["Value"] for tag in own}
        return {**self.stack_tags, **own}

    def tag_list(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.tags().items()]


@dataclass(frozen=True)
class Row:
    """How one CloudFormation type exists in the account."""

    type: str
    create: Callable[[Resource], Physical]
    delete: Callable[[Resource, Physical], None]
    update: Callable[[Resource, Physical, Properties], Physical] | None = None
    """Brings what exists to the resource's properties, given those it had; called only when no property
    differs that CloudFormation's schema says replaces. Without it such an update is refused by name."""
    read: Callable[[Resource, Physical], dict[str, Any] | None] | None = None
    """The properties as the account has them now, in the template's shape; None when the resource is gone.
    Without it drift is not checked, as for the types that AWS does not check."""
    inert: dict[str, str] = field(default_factory=dict)
    """Property path → why it has no effect here (and is not refused)."""

    def __reduce__(self) -> Any:
        """A row is not kept: whoever refers to it has the one of its type."""
        from offline.resources import row_of

        return row_of, (self.type,)

    @property
    def module(self) -> str:
        """The file that holds the row, for whoever must extend it."""
        return f"{self.create.__module__.replace('.', '/')}.py"
