"""A request held against AWS's own model of its operation.

Before it is served, its members must have their types, and those that are required must be there: AWS's
services never see others. Where a service broke on a request nevertheless, what else does not fit the model
was the client's mistake, and is worded as AWS words it; what does fit is a fault of ours.
"""

from __future__ import annotations

import binascii
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.parsers.expat import ExpatError

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model

from offline.server.constraints import Violations, violations
from offline.server.forms import Refusal
from offline.server.routing import FORM, Request

BOTOCORE_NAMES = {
    "airflow": "mwaa",
    "aoss": "opensearchserverless",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""Services that botocore's models call otherwise than their signatures."""
CBOR = "cbor"
CHECKING_THEMSELVES = {"PutRecord", "PutRecords", "PutRecordBatch"}
"""Operations whose engines check what they carry: it is much, and looking at it twice would take its time."""
CODES = {
    "json": ("SerializationException", "ValidationException"),
    "rest-json": ("SerializationException", "ValidationException"),
    "query": ("MalformedInput", "ValidationError"),
    "ec2": ("InvalidParameterValue", "InvalidParameterValue"),
    "rest-xml": ("MalformedInput", "InvalidInput"),
    "s3": ("MalformedXML", "InvalidRequest"),
    CBOR: ("SerializationException", "ValidationException"),
}
"""How services call what they cannot read, and what they read and do not take."""
NO_TEXT = (
    *(binascii.Error, ExpatError, UnicodeDecodeError, json.JSONDecodeError),
    *(RecursionError, RequestParserError),
)
"""What is raised where bytes, of a body or of a member, are not in the format that they should be in."""
UNREADABLE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError),
    *NO_TEXT,
)
"""What a parser raises that goes by the model: what it cannot take in, the model has no place for."""


@dataclass(frozen=True)
class Asked:
    """A request, as one of a service of AWS."""

    request: Request
    service: str
    """As the request is signed for."""
    played_as: str = ""
    """botocore's name of the service, where what serves it is known."""

    @cached_property
    def model(self) -> ServiceModel | None:
        """AWS's model of the service; None where AWS has none."""
        for name in filter(None, (self.played_as, BOTOCORE_NAMES.get(self.service, self.service))):
            try:
                return get_service_model(name)
            except UnknownServiceError:
                continue
        return None

    @cached_property
    def protocol(self) -> str:
        """The protocol that the request speaks, as its answer must."""
        request = self.request
        if CBOR in request.mimetype or CBOR in request.headers.get("smithy-protocol", ""):
            return CBOR
        if self.service == "s3":
            return "s3"
        if request.headers.get("X-Amz-Target"):
            return "json"
        if request.mimetype == FORM:
            return "ec2" if self.service == "ec2" else "query"
        protocol = str(self.model.protocol) if self.model else "rest-json"
        return protocol if protocol in CODES else "json"

    @cached_property
    def routed(self) -> tuple[str, dict[str, str]]:
        """The operation of a REST protocol that method and path ask for, with what the path gives."""
        if self.model is None or "rest" not in str(self.model.protocol):
            return "", {}
        try:
            found, given = get_service_router(str(self.model.service_name)).match(self.request)
        except (NotFound, NotImplementedError):
            return "", {}
        return str(found.name), dict(given)

    @cached_property
    def operation(self) -> str:
        """What is asked for; empty where nothing is."""
        return self.request.action or self.routed[0]

    @cached_property
    def operation_model(self) -> OperationModel | None:
        """AWS's model of the operation; None where AWS has none of that name."""
        if self.model is None or self.operation not in self.model.operation_names:
            return None
        found: OperationModel = self.model.operation_model(self.operation)
        return found


def unknown_operation(asked: Asked) -> Refusal:
    """What asks for nothing that AWS has, or for something that is not here."""
    if asked.operation_model is not None:
        message = f"{asked.service}:{asked.operation} is not played by this offline account"
        return Refusal("NotImplemented", message, 501)
    what = asked.operation or f"{asked.request.method} {asked.request.raw_path}"
    if asked.protocol in ("query", "ec2"):
        return Refusal("InvalidAction", f"Could not find operation {what} of {asked.service}")
    return Refusal("UnknownOperationException", f"{what} is no operation of {asked.service}", 404)


def not_played(asked: Asked, reason: str) -> Refusal:
    """What the account refuses because it would have to pretend."""
    message = f"{asked.service}:{asked.operation} is not played offline: {reason}"
    return mistake_in(asked) or Refusal("NotImplemented", message, 501)


def misshapen(asked: Asked) -> Refusal | None:
    """Why AWS would not let its service see a request; of S3, which takes bytes, only once it broke."""
    if asked.protocol == "s3" or asked.operation in CHECKING_THEMSELVES or asked.operation_model is None:
        return None
    return _wrong_way(asked) or _unfit(asked, asked.operation_model, constraints=False)


def mistake_in(asked: Asked, error: Exception | None = None) -> Refusal | None:
    """What of a request made a service break, if that was the request; None where its form is right."""
    if asked.operation_model is None:
        return unknown_operation(asked)
    found = _wrong_way(asked) or _unfit(asked, asked.operation_model, constraints=True)
    if found is None and isinstance(error, NO_TEXT):
        return Refusal(CODES[asked.protocol][0], f"The request cannot be read as {asked.operation}: {error}")
    return found


def _wrong_way(asked: Asked) -> Refusal | None:
    """A call that is sent as its protocol does not send any."""
    request = asked.request
    if asked.protocol == CBOR:
        return Refusal("SerializationException", "CBOR is not spoken by this offline account; use JSON", 415)
    if asked.protocol != "json":
        return None
    if request.method != "POST":
        return Refusal("UnknownOperationException", f"{asked.operation} is a POST, not {request.method}", 404)
    if "json" not in request.mimetype:
        message = f"Content-Type must be application/x-amz-json-1.0 or 1.1, got '{request.mimetype}'"
        return Refusal("UnknownOperationException", message, 404)
    return None


def _unfit(asked: Asked, operation: OperationModel, *, constraints: bool) -> Refusal | None:
    """Members that are missing, of another type, or against a constraint."""
    if operation.input_shape is None:
        return None
    unreadable, unfit = CODES[asked.protocol]
    try:
        found = violations(_members(asked, operation), operation.input_shape)
    except UNREADABLE as error:
        return Refusal(unreadable, f"The request cannot be read as {operation.name}: {error}")
    if found.types:
        return Refusal(unreadable, found.types[0])
    said = _said(found, constraints)
    if not said:
        return None
    count = f"{len(said)} validation error{'s' * (len(said) > 1)} detected: "
    return Refusal(unfit, count + "; ".join(said[:10]))


def _said(found: Violations, constraints: bool) -> list[str]:
    return [*found.missing, *found.values] if constraints else found.missing


def _members(asked: Asked, operation: OperationModel) -> Any:
    """What a request gives, member by member."""
    request = asked.request
    if asked.protocol == "json":
        return json.loads(request.content)
    name = "rest-xml" if asked.protocol == "s3" else asked.protocol
    if name != "rest-xml" and not operation.has_streaming_input:
        request.content.decode()
    return PROTOCOL_PARSERS[name](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.content,
            "url_path": request.path,
            "url_params": asked.routed[1],
        }
    )
