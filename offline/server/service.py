"""One request, served by the account: an answer, or a refusal in the form of its protocol."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from offline.errors import SandboxError
from offline.failures import origin
from offline.server.diagnosis import Asked, misshapen, mistake_in, not_played, unknown_operation
from offline.server.forms import Answer, Refusal, refused
from offline.server.routing import Address, Handler, Request, address_of, handler_of, model_name, module_of

logger = logging.getLogger("offline.server")


@dataclass(frozen=True)
class Call:
    """A request and where it goes: a service of AWS, and what answers it here."""

    request: Request
    address: Address
    handler: Handler | None = None
    refusal: Refusal | None = None
    """Why it goes nowhere."""

    @property
    def service(self) -> str:
        return self.address.service

    @cached_property
    def asked(self) -> Asked:
        return Asked(self.request, self.service, model_name(self.handler) if self.handler else "")

    def refused(self, refusal: Refusal) -> Answer:
        return refused(refusal, self.asked.protocol, self.request.mimetype)


def call_of(request: Request, region: str) -> Call:
    """The call that a request makes; of an unsigned one, in this region."""
    address = address_of(request, region)
    if not address.service:
        message = "Authorization header requires 'Credential' of <key>/<date>/<region>/<service>/aws4_request"
        return Call(request, address, refusal=Refusal("IncompleteSignature", message))
    if address.service != "s3":
        request = request.plain()
    module = module_of(address, request)
    if module is None:
        message = f"'{address.service}' is no service of this offline account"
        return Call(request, address, refusal=Refusal("UnknownOperationException", message, 404))
    try:
        return Call(request, address, handler_of(module, address.region, request.raw_path))
    except LookupError:
        message = f"Credential should be scoped to a valid region, got '{address.region}'"
        return Call(request, address, refusal=Refusal("SignatureDoesNotMatch", message, 403))


def serve(call: Call) -> Answer:
    """What the account answers; whatever goes wrong on the way is an error as AWS words it."""
    refusal = call.refusal or misshapen(call.asked)
    if refusal is not None:
        return call.refused(refusal)
    if call.handler is None:
        return call.refused(unknown_operation(call.asked))
    try:
        return _checked(call, _answer(call, call.handler))
    except (SandboxError, NotImplementedError) as error:
        return call.refused(not_played(call.asked, str(error) or "no reason given"))
    except Exception as error:  # noqa: BLE001 - the one place where whatever a request ran into ends
        return _failed(call, error)


def _answer(call: Call, handler: Handler) -> Answer:
    """What moto's handler, or an engine's, answers, or raises as AWS's own error."""
    try:
        status, headers, body = handler(call.request, call.request.raw_url, call.request.headers)
    except ServiceException as error:
        return call.refused(Refusal(error.code, error.message))
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
        return call.refused(Refusal(told["Code"], told["Message"], status))
    except HTTPException as error:
        if not hasattr(error, "error_type"):
            return call.refused(_of_werkzeug(error))
        status, headers, body = error.code, dict(error.get_headers()), error.get_body()
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return Answer(int(status), {str(name).lower(): str(headers[name]) for name in headers}, content)


def _of_werkzeug(error: HTTPException) -> Refusal:
    """What is not moto's own would be a page of HTML."""
    return Refusal(error.name.replace(" ", ""), error.description or error.name, error.code or 400)


def _checked(call: Call, answer: Answer) -> Answer:
    """moto answers an operation that it cannot tell with a bare 404."""
    if answer.status == 404 and not answer.body and call.request.method != "HEAD":
        return call.refused(unknown_operation(call.asked))
    return answer


def _failed(call: Call, error: Exception) -> Answer:
    """Of what a service broke on: the client's mistake if there is one, else ours, with its traceback."""
    refusal = mistake_in(call.asked, error)
    if refusal is not None:
        return call.refused(refusal)
    logger.error("%s:%s failed", call.service, call.asked.operation, exc_info=error)
    place = origin(error)
    if place.startswith("moto/"):
        # moto lacks a check that AWS has, or what was asked for; nobody should try again.
        return call.refused(not_played(call.asked, f"{place} raised {type(error).__name__}: {error}"))
    return call.refused(Refusal("InternalFailure", f"{place} raised {type(error).__name__}: {error}", 500))
