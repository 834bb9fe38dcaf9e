"""Who a request comes from, and the policies that person or role brings along.

The sandbox verifies no signature: a request without any is anonymous, one signed with a key that the
account never gave out is its root user's, as the labs themselves are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from offline.engine import ENDPOINT_HEADER
from offline.iam.document import Document, document
from offline.iam.principals import ANONYMOUS, Principal, root, session

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)|^AWS ([^:\s]+):")


@dataclass(frozen=True)
class Caller:
    """A principal with its policies, and the credentials it came with."""

    principal: Principal
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    access_key: str = ""
    token: str = ""
    endpoint: str = ""


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller | None:
    """Who makes the request that is being served; None outside of any."""
    return _CALLER.get()


def enter(caller: Caller) -> Caller:
    """Serve what follows for this caller, until the surrounding `calling` ends."""
    _CALLER.set(caller)
    return caller


@contextmanager
def calling(caller: Caller | None) -> Iterator[None]:
    """Serve a request; nested requests have callers of their own."""
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)


_SEEN: ContextVar[list[Caller] | None] = ContextVar("seen", default=None)


@contextmanager
def seen() -> Iterator[list[Caller]]:
    """The callers of the requests that are served within, whoever makes the outermost one first."""
    found: list[Caller] = []
    token = _SEEN.set(found)
    try:
        yield found
    finally:
        _SEEN.reset(token)


def caller_of(headers: Mapping[str, Any], query: Mapping[str, Any], account: str, region: str) -> Caller:
    """The caller of an HTTP request."""
    caller = _caller_of(headers, query, account, region)
    if (callers := _SEEN.get()) is not None:
        callers.append(caller)
    return caller


def _caller_of(headers: Mapping[str, Any], query: Mapping[str, Any], account: str, region: str) -> Caller:
    key = access_key(str(headers.get("Authorization") or ""), query)
    endpoint = str(headers.get(ENDPOINT_HEADER) or "")
    token = str(headers.get("X-Amz-Security-Token") or "")
    partition = get_partition(region)
    if key is None:
        return Caller(ANONYMOUS, endpoint=endpoint)
    found = _of_session(key, account, partition) or _of_user(key, account, partition)
    found = found or {"principal": root(account, partition)}
    return Caller(**found, access_key=key, token=token, endpoint=endpoint)


def access_key(authorization: str, query: Mapping[str, Any]) -> str | None:
    """The access key id of a signature, in the header or in a presigned URL; None where nobody signed.

    >>> access_key("AWS4-HMAC-SHA256 Credential=AKIA1/20260105/us-east-1/s3/aws4_request, …", {})
    'AKIA1'
    """
    if (found := _CREDENTIAL.search(authorization)) is not None:
        return found[1] or found[2]
    signed = query.get("X-Amz-Credential") or query.get("AWSAccessKeyId")
    if not signed:
        return None
    text = signed[0] if isinstance(signed, list) else signed
    return str(text).split("/")[0]


def unique_id(principal: Principal) -> str:
    """What IAM calls a principal by itself, whatever its name; of a session, with the session's name."""
    if principal.kind == "root":
        return principal.account
    arn = principal.role_arn or principal.arn
    backend = iam_backends[principal.account][arn.split(":")[1]]
    held = backend.roles if principal.role_arn else backend.users
    found = next((str(one.id) for one in held.values() if one.arn == arn), "")
    return f"{found}:{principal.arn.rpartition('/')[2]}" if principal.role_arn else found


def caller_as(role_arn: str, name: str) -> Caller:
    """A service that works under a role, for what an engine does without a request of its own."""
    return Caller(**_of_role(role_arn, name))


def _of_session(key: str, account: str, partition: str) -> dict[str, Any] | None:
    assumed = sts_backends[account][partition].get_assumed_role_from_access_key(key)
    if assumed is None:
        return None
    limits = (document(assumed.policy, "session policy"),) if assumed.policy else None
    return {**_of_role(assumed.role_arn, assumed.session_name), "session": limits}


def _of_role(arn: str, name: str) -> dict[str, Any]:
    """A session of a role with what the role may; nothing where the role does not exist."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    backend = iam_backends[account][partition]
    principal = session(arn, name)
    role = next((one for one in backend.roles.values() if one.arn == arn), None)
    if role is None:
        return {"principal": principal}
    return {
        "principal": principal,
        "identity": attached(role),
        "boundary": _boundary(role.permissions_boundary_arn, backend),
        "tags": {tag["Key"]: tag["Value"] for tag in role.tags or []},
    }


def user_of(arn: str) -> Caller | None:
    """A user by name, with what the user may."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    user = next((one for one in iam_backends[account][partition].users.values() if one.arn == arn), None)
    return None if user is None else Caller(**_described(user, account, partition))


def _of_user(key: str, account: str, partition: str) -> dict[str, Any] | None:
    backend = iam_backends[account][partition]
    keys = {one.access_key_id: user for user in backend.users.values() for one in user.access_keys}
    user = keys.get(key)
    return None if user is None else _described(user, account, partition)


def _described(user: Any, account: str, partition: str) -> dict[str, Any]:
    """A user with the policies of its own and of its groups."""
    backend = iam_backends[account][partition]
    groups = [one for group in backend.get_groups_for_user(user.name) for one in attached(group)]
    tags = backend.tagger.list_tags_for_resource(user.arn)["Tags"]
    return {
        "principal": Principal("user", account, user.arn),
        "identity": (*attached(user), *groups),
        "boundary": _boundary(getattr(user, "permissions_boundary_arn", None), backend),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def attached(owner: Any) -> tuple[Document, ...]:
    """The inline and the managed policies of a role, user or group."""
    inline = owner.policies
    named = (
        inline.items()
        if isinstance(inline, dict)
        else [(p["policy_name"], p["policy_document"]) for p in inline]
    )
    found = [document(text, name) for name, text in named]
    return (*found, *map(_managed, owner.managed_policies.values()))


def _managed(policy: Any) -> Document:
    """The version of a managed policy that is in force."""
    [version] = [one for one in policy.versions if one.version_id == policy.default_version_id]
    return document(version.document, policy.name)


def _boundary(arn: str | None, backend: Any) -> Document | None:
    return _managed(backend.get_policy(arn)) if arn else None
