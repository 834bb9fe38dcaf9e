"""The gate that every request of the account passes: allowed, or refused in AWS's words.

moto asks one method before it serves a call; `Sandbox` puts `call_action` in its place. S3 has no
operations at that point, only HTTP requests, and passes the same gate from its own responses.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.utilities.utils import get_partition

from facts import limits
from offline import audit
from offline.audit import KeyUse
from offline.changes import unnoted
from offline.clock import clock
from offline.iam.callers import Caller, caller_as, caller_of, calling
from offline.iam.document import Document, Request
from offline.iam.evaluation import Decision, Policies, decide
from offline.iam.keys import is_gone, policy_of
from offline.iam.needs import DECIDED, Need, Parameters, Place, needs

Grant = tuple[str, str, int, str]
"""Role, policy, number of the statement, action."""
used: Counter[Grant] = Counter()
"""What allowed requests of roles stood on, since the sandbox was opened."""


generation = 0
"""Counts the changes of policies; what is kept of an allowed request holds while it stands still."""
CHANGING = (
    *(
        "Add",
        "Attach",
        "Create",
        "Delete",
        "Detach",
        "Disable",
        "Enable",
        "Put",
        "Remove",
        "Retire",
        "Revoke",
    ),
    *("Schedule", "Set", "Update"),
)


class AccessDeniedError(ServiceException):
    """A request that a policy denies, or that none allows."""

    code = "AccessDeniedException"


def call_action(original: Callable[[BaseResponse], Any]) -> Callable[[BaseResponse], Any]:
    """moto's `BaseResponse.call_action`, behind the gate."""

    def guarded(self: BaseResponse) -> Any:
        with unnoted():
            caller = caller_of(self.headers, self.querystring, self.current_account, self.region)
        with calling(caller):
            service = str(self.boto3_service_name)
            _count_changes(service, self._get_action())
            answer = _served(original, self, service, caller)
            audit.of_call(self, caller, answer)
            return answer

    return guarded


def _served(original: Callable[[BaseResponse], Any], call: BaseResponse, service: str, caller: Caller) -> Any:
    """What the service answers, or the gate's refusal."""
    if service in DECIDED and not is_almighty(caller, service):
        try:
            with unnoted():
                _check_call(call, service, caller)
        except AccessDeniedError as error:
            return _refused(call, error)
    return original(call)


def _refused(response: BaseResponse, error: AccessDeniedError) -> Any:
    with warnings.catch_warnings():
        # Services answer with this code although their models do not name it, and moto warns of that.
        warnings.simplefilter("ignore", UserWarning)
        status, headers, body = response.serialized(ActionResult(error))
    headers["status"] = str(status)
    return status, headers, body


def _count_changes(service: str, operation: str) -> None:
    if service in ("iam", "kms") and operation.startswith(CHANGING):
        changed()


def changed() -> None:
    """Policies are other than before: what was once allowed must be asked again."""
    global generation
    generation += 1


def is_almighty(caller: Caller, service: str) -> bool:
    """Whether nothing could be denied: the root user, on services without policies of their resources."""
    return caller.principal.kind == "root" and service not in ("kms", "kinesis")


def _check_call(response: BaseResponse, service: str, caller: Caller) -> None:
    operation = response._get_action()
    place = Place(response.current_account, response.region, get_partition(response.region))
    given = parameters(response)
    context = _of_parameters(service, given)
    for need in needs(service, operation, given, place):
        if service != "kms" or not is_gone(need.resource):  # moto answers that there is no such key.
            check(caller, replace(need, context={**context, **need.context}), place)
    for use in _through_keys(caller, service, operation, given, place):
        use_key(use)


def parameters(response: BaseResponse) -> Parameters:
    """A JSON call's members; of a REST call, those of its path too."""
    body = response.body
    try:
        found = json.loads(body) if body and isinstance(body, str | bytes) else {}
    except ValueError:
        found = {}
    members = found if isinstance(found, dict) else {}
    return {**members, **{key: value for key, value in response.uri_match.items() if isinstance(value, str)}}


def require(role_arn: str, service: str, operation: str, given: Parameters, region: str) -> None:
    """Let an engine do what AWS's service does by a call of its own, under the role it was given."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    caller, place = caller_as(role_arn, service), Place(account, region, partition)
    for need in needs(service, operation, given, place):
        check(caller, need, place)


def _of_parameters(service: str, given: Parameters) -> dict[str, str | list[str]]:
    """Condition keys that a call's own members give."""
    found: dict[str, str | list[str]] = {}
    tags = given.get("Tags")
    pairs = (
        tags.items()
        if isinstance(tags, dict)
        else [
            (one.get("Key") or one.get("TagKey"), one.get("Value") or one.get("TagValue"))
            for one in tags or []
        ]
    )
    for key, value in pairs:
        found[f"aws:requesttag/{str(key).lower()}"] = str(value)
    if pairs:
        found["aws:tagkeys"] = [str(key) for key, _ in pairs]
    if service == "kms":
        found |= encryption_context(given.get("EncryptionContext") or {})
    return found


