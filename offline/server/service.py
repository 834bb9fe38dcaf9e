"""One request, served by the account: an answer, or a refusal in the form of its protocol."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from offline.errors import SandboxError
from offline.server import diagnosis
from offline.server.forms import Answer, Refusal, refused
from offline.server.routing import (
    Address,
    Handler,
    Request,
    address_of,
    handler_of,
    module_of,
)

logger = logging.getLogger("offline.server")


@dataclass(frozen=True)
class Call:
    """A request and where it goes: a service of AWS, and moto's package that plays it."""

    request: Request
    address: Address
    module: str | None

    @property
    def service(self) -> str:
        return self.address.service

    def refused(self, refusal: Refusal) -> Answer:
        protocol = diagnosis.protocol_of(self.request, self.service)
        return refused(refusal, protocol, self.request.mimetype)


def call_of(request: Request, region: str) -> Call:
    """The call that a request makes; of an unsigned one, in this region."""
    address = address_of(request, region)
    return Call(request, address, module_of(address, request))


def serve(call: Call) -> Answer:
    """What the account answers; whatever goes wrong on the way is an error as AWS words it."""
    if not call.service:
        message = (
            "Authorization header requires 'Credential' of <key>/<date>/<region>/<service>/aws4_request."
        )
        return call.refused(Refusal("IncompleteSignature", message))
    if call.module is None:
        message = f"'{call.service}' is no service of this offline account"
        return call.refused(Refusal("UnknownOperationException", message, 404))
    return _serve(call, call.module)


def _serve(call: Call, module: str) -> Answer:
    region = call.address.region
    try:
        handler = handler_of(module, region, call.request.raw_path)
    except LookupError:
        message = f"Credential should be scoped to a valid region, got '{region}' for {call.service}."
        return call.refused(Refusal("SignatureDoesNotMatch", message, 403))
    if handler is None:
        return call.refused(diagnosis.unknown_operation(call.request, call.service))
    try:
        return _checked(call, _answer(call, handler))
    except (SandboxError, NotImplementedError) as error:
        return call.refused(diagnosis.not_offline(call.request, call.service, error))
    except Exception as error:  # noqa: BLE001 - the one place where whatever a request ran into ends
        return _failed(call, error)


def _answer(call: Call, handler: Handler) -> Answer:
    """What moto's handler, or an engine's, answers or raises as AWS's own error."""
    try:
        status, headers, body = handler(call.request, call.request.raw_url, call.request.headers)
    except ServiceException as error:
        return call.refused(Refusal(error.code, error.message))
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
        return call.refused(Refusal(told["Code"], told["Message"], status))
    except HTTPException as error:
        if not hasattr(error, "error_type"):  # not moto's: it would answer a page of HTML
            return call.refused(
                Refusal(error.name.replace(" ", ""), error.description or error.name, error.code or 400)
            )
        status, headers, body = error.code, dict(error.get_headers()), error.get_body()
    return Answer(
        int(status), _texts(headers), body.encode() if isinstance(body, str) else bytes(body or b"")
    )


def _texts(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in dict(headers).items()}


def _checked(call: Call, answer: Answer) -> Answer:
    """moto answers an operation that it cannot tell with a bare 404."""
    if answer.status == 404 and not answer.body and call.request.method != "HEAD":
        return call.refused(diagnosis.unknown_operation(call.request, call.service))
    return answer


def _failed(call: Call, error: Exception) -> Answer:
    """Of what a service broke on: the client's mistake if there is one, else ours, with its traceback."""
    refusal = diagnosis.mistake_in(call.request, call.service)
    if refusal is None:
        logger.error("%s %s failed", call.request.method, call.request.raw_path, exc_info=error)
        refusal = Refusal("InternalFailure", f"{type(error).__name__}: {error}", 500)
    return call.refused(refusal)