def encryption_context(given: Mapping[str, str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {
        f"kms:encryptioncontext:{key.lower()}": value for key, value in given.items()
    }
    return found | ({"kms:encryptioncontextkeys": list(given)} if given else {})


def _through_keys(
    caller: Caller, service: str, operation: str, given: Parameters, place: Place
) -> Iterable[KeyUse]:
    """What a service does with a customer's key in the caller's name."""
    if service != "kinesis":
        return
    from moto.kinesis.models import kinesis_backends

    action = {"PutRecord": "GenerateDataKey", "PutRecords": "GenerateDataKey", "GetRecords": "Decrypt"}.get(
        operation
    )
    if action is None:
        return
    arn = needs(service, operation, given, place)[0].resource
    stream = kinesis_backends[place.account][place.region].streams.get(arn.partition("stream/")[2])
    if stream is not None and stream.encryption_type == "KMS":
        minutes = float(limits.value("kinesis-data-key-minutes"))
        yield KeyUse(caller, action, stream.key_id, "kinesis", {"aws:kinesis:arn": arn}, place, minutes)


def use_key(use: KeyUse) -> None:
    """Let a service use a key on behalf of its caller, and tell whoever keeps record of it."""
    from offline.iam.keys import arn_of

    via = {"kms:viaservice": f"{use.service}.{use.place.region}.amazonaws.com"}
    need = Need(f"kms:{use.action}", arn_of(use.key, use.place), {**via, **encryption_context(use.context)})
    try:
        check(use.caller, need, use.place)
    except AccessDeniedError as error:
        audit.of_key_use(use, need.resource, error.message)
        raise
    audit.of_key_use(use, need.resource)


def check(caller: Caller, need: Need, place: Place, resource: Document | None = None) -> None:
    """Let one need pass, or raise the error that AWS answers with."""
    decision = decided(caller, need, place, resource)
    if not decision.allowed:
        raise AccessDeniedError(decision.message(caller.principal.text, need.action, need.resource))
    remember(caller, need.action, decision)


def decided(
    caller: Caller,
    need: Need,
    place: Place,
    resource: Document | None = None,
    owner: str | None = None,
    endpoint: Document | None = None,
) -> Decision:
    """The decision on one need of a caller."""
    if resource is None and need.action.startswith("kms:") and need.resource != "*":
        resource = policy_of(need.resource)
    account = need.resource.split(":")[4] if need.resource.count(":") >= 5 else ""
    owner = owner or account or place.account
    context = {**context_of(caller, place), "aws:resourceaccount": owner, **need.context}
    if need.action.startswith("kms:"):
        context["kms:calleraccount"] = caller.principal.account
    request = Request(need.action, need.resource, caller.principal, context, owner)
    policies = Policies(caller.identity, resource, caller.boundary, caller.session, endpoint=endpoint)
    return decide(request, policies)


def context_of(caller: Caller, place: Place) -> dict[str, str | list[str]]:
    """The global condition keys of a request."""
    principal, now = caller.principal, clock.now()
    found: dict[str, str | list[str]] = {
        "aws:securetransport": "true",
        "aws:currenttime": now.isoformat(),
        "aws:epochtime": str(int(now.timestamp())),
        "aws:requestedregion": place.region,
        "aws:sourceip": "127.0.0.1",
    }
    if caller.endpoint:
        found["aws:sourcevpce"] = caller.endpoint
        del found["aws:sourceip"]
    if principal.kind == "anonymous":
        return found | {"aws:principaltype": "Anonymous"}
    found |= {
        "aws:principalaccount": principal.account,
        "aws:principalarn": principal.role_arn or principal.arn,
        "aws:principaltype": {"root": "Account", "user": "User"}.get(principal.kind, "AssumedRole"),
    }
    if principal.kind == "user":
        found["aws:username"] = principal.arn.rpartition("/")[2]
    return found | {f"aws:principaltag/{key.lower()}": value for key, value in caller.tags.items()}


def remember(caller: Caller, action: str, decision: Decision) -> None:
    if caller.principal.kind == "role":
        for policy, statement in decision.grants:
            used[(caller.principal.role_arn, policy, statement.number, action)] += 1
